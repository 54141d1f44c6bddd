#!/usr/bin/env bats
# Experiment 1 as a pipeline.

load helpers
bats_require_minimum_version 1.5.0

setup() {
	cd "$ROOT" || return
	T=$BATS_TEST_TMPDIR
	cp "$BATS_FILE_TMPDIR/in.pgm" "$T"
}

setup_file() {
	$PYTHON -c '
import numpy, sys
r = numpy.random.default_rng(1)
for _ in range(2):
    x = r.integers(1, 256, (24, 30), dtype="u1")
    x[:, :6] = 0
    sys.stdout.buffer.write(b"P5\n30 24\n255\n" + x.tobytes())' \
		>"$BATS_FILE_TMPDIR/in.pgm"
}

experiment1() {
	experiment experiment1 IMAGES="$T/in.pgm" INTENSITIES=0:1:3 SIGMAS=0:2:2 \
		RADIUS=4 SEED=5 RESULTS="$T/out" FIGURES=no "$@"
}

@test "the table is what the four filters give by hand" {
	experiment1 METHOD=pipeline FIGURES=yes
	grep -v '^#' "$T/out/experiment1.tsv" | tail -n +2 >"$T/rows"
	[ "$(wc -l <"$T/rows")" = 6 ]
	while IFS=$'\t' read -r intensity sigma ap sd undefined n residual; do
		anom-inject disk --radius 4 --seed 5 --intensity "$intensity" \
			--mask "$T/m" "$T/in.pgm" >"$T/a"
		recon-degrade blur --sigma "$sigma" "$T/in.pgm" >"$T/r"
		residual abs "$T/a" "$T/r" | score --bootstrap 0 \
			--metrics ap,mean_residual - "$T/m" >"$T/t"
		grep -q "^ap	$ap	$sd	.*	$n	$undefined	" "$T/t"
		grep -q "^mean_residual	$residual	" "$T/t"
	done <"$T/rows"
	for file in heatmap.png heatmap.svg curves.png curves.svg \
		landscape.png landscape.svg examples.png; do
		[ -s "$T/out/$file" ]
	done
	[ "$(head -c 4 "$T/out/examples.png" | tail -c 3)" = PNG ]
}

@test "one job and two give the same table" {
	experiment1 -j1 METHOD=pipeline
	mv "$T/out" "$T/one"
	experiment1 -j2 METHOD=pipeline
	cmp "$T/one/experiment1.tsv" "$T/out/experiment1.tsv"
}

# newer NAME: how many of the parts are made since the mark
newer() {
	find "$T"/out/parts/ -maxdepth 1 -name "$1" -newer "$T/mark" -type f |
		wc -l
}

@test "only what is missing is made again, and no image is blurred twice" {
	experiment1 METHOD=pipeline
	touch "$T/mark"
	rm "$T"/out/{parts/experiment1.tsv-*,experiment1.tsv} \
		"$T"/out/parts/cell-0.5-2-*
	experiment1 METHOD=pipeline
	[ "$(newer 'recon-*')" = 0 ]
	[ "$(newer 'cell-*')" = 1 ]
}

@test "what is done is not done again" {
	for equalize in no yes; do
		experiment1 EQUALIZE="$equalize"
		touch "$T/mark"
		experiment1 EQUALIZE="$equalize"
		[ "$(find "$T/out/" -maxdepth 1 -type f -newer "$T/mark" |
			wc -l)" = 0 ]
		[ "$(newer '*-????????????')" = 0 ]
	done
}

@test "an interruption leaves no part that is taken for whole" {
	# A session of its own: make and all that it runs are interrupted.
	setsid make -s B=build experiment1 IMAGES="$T/in.pgm" INTENSITIES=0:1:3 \
		SIGMAS=0:2:2 RADIUS=4 SEED=5 RESULTS="$T/out" \
		FIGURES=no METHOD=pipeline &
	group=$!
	for _ in $(seq 200); do
		[ -z "$(find "$T/out/parts" -name 'cell-*-????????????' \
			2>/dev/null)" ] || break
		sleep 0.02
	done
	kill -TERM -- "-$group"
	wait "$group" || true
	while kill -0 -- "-$group" 2>/dev/null; do sleep 0.05; done
	experiment1 METHOD=pipeline
	grep -v '^#' "$T/out/experiment1.tsv" | awk 'NF != 7 { exit 1 }'
	[ "$(grep -vc '^#' "$T/out/experiment1.tsv")" = 7 ]
}

