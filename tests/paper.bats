#!/usr/bin/env bats
# What is made of experiments 1 and 2: matching, published figures, the page.

load helpers
bats_require_minimum_version 1.5.0

setup() {
	cd "$ROOT" || return
	T=$BATS_TEST_TMPDIR
	# AP = (intensity + sigma) / 10 over intensities 0, 1, 2 and sigmas 0, 4.
	{
		echo '# made by hand'
		tsv inject.intensity degrade.sigma ap
		for i in 0 1 2; do
			for s in 0 4; do
				tsv $i $s "$(awk "BEGIN { print ($i + $s) / 10 }")"
			done
		done
	} >"$T/plane.tsv"
}

tsv() { (IFS=$'\t'; echo "$*"); }

match() { pipelines/match "$T/plane.tsv" "$@"; }

@test "a curve over intensity is matched to the nearest sigma" {
	{ tsv intensity ap; tsv 0 .41; tsv 1 .5; tsv 1.5 .55; } >"$T/model.tsv"
	# Differences from sigma 4: .01, 0 and 0 (between .5 and .6).
	match "$T/model.tsv" | tail -1 >"$T/got"
	tsv model degrade.sigma 4 0.00333333 3 | cmp - "$T/got"
}

@test "curves over sigma are matched to the nearest intensity, each by itself" {
	{
		tsv inject degrade.sigma ap
		tsv sink 0 .1
		tsv sink 1 .2
		tsv sink 4 nan
		tsv source 0 .2
		tsv source 2 .36
	} >"$T/textures.tsv"
	match "$T/textures.tsv" | tail -2 >"$T/got"
	{
		tsv sink inject.intensity 1 0 2
		tsv source inject.intensity 2 0.02 2
	} | cmp - "$T/got"
}

@test "what cannot be matched is named" {
	refuses() {
		local pattern=$1
		shift
		run ! --separate-stderr "$@"
		# shellcheck disable=SC2154 # set by run
		[[ $stderr =~ $pattern ]] || {
			echo "$stderr"
			return 1
		}
	}
	{ tsv intensity ap; tsv 3 .5; } >"$T/far.tsv"
	refuses 'far: intensity 3 is not within' match "$T/far.tsv"
	{ tsv threshold ap; tsv 3 .5; } >"$T/other.tsv"
	refuses 'other.tsv: expected columns' match "$T/other.tsv"
	{ tsv intensity dice; tsv 0 .5; } >"$T/dice.tsv"
	refuses 'dice.tsv: expected columns' match "$T/dice.tsv"
	refuses 'plane.tsv: expected columns ap and either' match "$T/plane.tsv"
	refuses 'expected columns ap, inject' pipelines/match "$T/far.tsv" \
		"$T/far.tsv"
	{ tsv intensity ap; echo '# incomplete'; } >"$T/cut.tsv"
	refuses 'cut.tsv: incomplete' match "$T/cut.tsv"
	{ tsv intensity ap; tsv 0 nan; } >"$T/none.tsv"
	refuses 'no points' match "$T/none.tsv"
	refuses 'missing.tsv is no file' match "$T/missing.tsv"
}

@test "published figures stand beside the same cells" {
	{
		echo '# input sha256 abc'
		tsv inject.intensity degrade.sigma ap
		awk -F '\t' -v OFS='\t' '!/^#/ && $1 != "intensity" {
			print $1, $2, $3 + .01 }' pipelines/published.tsv
	} >"$T/near.tsv"
	pipelines/published "$T/near.tsv" >"$T/got"
	[ "$(grep -c '^ap' "$T/got")" = 42 ]
	[ "$(grep -c '+0.0100$' "$T/got")" = 42 ]
	grep -qx '# mean |difference| of ap over 42 cells: 0.0100' "$T/got"
	grep -qx '# input sha256 abc' "$T/got"
	run ! pipelines/published "$T/plane.tsv"
	[[ $output =~ 'expected the grid' ]]
}

@test "the page shows every table and figure that it names" {
	$PYTHON -c '
import numpy, sys
r = numpy.random.default_rng(1)
for _ in range(2):
    x = r.integers(1, 256, (24, 30), dtype="u1")
    x[:, :6] = 0
    sys.stdout.buffer.write(b"P5\n30 24\n255\n" + x.tobytes())' >"$T/in.pgm"
	make -s paper IMAGES="$T/in.pgm" INTENSITIES=0:1:5 SIGMAS=0:2:3 \
		RADIUS=4 SEED=5 RESULTS="$T/out" B=build >"$T/said"
	[ "$(cat "$T/said")" = "$T/out/paper.md" ]
	grep -o '](.*png)' "$T/out/paper.md" | tr -d '()]' >"$T/figures"
	[ "$(wc -l <"$T/figures")" = 7 ]
	while read -r figure; do [ -s "$T/out/$figure" ]; done <"$T/figures"
	grep -qF "make match IMAGES=$T/in.pgm INTENSITIES=0:1:5 SIGMAS=0:2:3" \
		"$T/out/paper.md"
	[ "$(grep -c '^| .*inject.intensity' "$T/out/paper.md")" = 3 ]
	# Not the paper's grid: nothing to compare.
	run ! grep -q published "$T/out/paper.md"
	[ ! -e "$T/out/published.tsv" ]
}
