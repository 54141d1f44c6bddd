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

# match [CURVE]...: each by the name of its file
match() {
	local file named=()
	for file; do named+=("$(basename "$file" .tsv)" "$file"); done
	pipelines/match/table "$T/plane.tsv" ${named[@]+"${named[@]}"}
}

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
	refuses 'far.tsv: intensity 3 is not within' match "$T/far.tsv"
	{ tsv threshold ap; tsv 3 .5; } >"$T/other.tsv"
	refuses 'other.tsv: line 1: .*no column intensity' match "$T/other.tsv"
	{ tsv intensity dice; tsv 0 .5; } >"$T/dice.tsv"
	refuses 'dice.tsv: line 1: .*no column ap' match "$T/dice.tsv"
	refuses 'plane.tsv: expected a column of either' match "$T/plane.tsv"
	refuses 'far.tsv: line 1: .*no column sigma' pipelines/match/table \
		"$T/far.tsv" far "$T/far.tsv"
	refuses 'no curves' match
	{ tsv intensity ap; echo '# incomplete'; } >"$T/cut.tsv"
	refuses 'cut.tsv: line 2: the table is not whole' match "$T/cut.tsv"
	{ tsv intensity ap; tsv 0 nan; } >"$T/none.tsv"
	refuses 'no points' match "$T/none.tsv"
	refuses 'missing.tsv is no file' match "$T/missing.tsv"
}

@test "a blind spot with a recovery in it is two intervals everywhere" {
	# At sigma 5, blind at 0, from .5 to .75, and nowhere else.
	{
		echo '# made by hand'
		tsv inject.intensity degrade.sigma ap ap_sd ap_undefined n
		for cell in 0:.25 0.25:.75 0.5:.25 0.75:.125 1:.75; do
			tsv "${cell%:*}" 0 1 0 0 7
			tsv "${cell%:*}" 5 "0${cell#*:}" 0 0 7
		done
	} >"$T/experiment1.tsv"
	for sigma in 0 5; do
		printf '# %s 1\n' median mode blind_low blind_high blind_centre \
			>"$T/predicted-$sigma.tsv"
	done
	pipelines/blind-spot/table 0.5 "$T/experiment1.tsv" \
		0 "$T/predicted-0.tsv" 5 "$T/predicted-5.tsv" |
		tail -n 2 >"$T/got"
	{
		tsv 0 nan nan nan 1 0 1 1 1 1 1
		tsv 5 0,0.5 0,0.75 0,0.625 0.125 0.75 1 1 1 1 1
	} | cmp - "$T/got"
	pipelines/experiment1/findings "$T" >"$T/got"
	grep -q '0.00 to 0.00, centre 0.00; 0.50 to 0.75, centre 0.62 AP 0.12 at 0.75$' \
		"$T/got"
	grep -q '^Experiment 1 on 7 images' "$T/got"
	# At sigma 5, by lines: .125 + .125 + .25 + .15; half of it over sigma.
	grep -q 'below .5 in 32 % ' "$T/got"
	sed 's/^\([0-9.]*\)	/abs	\1	/; s/^inject/score	&/' \
		"$T/experiment1.tsv" >"$T/planes.tsv"
	pipelines/scores/table 0.5 "$T/planes.tsv" abs recon | tail -n 1 |
		cut -f 1,3,7-9 >"$T/got"
	tsv abs 0.325 0,0.5 0,0.75 0,0.625 | cmp - "$T/got"
}

@test "columns are found by name, wherever they stand" {
	{
		tsv n ap degrade.sigma inject.intensity
		tsv 3 .75 2 0
		tsv 3 .25 2 1
	} >"$T/experiment1.tsv"
	pipelines/experiment1/findings "$T" >"$T/got"
	grep -q '^Experiment 1 on 3 images' "$T/got"
	grep -q 'sigma 2  *1.00 to 1.00, centre 1.00 *AP 0.25 at 1.00' "$T/got"
}

@test "published figures stand beside the same cells" {
	{
		echo '# input sha256 abc'
		tsv inject.intensity degrade.sigma ap
		awk -F '\t' -v OFS='\t' '!/^#/ && $1 != "intensity" {
			print $1, $2, $3 + .01 }' pipelines/published/published.tsv
	} >"$T/near.tsv"
	pipelines/published/table "$T/near.tsv" >"$T/got"
	[ "$(grep -c '^ap' "$T/got")" = 42 ]
	[ "$(grep -c '+0.0100$' "$T/got")" = 42 ]
	grep -qx '# mean |difference| of ap over 42 cells: 0.0100' "$T/got"
	grep -qx '# input sha256 abc' "$T/got"
	run ! pipelines/published/table "$T/plane.tsv"
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
	experiment paper IMAGES="$T/in.pgm" INTENSITIES=0:1:5 SIGMAS=0:2:3 \
		RADIUS=4 SEED=5 RESULTS="$T/out" >"$T/said"
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
