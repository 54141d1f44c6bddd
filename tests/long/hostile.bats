#!/usr/bin/env bats
# Every variable of every experiment: what a value says is never run, but for
# the commands of models.

# shellcheck disable=SC2016,SC2154 # what is not to be run; words, set there
# shellcheck source=tests/helpers.bash
load ../helpers
# shellcheck source=tests/long/variables.bash
load variables
bats_require_minimum_version 1.5.0

# Each is whole where a shell, gnuplot or awk takes it for its own.
HOSTILE=("a'; touch ran; '" 'a"; touch ran; "' '$(touch ran)' '`touch ran`'
	'a; touch ran' "a' ; system('touch ran') ; '" 'a"; system("touch ran"); "')

nothing_ran() {
	[ -z "$(find "$T" "$BATS_FILE_TMPDIR" "$ROOT" -maxdepth 5 -name ran \
		-print -quit)" ] || {
		echo "$* was run"
		return 1
	}
}

# nothing_is_run_by EXPERIMENT: files get such names, and are taken; other
# values are refused or are names
nothing_is_run_by() {
	# shellcheck disable=SC2034 # one value is enough
	local experiment=$1 name row words a b value given status
	while read -r name; do
		case $name in
		MODEL | OTHER) continue ;;
		RESULTS | JOBS | PARTS | ENGINE | RETRIES | SLURM_*)
			row=$(row_of "$experiment" SEED) || row=$'*\tSEED\t\t1\t2'
			a= ;;
		*) row=$(row_of "$experiment" "$name") ;;
		esac
		take_row "$experiment" "$row"
		for value in "${HOSTILE[@]}"; do
			rm -rf "$T/r"
			given=("${words[@]}" RESULTS="$T/r")
			case $name in
			RESULTS) given=("${words[@]}" RESULTS="$T/r/$value") ;;
			SLURM_SETUP) continue ;;
			*) if [ -e "$a" ]; then
				cp -r "$a" "$T/$value"
				given+=("$name=$T/$value")
			   else
				given+=("$name=$value")
			   fi ;;
			esac
			status=0
			blindspot "$experiment" "${given[@]}" \
				>"$T/said" 2>&1 || status=$?
			nothing_ran "$experiment ${given[*]}"
			# FILES are several, with spaces between them.
			if [[ $status != 0 && $name != FILES &&
				( -e $a || $name = RESULTS ) ]]; then
				echo "$experiment ${given[*]}"
				cat "$T/said"
				return 1
			fi
			rm -rf "${T:?}/$value"
		done
	done < <(blindspot --variables "$experiment" | cut -f 1)
}

@test "blind-spot: no value is run" {
	nothing_is_run_by blind-spot
}

@test "demo: no value is run" {
	nothing_is_run_by demo
}

@test "diagnose: no value is run" {
	nothing_is_run_by diagnose
}

@test "experiment1: no value is run" {
	nothing_is_run_by experiment1
}

@test "experiment1-equalized: no value is run" {
	nothing_is_run_by experiment1-equalized
}

@test "experiment2: no value is run" {
	nothing_is_run_by experiment2
}

@test "experiment3: no value is run" {
	nothing_is_run_by experiment3
}

@test "gallery: no value is run" {
	nothing_is_run_by gallery
}

@test "match: no value is run" {
	nothing_is_run_by match
}

@test "paper: no value is run" {
	nothing_is_run_by paper
}

@test "published: no value is run" {
	nothing_is_run_by published
}

@test "scores: no value is run" {
	nothing_is_run_by scores
}

@test "every experiment is here" {
	called_for_every_experiment nothing_is_run_by
}
