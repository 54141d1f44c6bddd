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
	if ! mkdir -p "$store/commands" 2>/dev/null || ! [ -w "$store" ]; then
		rmdir "${created[@]}" 2>/dev/null || true
		die "${store%/parts} cannot be written"
	fi
	while :; do
		exec {lock}>>"$store/lock"
		flock -n "$lock" || {
			echo "$TARGET: another run writes ${store%/parts};" \
				"waiting for it" >&2
			flock "$lock"
		}
		# Who failed before anything was made removes the store.
		[ "$store/lock" -ef "/dev/fd/$lock" ] && break
		mkdir -p "$store/commands"
	done
	store=$(cd "$store" && pwd -P)
	trap close_store EXIT
	trap 'stop 129' HUP
	trap 'stop 130' INT
	trap 'stop 143' TERM
	ln -sfnT "$BIN" "$store/bin"
	ln -sfnT "$SHARE" "$store/pipelines"
	rm -rf "$store"/*.part "$store/failed"
	: >"$store/plan"
	: >"$store/wanted"
	: >"$store/links"
	fingerprint
}

# fingerprint: what is known of our programs and scripts before they run.  Our
# programs, among others in their folder, are those that a script of an
# experiment names.
fingerprint() {
	declare -gA sum=()
	local -A named=()
	local word hash file programs=()
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
	everything=
	while read -r hash file; do
		sum[$file]=$hash
		case $file in
		bin/* | pipelines/common/*) everything+=" $hash" ;;
		esac
	done < <(shopt -s globstar
		for file in pipelines/*/**; do
			[ ! -f "$file" ] || programs+=("$file")
		done
		sha256sum "${programs[@]}")
	cd "$OLDPWD" || exit
}

# Where nothing was made, nothing stays.
close_store() {
	rm -rf "$store/failed"
	rm -f "$store"/{plan,wanted,other,links,makefile,said}
	local file
	[ ! -e "$store/results" ] || return 0
	for file in "$store"/*-????????????*; do
		[ -L "$file" ] || return 0
	done
	rm -rf "$store"
	rmdir "${created[@]}" 2>/dev/null || true
}

# stop STATUS: end all that make runs, then us
stop() {
	trap '' HUP INT TERM
	[ -z "${making-}" ] || {
		kill -TERM -- "-$making" 2>/dev/null
		wait "$making" 2>/dev/null
		[ ! -t 2 ] || echo >&2
	}
	exit "$1"
}

# ------------------------------------------------------------------ its parts

# part NAME PROGRAM ARG...: plan the part that the program writes, print its
# name in the store
part() {
	local name=$1 text
	shift
	printf -v text '%q ' "$@"
	plan "$name" "$text"
}

# pipe NAME TEXT ARG...: the same for a text of the shell, with $1, $2, ...;
# $PART is the part's name, for files beside it
pipe() {
	local name=$1 text=$2 words
	shift 2
	printf -v words ' %q' "$@"
	plan "$name" "set --$words"$'\n'"$text"
}

plan() {
	local name=${1//[^A-Za-z0-9._-]/-} text=$2 rest=$2 file key
	local fingerprint=$text
	while [[ $rest =~ (^|[^A-Za-z0-9._/-])(bin|pipelines)(/[A-Za-z0-9._/-]+) ]]; do
		file=${BASH_REMATCH[2]}${BASH_REMATCH[3]}
		rest=${rest#*"$file"}
		[ -n "${sum[$file]-}" ] || lacks "${file##*/}"
		fingerprint+=$'\n'${sum[$file]}
		[[ $file = bin/* ]] || fingerprint+=" $everything"
	done
	key=$(sha256sum <<<"$fingerprint")
	name+=-${key:0:12}
	if ! [ -e "$store/$name" ]; then
		printf '%s\n' "$text" >"$store/commands/$name"
		echo "$name" >>"$store/plan"
	fi
	echo "$name"
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
	ln -sfnT "$(realpath -- "$2")" "$store/$name"
	printf '%s\t%s\n' "$name" "$2" >>"$store/links"
	echo "$name"
}

# build [PART...]: make those parts and what they need, or all results, as many
# at once as JOBS, or as the make that runs us allows; what is there is not made
build() {
	# What was planned was there.
	[ -s "$store/plan" ] || return 0
	local flags status=0 makeflags=" ${MAKEFLAGS-}"
	flags=(-j "${JOBS:-$(nproc)}")
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
	(cd "$store" && needs "$@") >"$store/makefile"
	[ -s "$store/makefile" ] || return 0
	export TOTAL
	TOTAL=$(grep -c '^	' "$store/makefile")
	: >"$store/done"
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
	rm -f "$store/done"
	[ "$status" != 0 ] || return 0
	explain
}

# explain: say what the first part that failed said, and end with its status
explain() {
	local status=4 said
	if [ -d "$store/failed" ]; then
		status=$(cat "$store/failed/status")
		said=$(by_their_names <"$store/failed/said")
	else
		said=$(cat "$store/said")
	fi
	echo "${said:-$TARGET: a part ended with status $status}" >&2
	exit "$status"
}

# needs [PART...]: the makefile of what they need and is not there, in the store;
# the inputs of a part are the names in its command
needs() {
	local pattern='[A-Za-z0-9._-]+-[0-9a-f]{12}'
	{
		cat plan
		sort -u plan | sed 's|^|commands/|' |
			xargs -r grep -oHE -e "$pattern" -- |
			sed 's|^commands/||; s/:/ /' || true
		if [ $# -gt 0 ]; then
			printf 'all %s\n' "$@"
		else
			sed 's/.*\t/all /' wanted
		fi
	} | awk -v find="find . -maxdepth 1 -type f -name '*-????????????'" '
		function follow(name, list, n, i, other) {
			if (name in seen || name in there || !(name in needs))
				return
			seen[name] = 1
			n = split(needs[name], list, " ")
			for (i = 1; i <= n; i++) {
				follow(list[i])
				if (list[i] in seen) other = other " " list[i]
			}
			rule[++rules] = name ":" other
			if (name != "all")
				rule[rules] = rule[rules] \
					"\n\t@pipelines/common/part " name
		}
		BEGIN {
			while ((find | getline file) > 0)
				there[substr(file, 3)]
		}
		{ needs[$1] = needs[$1] " " $2 }
		END {
			follow("all")
			if (rules < 2) exit
			print "SHELL = bash"
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
