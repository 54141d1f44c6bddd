# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# The engine of all experiments.  An experiment is a list of parts, each a file
# that is the standard output of one command, and results put together from
# them.
#
# Parts lie in a store, $RESULTS/parts, and are named NAME-KEY.  The key is a
# fingerprint of the command's text and of each of our programs and scripts that
# it names.  Commands run in the store and name their inputs there: other parts,
# whose names hold their keys, and links to the user's files, named by their
# content.  So a name says all that a part was made of; what has it is taken as
# it is, and no file's time is looked at.

# Texts in figures; numbers look the same.
export LC_ALL=C.UTF-8

die() {
	echo "$TARGET: $*" >&2
	exit 2
}

# ------------------------------------------------------------------ the store

# open_store FOLDER: make it, or wait for who is at work there
open_store() {
	store=$1
	# What is not there yet, to be removed where nothing is made.
	local up=${store%/*}
	created=()
	while [ -n "$up" ] && [ ! -e "$up" ]; do
		created+=("$up")
		up=${up%/*}
	done
	if ! mkdir -p "$store"/{commands,cuts,times} 2>/dev/null ||
		! [ -w "$store" ]; then
		rmdir "${created[@]}" 2>/dev/null || true
		die "${store%/parts} cannot be written"
	fi
	# Who failed before anything was made removes the store, at any moment
	# until we have the lock that is in it.
	local tries=0 told=
	until [ -n "${lock-}" ] && [ "$store/lock" -ef "/dev/fd/$lock" ]; do
		[ -z "${lock-}" ] || exec {lock}>&-
		lock=
		((tries++ < 1000)) || die "${store%/parts} cannot be written"
		[ -d "$store" ] || mkdir -p "$store" 2>/dev/null || continue
		{ exec {lock}>>"$store/lock"; } 2>/dev/null || {
			lock=
			continue
		}
		flock -n "$lock" && continue
		[ -n "$told" ] || echo "$TARGET: another run writes" \
			"${store%/parts}; waiting for it" >&2
		told=yes
		flock "$lock"
	done
	export LOCK=$lock
	[ -d "$store/times" ] || mkdir -p "$store"/{commands,cuts,times}
	store=$(cd "$store" && pwd -P)
	trap close_store EXIT
	catch_signals
	link_to "$BIN" bin
	link_to "$SHARE" pipelines
	remove "$store"/*.part "$store/failed"
	: >"$store/plan"
	: >"$store/wanted"
	: >"$store/links"
	: >"$store/sweeps"
	printf '%s\n' "$TARGET" "$ENGINE" "$EPOCHSECONDS" >"$store/request"
	processors=$(nproc)
	: >"$store/list"
	fingerprint
}

# link_to FILE NAME: in the store, unless it is there
link_to() {
	local file=$1
	[[ $file = /* ]] || file=$PWD/$file
	if ! [ -L "$store/$2" ] || ! [ "$store/$2" -ef "$file" ]; then
		ln -sfnT "$file" "$store/$2"
	fi
}

# remove FILE...: those that are there
remove() {
	local file files=()
	for file; do
		[ ! -e "$file" ] || files+=("$file")
	done
	[ ${#files[@]} -eq 0 ] || rm -rf "${files[@]}"
}

catch_signals() {
	trap 'stop 129' HUP
	trap 'stop 130' INT
	trap 'stop 143' TERM
}

# fingerprint: what is known of our programs and scripts before they run.  Our
# programs, among others in their folder, are those that a script of an
# experiment names.
fingerprint() {
	declare -gA sum=()
	local -A named=()
	local word hash file programs=() common=
	cd "$store" || exit
	while read -r word; do
		named[${word##*/}]=yes
	done < <(grep -rhoE '(\$BIN|(^|[^/A-Za-z])bin)/[a-z][a-z0-9-]*' \
		pipelines/*/)
	for file in bin/*; do
		[ -z "${named[${file#*/}]-}" ] || [ ! -f "$file" ] ||
			programs+=("$file")
	done
	# A script may run any program and read what is in common.
	while read -r hash file; do
		sum[$file]=$hash
		case $file in
		bin/* | pipelines/common/*) common+=" $hash" ;;
		esac
	done < <(shopt -s globstar
		for file in pipelines/*/**; do
			[ ! -f "$file" ] || programs+=("$file")
		done
		sha256sum "${programs[@]}")
	everything=$(sha256sum <<<"$common")
	cd "$OLDPWD" || exit
}

