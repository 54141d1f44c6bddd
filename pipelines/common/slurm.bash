# shellcheck shell=bash disable=SC2154
# ENGINE=slurm: parts that take long are tasks of job arrays; the rest is made here.
#
# Nothing of ours runs but the shell that waits, and all that is known lies in
# $store/tasks, a folder a submission: list (its parts, in the order of its
# tasks), setup, job (what is submitted), seen (written by a task that reached the
# folder), running/PART and failed/PART.  The folder's name is in that of the job,
# so that tasks are found again by whoever comes later.

# send [PART...]: make those long parts that they need, and what these need
send() {
	local ready=() inputs=()
	while :; do
		(cd "$store" && needs "$@") >"$store/makefile"
		[ -s "$store/makefile" ] || return 0
		of_makefile
		mapfile -t ready < <(cd "$store" && wave long)
		[ ${#ready[@]} -gt 0 ] || return 0
		mapfile -t inputs < <(cd "$store" && wave inputs)
		if [ ${#inputs[@]} -gt 0 ]; then
			(cd "$store" && needs "${inputs[@]}") >"$store/makefile"
			if [ -s "$store/makefile" ]; then
				of_makefile
				run_make
			fi
		fi
		run_tasks "${ready[@]}"
	done
}

# wave long|inputs: of the makefile, the long parts that wait for no other long
# part, or what these need
wave() {
	awk -v asked="$1" 'NR == FNR { long[$1]; next }
		/^\t/ || $1 !~ /:$/ || $1 == ".PHONY:" { next }
		{
			name = substr($1, 1, length($1) - 1)
			for (i = 2; i <= NF; i++)
				if ($i in long || $i in later) later[name]
			if (!(name in long) || name in later) next
			if (asked == "long") print name
			for (i = 2; asked == "inputs" && i <= NF; i++)
				if (!seen[$i]++) print $i
		}' <(printf '%s\n' "${long_parts[@]}") makefile
}

# --------------------------------------------------------------------- its tasks

# Tasks in flight: for a part the folder and number; what became of it.
declare -A task_of=() state=()
tasks=()

# squeued: the states of all tasks in flight, in state; fails where squeue does
squeued() {
	local names job number what reason out
	names=$(printf ',blindspot-%s' "${tasks[@]}")
	out=$(squeue -h -r -t all -u "$(id -un)" --name "${names:1}" \
		-o '%j|%K|%T|%r' 2>/dev/null) || return 1
	state=() pending_for=
	while IFS='|' read -r job number what reason; do
		[ -n "$job" ] || continue
		state[${job#blindspot-} $number]=$what
		[ "$what" != PENDING ] || pending_for=$reason
	done <<<"$out"
}

# What a task is that may still write its part; others have ended.
active='^(PENDING|RUNNING|CONFIGURING|COMPLETING|SUSPENDED|STOPPED|RESIZING'
active+='|SIGNALING|STAGE_OUT|REQUEUED|REQUEUE_FED|REQUEUE_HOLD|SPECIAL_EXIT'
active+='|RESV_DEL_HOLD)$'

# numbers_of TOKEN: for each of its parts, its task and its name
numbers_of() {
	awk -v tasks="$(cat "$store/tasks/$1/count")" \
		'{ print (NR - 1) % tasks + 1, $0 }' "$store/tasks/$1/list"
}

# adopt: tasks of an earlier run that are still at work; the others' folders go
adopt() {
	local folder token number name
	tasks=()
	for folder in "$store"/tasks/*/; do
		[ -d "$folder" ] || continue
		tasks+=("$(basename "$folder")")
	done
	[ ${#tasks[@]} -gt 0 ] || return 0
	local old=("${tasks[@]}")
	# Who cannot know waits for the controller.
	if [ "$SLURM_SBATCH" = sbatch ]; then
		until squeued; do pause 5; done
	else
		state=()
	fi
	tasks=()
	for token in "${old[@]}"; do
		if [[ " ${!state[*]} " = *" $token "* ]] && still_active "$token"
		then
			tasks+=("$token")
			while read -r number name; do
				[[ ! ${state[$token $number]-} =~ $active ]] ||
					task_of[$name]="$token $number"
			done < <(numbers_of "$token")
		else
			rm -rf "$store/tasks/$token" "$store"/*."$token"-*.part*
		fi
	done
}

still_active() {
	local task
	for task in "${!state[@]}"; do
		[[ $task = "$1 "* && ${state[$task]} =~ $active ]] && return 0
	done
	return 1
}

# most_tasks: of an array, as the site allows
most_tasks() {
	local most=
	[ "$SLURM_SBATCH" != sbatch ] ||
		most=$(scontrol show config 2>/dev/null |
			sed -n 's/^MaxArraySize *= *\([0-9]*\)$/\1/p')
	echo $((${most:-1001} - 1))
}

# submit PART...: as an array
submit() {
	local token folder count options said status=0
	token=$EPOCHSECONDS-$BASHPID-${EPOCHREALTIME: -6}
	folder=$store/tasks/$token
	mkdir -p "$folder"/{running,failed} "$store/logs"
	count=$(most_tasks)
	((count <= $#)) || count=$#
	printf '%s\n' "$@" >"$folder/list"
	printf '%s\n' "$SLURM_SETUP" >"$folder/setup"
	echo "$count" >"$folder/count"
	printf '#!/usr/bin/env bash\nexec bash %q %q %q %q\n' \
		"$store/pipelines/common/job" "$store" "$token" "$RETRIES" \
		>"$folder/job"
	chmod +x "$folder/job"
	read -ra options <<<"$SLURM_OPTIONS"
	options=(--parsable --job-name="blindspot-$token"
		--array="1-$count${SLURM_PARTS:+%$SLURM_PARTS}" --requeue
		--chdir=/ --output=/dev/null --error=/dev/null
		${options[@]+"${options[@]}"} "$folder/job")
	tasks+=("$token")
	if [ "$SLURM_SBATCH" = sbatch ]; then
		run_sbatch "${options[@]}" </dev/null >/dev/null \
			2>"$folder/said" || status=$?
		[ "$status" = 0 ] || not_submitted "$folder"
	else
		# A group of its own, so that all of it can be stopped.
		set -m
		run_sbatch "${options[@]}" </dev/null >/dev/null \
			2>"$folder/said" &
		wrapper=$!
		set +m
	fi
	while read -r number name; do
		task_of[$name]="$token $number"
	done < <(numbers_of "$token")
}

# run_sbatch OPTION...: with what a wrapper needs, and nothing of this run
run_sbatch() (
	exec {lock}>&-
	unset MAKEFLAGS MAKELEVEL MFLAGS LOCK SWEEP_THREADS
	export BLINDSPOT_JOB=${*: -1} BLINDSPOT_TASKS=$count
	export BLINDSPOT_AT_ONCE=${SLURM_PARTS:-$count}
	exec "$SLURM_SBATCH" "$@"
)

# not_submitted FOLDER: say why in one line
not_submitted() {
	local said
	said=$(sed 's/^sbatch: //; s/^error: //' "$1/said" | grep . |
		paste -sd ';' | sed 's/;/; /g')
	rm -rf "$1"
	tasks=()
	echo "$TARGET: $SLURM_SBATCH: ${said:-ended without a word}" >&2
	exit 4
}

# pause SECONDS: so that signals are heard
pause() {
	{ exec {lock}>&-; exec sleep "$1"; } &
	wait $!
}

# answering: the controller answers; said once, before anything is submitted
answering() {
	local said
	[ "$SLURM_SBATCH" = sbatch ] && [ -z "${answered-}" ] || return 0
	said=$(timeout 20 sinfo -h 2>&1 >/dev/null) || {
		echo "$TARGET: ENGINE=slurm: Slurm does not answer:" \
			"$(head -n 1 <<<"${said#*: }")" >&2
		exit 4
	}
	answered=yes
}

# ------------------------------------------------------------------ waiting for

# run_tasks PART...: submit them, unless they are at work, and wait for all
run_tasks() {
	local name number missing=() first_status=0 began=$EPOCHSECONDS
	local running pending pending_for='' failed=0 known seconds=1
	local wrapper='' made=0
	local -A ended=() tries=()
	local alike=0 told=
	task_of=()
	answering
	adopt
	for name; do
		[ -n "${task_of[$name]-}" ] || missing+=("$name")
	done
	# What is at work for another request is not waited for.
	for name in "${!task_of[@]}"; do
		one_of "$name" "$@" || unset "task_of[$name]"
	done
	[ ${#missing[@]} -eq 0 ] || submit "${missing[@]}"
	while [ ${#task_of[@]} -gt 0 ]; do
		known=yes
		look || known=no
		running=0 pending=0 missing=()
		for name in "${!task_of[@]}"; do outcome "$name"; done
		[ ${#missing[@]} -eq 0 ] || submit "${missing[@]}"
		progress_of_tasks
		[ ${#task_of[@]} -gt 0 ] || break
		pause "$seconds"
		((seconds = EPOCHSECONDS - began < 30 ? 1 : 5))
	done
	[ ! -t 2 ] || echo >&2
	[ "$alike" = 0 ] ||
		echo "$TARGET: $alike more parts failed alike" >&2
	for number in "${tasks[@]}"; do rm -rf "$store/tasks/$number"; done
	tasks=()
	[ "$first_status" = 0 ] || exit "$first_status"
}

# look: what the tasks do
look() {
	local name
	if [ "$SLURM_SBATCH" = sbatch ]; then
		squeued
		return
	fi
	state=()
	for name in "${task_of[@]}"; do
		state[$name]=PENDING
		[ -e "$store/tasks/${name% *}/seen" ] && state[$name]=RUNNING
		[ -n "$wrapper" ] && kill -0 "$wrapper" 2>/dev/null ||
			state[$name]=FAILED
	done
}

# outcome PART: what became of it, after what look saw
outcome() {
	local name=$1 token number folder what
	read -r token number <<<"${task_of[$name]}"
	folder=$store/tasks/$token
	what=${state[$token $number]-GONE}
	if [ -e "$store/$name" ]; then
		made=$((made + 1))
		unset "task_of[$name]"
	elif [ -e "$folder/failed/$name/said" ]; then
		tell_task "$name" "$(status_of "$folder/failed/$name")" \
			"$folder/failed/$name/said"
	elif [ "$known" = no ]; then
		pending=$((pending + 1))
	elif [[ $what =~ $active ]]; then
		unset "ended[$name]"
		if [ "$what" = PENDING ]; then
			pending=$((pending + 1))
		else
			running=$((running + 1))
		fi
	elif [ -z "${ended[$name]-}" ]; then
		# A shared file system may show its file late.
		ended[$name]=$EPOCHSECONDS
	elif ((EPOCHSECONDS - ended[$name] >= ${BLINDSPOT_GRACE:-15})); then
		unset "ended[$name]"
		lost "$name" "$what" "$folder"
	fi
}

# lost PART STATE FOLDER: its task has ended without a word
lost() {
	local why
	case $2 in
	NODE_FAIL | BOOT_FAIL | PREEMPTED | REVOKED | GONE)
		tries[$1]=$((${tries[$1]-0} + 1))
		if ((tries[$1] <= RETRIES)); then
			unset "task_of[$1]"
			missing+=("$1")
			return
		fi
		why="its node failed or was taken away ${tries[$1]} times ($2)" ;;
	CANCELLED) why="its job was cancelled" ;;
	TIMEOUT | DEADLINE) why="its job ran out of time;" \
		why+=" --time in SLURM_OPTIONS gives more" ;;
	OUT_OF_MEMORY) why="its job ran out of memory;"
		why+=" --mem in SLURM_OPTIONS gives more" ;;
	*) if [ -e "$3/seen" ]; then
			why="its job ended ($2) without a word"
		else
			why="its job ended ($2) and never reached $store:"
			why+=" RESULTS is to be in a folder that the compute"
			why+=" nodes share"
			[ ! -s "$3/said" ] || why+="; $SLURM_SBATCH said: $(tail \
				-n 1 "$3/said")"
		fi ;;
	esac
	tell_task "$1" 4 <(echo "$why")
}

# tell_task PART STATUS FILE: it failed; the last lines of what it said
tell_task() {
	local said more=
	unset "task_of[$1]"
	failed=$((failed + 1))
	[ "$first_status" != 0 ] || first_status=$2
	said=$(tail -n 10 "$3" | by_their_names)
	[ -n "$said" ] || said=$(without_word "${3%/said}")
	if [ "$said" = "$told" ]; then
		alike=$((alike + 1))
		return
	fi
	told=$said
	[ ! -e "$store/logs/$1.log" ] ||
		more=" (${store%/parts}/parts/logs/$1.log)"
	[ ! -t 2 ] || echo >&2
	# As a rule one line.
	echo "$TARGET: ${1%-*}: $said$more" >&2
}

progress_of_tasks() {
	local left='' n=${#task_of[@]}
	[ -t 2 ] || return 0
	if [ "$made" -gt 0 ] && [ "$n" -gt 0 ]; then
		left=$(((EPOCHSECONDS - began) * n / made))
		left=", $(((left + 59) / 60)) min left"
	fi
	[ "$pending" = 0 ] || [[ $pending_for = @(None|) ]] ||
		pending+=" ($pending_for)"
	printf '\r%s: %d done, %d running, %s pending, %d failed%s   ' \
		"$TARGET" "$made" "$running" "$pending" "$failed" "$left" >&2
}

# leave_tasks STATUS: who is interrupted is asked whether to cancel; who was hung
# up on comes back
leave_tasks() {
	local answer=yes token
	if [ "$1" = 130 ] && [ -t 0 ] && [ -t 2 ]; then
		printf '\nCancel what is at work on the cluster? [Y/n] ' >&2
		read -r answer || true
	fi
	if [ "$1" = 129 ] || [[ $answer = [nN]* ]]; then
		echo "$TARGET: the cluster works on; the same command finds" \
			"what it made" >&2
		return
	fi
	[ -z "${wrapper-}" ] || kill -TERM -- "-$wrapper" 2>/dev/null
	for token in "${tasks[@]}"; do
		[ "$SLURM_SBATCH" != sbatch ] ||
			scancel -u "$(id -un)" --name "blindspot-$token"
	done
	echo "$TARGET: cancelled; what was made is kept" >&2
}