@test "other images or parameters never meet old results" {
	experiment1
	cp "$T/out/experiment1.tsv" "$T/before"
	experiment1 SEED=6
	run ! cmp -s "$T/before" "$T/out/experiment1.tsv"
	cp "$T/out/experiment1.tsv" "$T/other"
	recon-degrade blur --format pgm8 "$T/in.pgm" >"$T/in2"
	cp "$T/in2" "$T/in.pgm"
	experiment1
	run ! cmp -s "$T/before" "$T/out/experiment1.tsv"
}

@test "bad parameters are named" {
	refuses() {
		local pattern=$1
		shift
		if experiment1 "$@" >"$T/said" 2>&1; then return 1; fi
		grep -q -e "$pattern" "$T/said" || {
			cat "$T/said"
			return 1
		}
	}
	refuses 'INTENSITIES=0:1, expected' INTENSITIES=0:1
	refuses 'SIGMAS=x, expected' SIGMAS=x
	refuses 'SIGMAS=0:1:1, expected 2 to' SIGMAS=0:1:1
	refuses "radius: 'abc'" RADIUS=abc
	refuses 'radius: 0 is out of range' RADIUS=0
	refuses 'seed' SEED=-1
	refuses 'sigma: -1 is out of range' SIGMAS=-1:1:3
	refuses 'missing is no file' IMAGES="$T/missing"
	: >"$T/empty"
	refuses 'holds no images' IMAGES="$T/empty"
	printf 'P6\n' >"$T/ppm"
	refuses 'ppmtopgm' IMAGES="$T/ppm"
}