# Where nothing was made, nothing stays.  The lock goes last: until then nobody
# else is in the store.
close_store() {
	remove "$store"/{failed,plan,wanted,other,links,makefile,said,sweeps} \
		"$store"/{done,long}
	local file
	[ ! -e "$store/results" ] && [ ! -e "$store/tasks" ] || return 0
	for file in "$store"/*-????????????*; do
		[ -L "$file" ] || return 0
	done
	find "$store" -mindepth 1 ! -path "$store/lock" -delete
	rm -f "$store/lock"
	rmdir "$store" "${created[@]}" 2>/dev/null || true
}

# stop STATUS: end all that make runs, then us
stop() {
	trap '' HUP INT TERM
	[ -z "${making-}" ] || {
		kill -TERM -- "-$making" 2>/dev/null
		wait "$making" 2>/dev/null
		[ ! -t 2 ] || echo >&2
	}
	[ -z "${tasks-}" ] || leave_tasks "$1"
	exit "$1"
}

# ------------------------------------------------------------------ its parts

# part NAME PROGRAM ARG...: plan the part that the program writes, print its
# name in the store
part() {
	local name=$1 text planned
	shift
	printf -v text '%q ' "$@"
	plan "$name" "$text"
	if [ "$1" = bin/anom-sweep ] && [ ! -e "$store/$planned" ]; then
		note_sweep "$planned" "$@"
	fi
	echo "$planned"
}

# pipe NAME TEXT ARG...: the same for a text of the shell, with $1, $2, ...;
# $PART is the part's name, for files beside it
pipe() {
	local name=$1 text=$2 words planned
	shift 2
	printf -v words ' %q' "$@"
	plan "$name" "set --$words"$'\n'"$text"
	echo "$planned"
}

# plan NAME TEXT: its name in the store, in planned
plan() {
	local text=$2 rest=$2 file fingerprint=$2
	while [[ $rest =~ (^|[^A-Za-z0-9._/-])(bin|pipelines)(/[A-Za-z0-9._/-]+) ]]; do
		file=${BASH_REMATCH[2]}${BASH_REMATCH[3]}
		rest=${rest#*"$file"}
		[ -n "${sum[$file]-}" ] || lacks "${file##*/}"
		fingerprint+=$'\n'${sum[$file]}
		[[ $file = bin/* ]] || fingerprint+=" $everything"
	done
	planned=$(sha256sum <<<"$fingerprint")
	planned=${1//[^A-Za-z0-9._-]/-}-${planned:0:12}
	if ! [ -e "$store/$planned" ]; then
		printf '%s\n' "$text" >"$store/commands/$planned"
		echo "$planned" >>"$store/plan"
	else
		echo "$planned" >>"$store/list"
	fi
}

# lacks PROGRAM [FOR]: it is not there
lacks() {
	[[ "; ${LEFT_OUT-}" =~ "; $1: "([^;]*)\; ]] &&
		die "${2-}needs $1: this build is without ${BASH_REMATCH[1]}"
	die "${2-}needs $1, which is not in $BIN"
}

# given VARIABLE FILE WHAT: a link to a file of the user's, by its content
given() {
	if ! [ -f "$2" ] || ! [ -r "$2" ]; then
		die "$1=$2 is no file that can be read"
	fi
	[ -s "$2" ] || die "$1=$2 holds no $3"
	link "$1" "$2"
}

# link NAME FILE
link() {
	local hash name
	hash=$(sha256sum <"$2")
	name=$1-${hash:0:12}
	link_to "$2" "$name"
	printf '%s\t%s\n' "$name" "$2" >>"$store/links"
	echo "$name"
}

# build [PART...]: make those parts and what they need, or all results; what is
# there is not made
build() {
	# What was planned was there.
	[ -s "$store/plan" ] || return 0
	# A subshell has no traps.
	((BASH_SUBSHELL == 0)) || catch_signals
	cut_sweeps "$@"
	carry_out "$@"
}

# carry_out [PART...]: the same without a thought of sweeps
carry_out() {
	(cd "$store" && needs "$@") >"$store/makefile"
	[ -s "$store/makefile" ] || return 0
	of_makefile
	local name
	for name in "${parts[@]}"; do
		[[ $name = *.first-???????????? ]] || echo "$name"
	done >>"$store/list"
	if [ "$ENGINE" = slurm ]; then
		send "$@"
		(cd "$store" && needs "$@") >"$store/makefile"
		[ -s "$store/makefile" ] || return 0
		of_makefile
	fi
	run_make
}

# Parts that may take long, by their commands: sweeps, training, models.
long='(^|[^A-Za-z0-9._/-])(bin/anom-sweep --([^m]|m[^e]|me[^r])'
long+='|bin/recon-(train|model) |pipelines/[a-z0-9-]+/reconstruct )'

# of_makefile: what it makes, in parts, and of these what may take long
of_makefile() {
	local line text
	parts=() long_parts=()
	while read -r line; do
		[[ $line = '.PHONY: '* && $line != '.PHONY: all' ]] || continue
		line=${line#.PHONY: }
		parts+=("$line")
		IFS= read -r -d '' text <"$store/commands/$line" || true
		[[ ! $text =~ $long ]] || long_parts+=("$line")
	done <"$store/makefile"
}

# run_make: what the makefile in the store says, as many at once as JOBS, or as the
# make that runs us allows
run_make() {
	local flags status=0 makeflags=" ${MAKEFLAGS-}" at_once said
	at_once=${JOBS:-$processors}
	flags=(-j "$at_once")
	makeflags=${makeflags%% -- *}
	if [ -z "$JOBS" ] && [[ $makeflags = *' --jobserver-'* ]]; then
		makeflags=$(grep -oE ' (-j[0-9]*|--jobserver-[a-z]+=[^ ]*)' \
			<<<"$makeflags" | tr -d '\n')
		flags=()
	else
		# One job has no job server.
		[ -n "$JOBS" ] || [[ ! $makeflags =~ ' -j1'( |$) ]] ||
			flags=(-j 1)
		makeflags=
	fi
	export TOTAL LONG STARTED=$EPOCHSECONDS SWEEP_THREADS LONG_PATTERN=$long
	TOTAL=${#parts[@]} LONG=${#long_parts[@]}
	# Sweeps at once share the processors; twice as many threads as those are
	# no harm, and help the last ones.
	((at_once <= LONG)) || at_once=$((LONG > 0 ? LONG : 1))
	SWEEP_THREADS=$(((2 * processors + at_once - 1) / at_once))
	((SWEEP_THREADS <= processors)) || SWEEP_THREADS=
	: >"$store/done"
	: >"$store/long"
	# A group of its own, so that all of it can be stopped.
	set -m
	(cd "$store" && MAKEFLAGS=$makeflags MAKELEVEL=0 exec make -rs \
		${flags[@]+"${flags[@]}"} -f makefile all \
		9>&2 2>said </dev/null >/dev/null) &
	making=$!
	set +m
	wait "$making" || status=$?
	making=
	[ ! -t 2 ] || [ ! -s "$store/done" ] || printf '\n' >&2
	[ "$status" != 0 ] || return 0
	# The part that failed has told it.
	[ ! -d "$store/failed" ] || exit "$(status_of "$store/failed")"
	said=$(cat "$store/said")
	echo "${said:-$TARGET: make ended with status $status}" >&2
	exit 4
}

# --------------------------------------------------------------------- sweeps

# A sweep that takes long is cut into shards, which are parts, and its own part
# is what they are merged to: the same bytes under the same name, into however
# many it is cut.

# note_sweep NAME bin/anom-sweep ARG...: it can be cut, into at most so many
note_sweep() {
	local name=$1 pairs=1 command='' on=normal rest
	shift 2
	while [ $# -gt 0 ]; do
		case $1 in
		--merge | --shard | --json) return ;;
		--recon-cmd) command=yes ;;
		--on) on=${2-} ;;
		--inject | --degrade)
			rest=${2-}
			while [[ $rest =~ =$number:$number:([0-9]{1,8})(,|$) ]]; do
				pairs=$((pairs * 10#${BASH_REMATCH[5]}))
				rest=${rest#*"${BASH_REMATCH[0]}"}
			done ;;
		esac
		shift
	done
	# Each shard would run the command on all images.
	[ -z "$command" ] || [ "$on" = anomalous ] || return 0
	[ "$pairs" -lt 2 ] ||
		echo "$name $pairs ${PARTS:--} ${command:-no}" >>"$store/sweeps"
}

# cut_sweeps [PART...]: those that they need
cut_sweeps() {
	local name pairs parts command text bytes n
	local -A most=() probe=()
	[ -s "$store/sweeps" ] || return 0
	(cd "$store" && needs "$@") >"$store/makefile"
	while read -r name pairs parts command; do
		text=$(<"$store/commands/$name")
		[[ $text != 'bin/anom-sweep --merge '* ]] || continue
		if [ "$parts" != - ]; then
			cut_into "$name" $((parts < pairs ? parts : pairs))
		elif [ -s "$store/cuts/$name" ]; then
			cut_into "$name" "$(cat "$store/cuts/$name")"
		else
			most[$name]=$pairs
			probe[$name]=$command
		fi
	done < <(awk 'NR == FNR { wanted[$1]; next }
		(($1 ":") in wanted) && !seen[$1]++' "$store/makefile" \
		"$store/sweeps")
	[ ${#most[@]} -eq 0 ] || measure
}

# measure: how long those in most take, by a small shard of each on some of the
# images, and cut them
measure() {
	local name text images some bytes shards pieces inputs=() seconds each=120
	local -A size=()
	# Not before their images are there is it known how large they are.
	mapfile -t inputs < <(awk 'NR == FNR { sweep[$1 ":"]; next }
		$1 in sweep { for (i = 2; i <= NF; i++) print $i }' \
		<(printf '%s\n' "${!most[@]}") "$store/makefile" | sort -u)
	[ ${#inputs[@]} -eq 0 ] || carry_out "${inputs[@]}"
	for name in "${!most[@]}"; do
		text=$(<"$store/commands/$name")
		text=${text% }
		images=${text##* }
		[ -n "${size[$images]-}" ] || size[$images]=$(stat -Lc %s \
			"$store/$images" 2>/dev/null) || size[$images]=0
		bytes=${size[$images]}
		# A model may take seconds an image.
		shards=25
		[ "${probe[$name]}" = no ] || shards=200
		shards=$((most[$name] < shards ? most[$name] : shards))
		if ((shards < 8)) || { [ "${probe[$name]}" = no ] &&
			((most[$name] * bytes < 1 << 31)); }; then
			unset "most[$name]"
			continue
		fi
		probe[$name]=${name%-*}.first-${name##*-}
		text="bin/anom-sweep --shard $((shards / 2 + 1))/$shards \
${text#bin/anom-sweep }"
		# Some of the images tell it, where nothing else has as many.
		pieces=$((bytes >> 22))
		pieces=$((pieces < 20 ? pieces : 20))
		if ((pieces < 2)) ||
			[[ $text =~ \ --(recon|within|groups)\  ]]; then
			pieces=1
		else
			some=${images%-*}.first-${images##*-}
			write_command "$some" "bin/stream-pick --split \
$((pieces / 2 + 1))/$pieces $images"
			text="${text% *} $some"
		fi
		write_command "${probe[$name]}" "$text"
		most[$name]+=" $shards $pieces $bytes"
	done
	[ ${#most[@]} -gt 0 ] || return 0
	[ "$ENGINE" = local ] || each=300
	inputs=()
	for name in "${!most[@]}"; do inputs+=("${probe[$name]}"); done
	carry_out "${inputs[@]}"
	rm -f "$store"/*.first-????????????
	for name in "${!most[@]}"; do
		read -r seconds _ <"$store/times/${probe[$name]}"
		# Two minutes here, so that little is lost by an interruption;
		# more where a job is begun for each.  What a shard takes
		# before its first cell, to begin, to read images and place
		# anomalies, some 100 MB a second, is no less in a smaller one.
		awk -v s="$seconds" -v each="$each" '{
			cells = s - .02 - $4 / $3 / 1e8
			if (cells < s / 50)
				cells = s / 50
			n = int(cells * $2 * $3 / each) + 1
			print (n < $1 ? n : $1)
		}' <<<"${most[$name]}" >"$store/cuts/$name"
		cut_into "$name" "$(cat "$store/cuts/$name")"
	done
}

# write_command PART TEXT: plan it under that name
write_command() {
	if [ -e "$store/$1" ]; then
		echo "$1" >>"$store/list"
		return
	fi
	printf '%s\n' "$2" >"$store/commands/$1"
	echo "$1" >>"$store/plan"
}

# cut_into NAME N: so many shards
cut_into() {
	local name=$1 n=$2 k text shards=() shard
	((n > 1)) || return 0
	text=$(<"$store/commands/$name")
	for ((k = 1; k <= n; k++)); do
		shard=${name%-*}.$k-of-$n-${name##*-}
		shards+=("$shard")
		write_command "$shard" \
			"bin/anom-sweep --shard $k/$n ${text#bin/anom-sweep }"
	done
	printf 'bin/anom-sweep --merge %s\n' "${shards[*]}" \
		>"$store/commands/$name"
}

# ------------------------------------------------------------------- the plan

# needs [PART...]: the makefile of what they need and is not there, in the store;
# the inputs of a part are the names in its command
needs() {
	{
		printf 'there %s\n' *-????????????
		[ $# -eq 0 ] || printf 'all %s\n' "$@"
	} | awk '
		function read_command(name, file, line, part) {
			file = "commands/" name
			while ((getline line < file) > 0)
				while (match(line, pattern)) {
					part = substr(line, RSTART, RLENGTH)
					needs[name] = needs[name] " " part
					line = substr(line, RSTART + RLENGTH)
				}
			close(file)
		}
		function follow(name, list, n, i, other) {
			if (name in seen || name in there || !(name in needs))
				return
			if (needs[name] == "") read_command(name)
			seen[name] = 1
			n = split(needs[name], list, " ")
			for (i = 1; i <= n; i++) {
				follow(list[i])
				if (list[i] in seen) other = other " " list[i]
			}
			rule[++rules] = name ":" other
			if (name != "all") rule[rules] = rule[rules] \
				"\n\t@bash pipelines/common/part " name
		}
		BEGIN {
			pattern = "[A-Za-z0-9._-]+-"
			for (i = 0; i < 12; i++) pattern = pattern "[0-9a-f]"
		}
		$1 == "there" { there[$2] }
		$1 == "all" { needs["all"] = needs["all"] " " $2 }
		END {
			while ((getline <"plan") > 0) needs[$1]
			FS = "\t"
			if (needs["all"] == "")
				while ((getline <"wanted") > 0)
					needs["all"] = needs["all"] " " $2
			follow("all")
			if (rules < 2) exit
			for (i = 1; i <= rules; i++) {
				print rule[i]
				split(rule[i], part, ":")
				print ".PHONY: " part[1]
			}
		}'
}

# warnings PART: what it said, though it did not fail
warnings() {
	[ ! -s "$store/$1.said" ] || by_their_names <"$store/$1.said" >&2
}

# tell_failure FOLDER: what a part said that failed
tell_failure() {
	local said
	said=$(by_their_names <"$1/said")
	[ ! -t 1 ] || echo
	[ -n "$said" ] || said="${PART-a part} $(without_word "$1")"
	printf '%s\n' "$said"
}

# status_of FOLDER: of a part that failed; a full disk keeps none
status_of() {
	local status=
	[ ! -s "$1/status" ] || status=$(<"$1/status")
	echo "${status:-4}"
}

# without_word FOLDER: why a part failed that left no message
without_word() {
	local full=
	printf '%65536s' '' 2>/dev/null >"$store/room.part" || full=yes
	rm -f "$store/room.part"
	if [ -n "$full" ]; then
		echo "failed: no space is left on the disk of the results"
	else
		echo "ended with status $(status_of "$1")"
	fi
}

# by_their_names: a message, with the user's files called as the user does
by_their_names() {
	local said from to
	said=$(cat)
	while IFS=$'\t' read -r from to; do
		said=${said//"$from"/"$to"}
	done <"$store/links"
	printf '%s\n' "$said"
}

# -------------------------------------------------------------------- results

# result FILE PART: that part is to be this file of the results; where no figures
# are asked for, nothing that is one
result() {
	[[ ${FIGURES-yes} = yes || $1 != *.@(png|svg) ]] || return 0
	printf '%s\t%s\n' "$INTO$1" "$2" >>"$store/$wanted"; }

# publish: copy what is wanted to RESULTS, and remove what an earlier request
# left there and this one does not make
publish() {
	local file name to old=()
	local -A made=()
	[ ! -e "$store/results" ] || mapfile -t old <"$store/results"
	while IFS=$'\t' read -r file name; do
		made[$file]=$name
	done <"$store/wanted"
	# Those that are there already stay known when this run is ended.
	printf '%s\n' "${!made[@]}" "${old[@]}" >"$store/results.part"
	mv "$store/results.part" "$store/results"
	for file in "${!made[@]}"; do
		to=$RESULTS/$file
		[[ $file != */* ]] || mkdir -p "${to%/*}"
		cmp -s "$store/${made[$file]}" "$to" && continue
		cp "$store/${made[$file]}" "$to.part"
		mv -fT "$to.part" "$to"
	done
	for file in "${old[@]}"; do
		[ -z "${made[$file]-}" ] || continue
		rm -f "$RESULTS/$file"
		[[ $file != */* ]] || rmdir -p --ignore-fail-on-non-empty \
			"$RESULTS/${file%/*}" 2>/dev/null || true
	done
	printf '%s\n' "${!made[@]}" >"$store/results.part"
	mv "$store/results.part" "$store/results"
}

# ---------------------------------------------------------- what they all check

number='[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?'

# points NAME: the points of a number or range LO:HI:N, as a sweep takes them
points() {
	[[ ${!1} =~ ^$number(:$number:[0-9]+)?$ ]] ||
		die "$1=${!1}, expected a number or LO:HI:N"
	awk -v spec="${!1}" -v name="$1" -v target="$TARGET" 'BEGIN {
		n = split(spec, part, ":")
		if (n == 1) { print spec; exit }
		if (part[3] < 2 || part[3] > 1000) {
			printf "%s: %s=%s, expected 2 to 1000 points\n",
				target, name, spec > "/dev/stderr"
			exit 2
		}
		span = part[2] - part[1]
		for (i = 0; i < part[3]; i++)
			printf "%.9g\n", part[1] + span * i / (part[3] - 1)
	}'
}

# is NAME RANGE|NUMBER|WORD...: a variable's value is of that kind, or a word
# of them
is() {
	local name=$1 value=${!1} word list=
	shift
	case $1 in
	number)
		[[ $value =~ ^$number$ ]] ||
			die "$name=$value, expected a number" ;;
	range)
		[[ $value =~ ^$number:$number:[0-9]+$ ]] ||
			die "$name=$value, expected a range as in 0:5:100" ;;
	*)
		for word; do
			[ "$value" != "$word" ] || return 0
			list+="${list:+ or }$word"
		done
		die "$name=$value, expected $list" ;;
	esac
}

# whole NAME LEAST
whole() {
	if ! [[ ${!1} =~ ^[1-9][0-9]{0,8}$ ]] || ((${!1} < $2)); then
		die "$1=${!1}, expected a whole number from $2 on"
	fi
}

version() {
	local text
	text=$("$BIN/score" --version)
	echo "${text/* (blindspot)/blindspot}"
}

# figures NAME SCRIPT VARIABLE=VALUE...: results NAME.png and NAME.svg, what
# gnuplot draws
figures() {
	local name=$1 kind figure
	[ "${FIGURES-yes}" = yes ] || return 0
	shift
	for kind in png svg; do
		figure=$(part "$name.$kind" pipelines/common/figure "$1" \
			kind="$kind" "${@:2}")
		result "$name.$kind" "$figure"
	done
}
