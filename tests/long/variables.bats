#!/usr/bin/env bats
# Every variable of every experiment: what is asked for after something else,
# in the same folder of results, is what a fresh folder gets.

# shellcheck source=tests/helpers.bash
load ../helpers
# shellcheck source=tests/long/variables.bash
load variables
bats_require_minimum_version 1.5.0

same() { diff -r -x parts "$1" "$2"; }

every_variable_of() {
	local experiment=$1 name row words a b
	while read -r name; do
		case $name in RESULTS | JOBS | PARTS | ENGINE | RETRIES | SLURM_*)
			continue ;;
		esac
		row=$(row_of "$experiment" "$name")
		take_row "$experiment" "$row"
		ask() { # VALUE FOLDER
			blindspot "$experiment" "${words[@]}" "$name=$1" \
				RESULTS="$T/$2" >"$T/said" 2>&1 || {
				echo "$experiment ${words[*]} $name=$1"
				cat "$T/said"
				return 1
			}
		}
		rm -rf "$T"/{one,first,fresh}
		ask "$a" one
		cp -r "$T/one" "$T/first"
		ask "$b" one
		ask "$b" fresh
		same "$T/one" "$T/fresh"
		ask "$a" one
		same "$T/one" "$T/first"
		# Two values make two results, but where they must not.
		case $name in
		SCALE | SIZE | THREADS | PIECES) ;;
		SAMPLES | TIMEOUT | PLAN) ;;
		METHOD) ;;
		*) if same "$T/first" "$T/fresh" >/dev/null; then
			echo "$experiment: $name=$a and $name=$b are alike"
			return 1
		   fi ;;
		esac
	done < <(blindspot --variables "$experiment" | cut -f 1)
}

@test "blind-spot: each variable" {
	every_variable_of blind-spot
}

@test "demo: each variable" {
	every_variable_of demo
}

@test "diagnose: each variable" {
	every_variable_of diagnose
}

@test "experiment1: each variable" {
	every_variable_of experiment1
}

@test "experiment1-equalized: each variable" {
	every_variable_of experiment1-equalized
}

@test "experiment2: each variable" {
	every_variable_of experiment2
}

@test "experiment3: each variable" {
	every_variable_of experiment3
}

@test "gallery: each variable" {
	every_variable_of gallery
}

@test "match: each variable" {
	every_variable_of match
}

@test "paper: each variable" {
	every_variable_of paper
}

@test "published: each variable" {
	every_variable_of published
}

@test "scores: each variable" {
	every_variable_of scores
}

@test "every experiment is here" {
	called_for_every_experiment every_variable_of
}