@test "a dry run writes nothing" {
	dry() {
		make "$@" RESULTS="$T/out" B="$T/build" >"$T/said"
		[ -s "$T/said" ]
		[ ! -e "$T/out" ]
		[ ! -e "$T/build" ]
	}
	for goal in pipelines/*/variables; do
		goal=$(basename "$(dirname "$goal")")
		dry -n "$goal"
	done
	dry -n -j2 experiment1
	dry -sn experiment3
	dry --dry-run --no-print-directory blind-spot
	# What only looks like it.
	experiment1 --no-print-directory
	[ -s "$T/out/experiment1.tsv" ]
}

@test "both engines give the same table and figures" {
	experiment1 METHOD=pipeline FIGURES=yes
	mv "$T/out" "$T/pipeline"
	experiment1 FIGURES=yes
	diff -r -x parts "$T/pipeline" "$T/out"
	[ -s "$T/out/heatmap.png" ]
	[ -s "$T/out/examples.png" ]
	run ! experiment1 METHOD=steam
	run ! experiment1 METHOD=sweep SIGMAS=2
}

@test "equalised images" {
	experiment1 METHOD=sweep
	mv "$T/out" "$T/plain"
	for engine in pipeline sweep; do
		experiment experiment1-equalized IMAGES="$T/in.pgm" \
			INTENSITIES=0:1:3 SIGMAS=0:2:2 RADIUS=4 SEED=5 \
			FIGURES=no METHOD=$engine RESULTS="$T/$engine"
	done
	cmp "$T/pipeline/experiment1.tsv" "$T/sweep/experiment1.tsv"
	anom-sweep --equalize --inject disk:radius=4,intensity=0:1:3 \
		--degrade blur:sigma=0:2:2 --seed 5 "$T/in.pgm" |
		grep -v '^#' >"$T/rows"
	grep -v '^#' "$T/sweep/experiment1.tsv" | cmp - "$T/rows"
	run ! cmp "$T/plain/experiment1.tsv" "$T/sweep/experiment1.tsv"
}

@test "textures" {
	experiment experiment2 IMAGES="$T/in.pgm" SIGMAS=0:2:3 RADIUS=4 SEED=5 \
		RESULTS="$T/two"
	[ "$(grep -vc '^#' "$T/two/experiment2.tsv")" = 10 ]
	for texture in sink source shuffle; do
		anom-inject $texture --radius 4 --seed 5 --mask "$T/m" \
			"$T/in.pgm" >"$T/a"
		recon-degrade blur --sigma 2 "$T/in.pgm" >"$T/r"
		ap=$(residual abs "$T/a" "$T/r" | score --bootstrap 0 \
			--metrics ap - "$T/m" | awk '$1 == "ap" { print $2 }')
		grep -q "^$texture	2	$ap	" "$T/two/experiment2.tsv"
	done
	[ -s "$T/two/textures.png" ]
	[ -s "$T/two/textures.svg" ]
	run ! experiment experiment2 IMAGES="$T/in.pgm" SIGMAS=2 \
		RESULTS="$T/three"
	head -c 800 "$T/in.pgm" >"$T/cut.pgm"
	run ! experiment experiment2 IMAGES="$T/cut.pgm" SIGMAS=0:2:3 \
		RESULTS="$T/three"
	[ ! -e "$T/three/experiment2.tsv" ]
}

@test "the blind spot of each sigma, and the predicted one" {
	experiment blind-spot IMAGES="$T/in.pgm" INTENSITIES=0:1:11 SIGMAS=0:4:3 \
		RADIUS=4 SEED=5 BELOW=0.6 RESULTS="$T/out" FIGURES=no
	$PYTHON - "$T/out" <<'END'
import csv, sys
def rows(name):
    with open(sys.argv[1] + "/" + name) as f:
        return list(csv.DictReader((l for l in f if l[0] != "#"),
                                   delimiter="\t"))
cells, spots = rows("experiment1.tsv"), rows("blind-spot.tsv")
assert [s["degrade.sigma"] for s in spots] == ["0", "2", "4"]
for spot in spots:
    mine = [(float(c["ap"]), float(c["inject.intensity"])) for c in cells
            if c["degrade.sigma"] == spot["degrade.sigma"]]
    low = [a for ap, a in mine if ap < .6]
    if low:
        assert float(spot["low"]) == min(low), spot
        assert float(spot["high"]) == max(low), spot
        assert abs(float(spot["centre"]) - (min(low) + max(low)) / 2) < 1e-6
    else:
        assert spot["low"] == spot["high"] == spot["centre"] == "nan"
    assert float(spot["least_ap"]) == min(mine)[0]
    assert float(spot["least_at"]) == min(mine)[1]
assert any(s["low"] != "nan" for s in spots)
END
	recon-degrade blur --sigma 2 "$T/in.pgm" | anom-predict --radius 4 \
		--seed 5 --intensity 0:1:11 --below 0.6 "$T/in.pgm" - >"$T/p"
	wanted=$(awk '/^# (median|mode|blind_)/ { v[$2] = $3 } END {
		print v["median"], v["mode"], v["blind_low"], v["blind_high"],
			v["blind_centre"] }' "$T/p")
	got=$(awk '$1 == 2 { print $7, $8, $9, $10, $11 }' \
		"$T/out/blind-spot.tsv")
	[ "$got" = "$wanted" ]
}

@test "a default source of images is drawn, and sliced from a brain" {
	small() {
		experiment1 PHANTOMS=2 BRAIN_SLICES=70:72 "$@"
	}
	small IMAGES=phantoms
	brain-phantom --count 2 | cmp - "$T"/out/parts/phantoms-*
	small IMAGES=colin27
	nii-slices --slices 70:72 /usr/share/mricron/templates/ch2bet.nii.gz |
		cmp - "$T"/out/parts/slices-*
	# What is there is not drawn again.
	touch "$T/mark"
	small IMAGES=phantoms
	small IMAGES=colin27
	[ "$(newer 'phantoms-*')" = 0 ]
	[ "$(newer 'slices-*')" = 0 ]
	run ! small IMAGES=colin27 BRAIN=/nosuch
	run ! small IMAGES=/nosuch
}
