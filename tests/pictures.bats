#!/usr/bin/env bats
# The figure and tables of all scores, and the gallery of all kinds.

load helpers
bats_require_minimum_version 1.5.0

setup() {
	cd "$ROOT" || return
	T=$BATS_TEST_TMPDIR
	cp "$BATS_FILE_TMPDIR"/*.pgm "$T"
}

setup_file() {
	$PYTHON -c '
import numpy, sys
r = numpy.random.default_rng(1)
def stream(n):
    for _ in range(n):
        x = r.integers(1, 256, (24, 30), dtype="u1")
        x[:, :6] = 0
        yield b"P5\n30 24\n255\n" + x.tobytes()
open(sys.argv[1] + "/in.pgm", "wb").writelines(stream(2))
open(sys.argv[1] + "/normal.pgm", "wb").writelines(stream(4))' \
		"$BATS_FILE_TMPDIR"
}

# scores VARIABLE=VALUE...: on a small grid, without figures
scores() {
	experiment scores IMAGES="$T/in.pgm" INTENSITIES=0:1:4 SIGMAS=0:2:3 \
		RADIUS=4 SEED=5 RESULTS="$T/out" OTHER_IMAGES= \
		OTHER_RADIUS= TEXTURE= FIGURES=no "$@"
}

# rows TABLE: what is beneath its header
rows() { grep -v '^#' "$1" | tail -n +2; }

size() { pngtopam "$1" | pamfile -size; }

@test "every residual has its plane, its row and its panel" {
	scores NORMAL="$T/normal.pgm" FIGURES=yes
	kinds residual | sort >"$T/kinds"
	rows "$T/out/scores.tsv" | cut -f 1 | sort >"$T/ranked"
	comm -13 "$T/ranked" "$T/kinds" >"$T/missing"
	[ ! -s "$T/missing" ]
	# And the options that change a ranking.
	[ "$(comm -23 "$T/ranked" "$T/kinds" | wc -l)" = 4 ]
	[ "$(rows "$T/out/planes.tsv" | wc -l)" = \
		$((12 * $(wc -l <"$T/ranked"))) ]
	while read -r kind; do
		grep -q ">$kind<" "$T/out/scores.svg"
		[ "$(rows "$T/out/planes.tsv" | grep -c "^$kind	")" = 12 ]
	done <"$T/kinds"
	# 18 panels in rows of five, then three and healthy tissue.
	[ "$(size "$T/out/scores.png")" = '1648 1852' ]
	for need in abs:recon ssim:recon mahalanobis:samples zscore:healthy \
		gmm:none equalized:none; do
		grep -q "^${need/:/	}	" "$T/out/scores.tsv"
	done
	for told in 'input sha256' 'normal sha256' 'seed 5' 'below 0.5' \
		'spread 0.5' "make scores IMAGES=$T/in.pgm INTENSITIES=0:1:4"; do
		grep -q "^# $told" "$T/out/scores.tsv"
		grep -q "^# $told" "$T/out/planes.tsv"
	done
}

@test "planes are what anom-sweep gives by hand" {
	scores NORMAL="$T/normal.pgm" SPREAD=0.25 \
		SCORES='abs:median=3 mahalanobis zscore equalized'
	residual zscore --fit "$T/model" "$T/normal.pgm"
	by_hand() {
		local score=$1 degrade=$2
		shift 2
		anom-sweep --inject disk:radius=4,intensity=0:1:4 --seed 5 \
			--degrade "$degrade" --residual "$score" "$@" \
			"$T/in.pgm" | grep -v '^#' | tail -n +2 |
			cut -f 1-6 | sed "s/^/$score	/"
	}
	{
		by_hand abs:median=3 blur:sigma=0:2:3
		by_hand mahalanobis blur:sigma=0:2:3,spread=0.25
		# A reconstruction makes no difference to these.
		by_hand zscore blur:sigma=0:2:3 --model "$T/model"
		by_hand equalized blur:sigma=0:2:3
	} >"$T/hand"
	rows "$T/out/planes.tsv" | cmp - "$T/hand"
}

@test "the head of the tables makes them again" {
	mkdir "$T/my images"
	cp "$T/in.pgm" "$T/normal.pgm" "$T/my images"
	scores IMAGES="$T/my images/in.pgm" NORMAL="$T/my images/normal.pgm" \
		SCORES='ssim:foreground mahalanobis zscore:foreground,median=3' \
		BELOW=0.6 SPREAD=0.25
	told=$(sed -n 's/^# make //p' "$T/out/scores.tsv")
	eval "make -s RESULTS='$T/again' B=build FIGURES=no $told"
	for table in scores planes; do
		cmp "$T/out/$table.tsv" "$T/again/$table.tsv"
	done
	experiment scores IMAGES=phantoms PHANTOMS=1 NORMAL_COUNT=2 \
		INTENSITIES=0:1:2 SIGMAS=0:2:2 SCORES='abs zscore' FIGURES=no \
		OTHER_IMAGES= OTHER_RADIUS= TEXTURE= RESULTS="$T/drawn"
	grep '^# make ' "$T/drawn/planes.tsv" >"$T/told"
	for word in IMAGES=phantoms PHANTOMS=1 NORMAL_COUNT=2 \
		"SCORES='abs zscore'" BELOW=0.5; do
		grep -q " $word\( \|\$\)" "$T/told"
	done
	run ! grep -q NORMAL= "$T/told"
}

@test "a flag stands alone, or with its value" {
	scores SCORES='ssim:foreground ssim:foreground=1 ssim'
	planes() {
		rows "$T/out/planes.tsv" | grep "^$1	" | cut -f 2-
	}
	cmp <(planes ssim:foreground) <(planes ssim:foreground=1)
	run ! cmp -s <(planes ssim:foreground) <(planes ssim)
}

@test "area, depth, centre and comparisons, by numpy from the planes" {
	scores NORMAL="$T/normal.pgm" BELOW=0.15 \
		SCORES='abs ssim negative mahalanobis zscore equalized gmm'
	$PYTHON - "$T/out" 0.15 <<'END'
import csv, sys
import numpy as np
below = float(sys.argv[2])
def rows(name):
    with open(sys.argv[1] + "/" + name) as f:
        return list(csv.DictReader((l for l in f if l[0] != "#"),
                                   delimiter="\t"))
table = rows("scores.tsv")
planes = {}
for r in rows("planes.tsv"):
    planes.setdefault(r["score"], {})[
        float(r["inject.intensity"]), float(r["degrade.sigma"])] = float(r["ap"])
I = sorted({i for i, _ in planes["abs"]})
S = sorted({s for _, s in planes["abs"]})
assert (len(I), len(S)) == (4, 3)
ap = {k: np.array([[p[i, s] for i in I] for s in S])
      for k, p in planes.items()}
# Lines along the intensity, looked at in very many places; over sigma,
# trapezia.
fine = (np.arange(200000) + .5) / 200000
def share(wanted):
    width = [wanted(j) for j in range(3)]
    return (width[0] / 2 + width[1] + width[2] / 2) / 2
def line(values):
    return np.interp(fine, I, values)
crossed = 0
for r in table:
    a = ap[r["score"]]
    area = share(lambda j: (line(a[j]) < below).mean())
    assert abs(float(r["area"]) - area) < 1e-4, (r, area)
    crossed += 0 < area < 1
    mean = share(lambda j: line(a[j]).mean())
    assert abs(float(r["mean_ap"]) - mean) < 1e-4, (r, mean)
    for other in "zscore", "equalized", "gmm":
        above = share(lambda j: (line(a[j] - ap[other][j]) > 0).mean())
        assert abs(float(r["above_" + other]) - above) < 1e-4, (r, other)
    assert float(r["least_ap"]) == a.min()
    j, i = np.unravel_index(a.argmin(), a.shape)
    assert (float(r["least_intensity"]), float(r["least_sigma"])) == (I[i], S[j])
    blind = [I[i] for i in range(4) if a[2][i] < below]
    if blind:
        assert (float(r["low"]), float(r["high"])) == (blind[0], blind[-1])
        assert abs(float(r["centre"]) - (blind[0] + blind[-1]) / 2) < 1e-8
    else:
        assert r["low"] == r["high"] == r["centre"] == "nan"
    assert r["n"] == "2"
assert crossed >= 3
# With a reconstruction first, and the smallest area first.
order = [(r["needs"] in ("none", "healthy"), float(r["area"])) for r in table]
assert order == sorted(order)
assert [o[0] for o in order].count(True) == 3
END
}

@test "the ranking is that of sweeps by hand, texture, radii and images" {
	recon-degrade shift --dx 3 "$T/in.pgm" >"$T/moved.pfm"
	scores SCORES='abs abs:median=3 gmm negative' OTHER_RADIUS=2 \
		TEXTURE=shuffle OTHER_IMAGES="$T/moved.pfm" BELOW=0.2 FIGURES=no
	for name in in.pgm moved.pfm; do
		for anomaly in disk:radius=4,intensity=0:1:4 \
			disk:radius=2,intensity=0:1:4 shuffle:radius=4; do
			for score in abs abs:median=3 gmm negative; do
				degrade=(--degrade blur:sigma=0:2:3)
				[ "$score" != gmm ] || degrade=()
				anom-sweep --inject "$anomaly" --seed 5 \
					--residual "$score" "${degrade[@]}" \
					"$T/$name" >"$T/sweep-${name%.*}-$anomaly-$score"
			done
		done
	done
	$PYTHON - "$T" <<'END'
import csv, sys
import numpy as np
T = sys.argv[1]
def rows(name):
    with open(T + "/" + name) as f:
        return list(csv.DictReader((l for l in f if l[0] != "#"),
                                   delimiter="\t"))
fine = (np.arange(100000) + .5) / 100000
table, seen = rows("out/ranking.tsv"), {}
assert len(table) == 2 * 3 * 4
for r in table:
    disk = r["anomaly"] == "disk"
    kind = "%s:radius=%s%s" % (r["anomaly"], r["radius"],
                               ",intensity=0:1:4" if disk else "")
    cells = rows("sweep-%s-%s-%s" % (r["images"], kind, r["score"]))
    ap = np.array([float(c["ap"]) for c in cells])
    steps = 4 if disk else 1
    # Rows of intensity; no blur is as any blur to a score without one.
    ap = ap.reshape(steps, -1) if disk else ap[None]
    if ap.shape[1] == 1:
        ap = np.repeat(ap, 3, 1)
    if disk:
        lines = [np.interp(fine, np.linspace(0, 1, 4), a) for a in ap.T]
        share = [(l < .2).mean() for l in lines]
        mean = [l.mean() for l in lines]
        blind = (share[0] / 2 + share[1] + share[2] / 2) / 2
        mean = (mean[0] / 2 + mean[1] + mean[2] / 2) / 2
    else:
        line = np.interp(2 * fine, [0, 1, 2], ap[0])
        blind, mean = (line < .2).mean(), line.mean()
    assert abs(float(r["blind"]) - blind) < 1e-4, (r, blind)
    assert abs(float(r["mean_ap"]) - mean) < 1e-4, (r, mean)
    seen.setdefault((r["images"], r["anomaly"], r["radius"]), []).append(
        (float(r["blind"]), -float(r["mean_ap"]), int(r["rank"])))
assert len(seen) == 6
for group in seen.values():
    assert group == sorted(group)
    for i, (blind, mean, rank) in enumerate(group):
        assert rank == 1 + sum(g[:2] < (blind, mean) for g in group), group
END
}

@test "a table worked by hand" {
	tsv() { (IFS=$'\t'; echo "$*"); }
	{
		echo '# made by hand'
		tsv score inject.intensity degrade.sigma ap ap_sd \
			ap_undefined n
		# Blind from 1/3 to 1 at sigma 0, everywhere at sigma 4.
		tsv abs 0 0 0.6 0 0 7
		tsv abs 0 4 0.4 0 0 7
		tsv abs 1 0 0.3 0 0 7
		tsv abs 1 4 0.2 0 0 7
		# (.6, .3) is above (.3, .6) on one half, (.4, .2) nowhere.
		tsv plain 0 0 0.3 0 0 7
		tsv plain 0 4 .4 0 0 7
		tsv plain 1 0 .6 0 0 7
		tsv plain 1 4 .6 0 0 7
	} >"$T/planes.tsv"
	list=(abs recon plain none)
	pipelines/scores/table 0.5 "$T/planes.tsv" "${list[@]}" >"$T/got"
	{
		echo '# made by hand'
		tsv score needs area least_ap least_intensity least_sigma low \
			high centre mean_ap above_plain n
		tsv abs recon 0.833333333 0.2 1 4 0 1 0.5 0.375 0.25 7
		tsv plain none 0.583333333 0.3 0 0 0 0 0 0.475 0 7
	} | cmp - "$T/got"
	sed -i 's/^\(abs	0	0	\)0.6/\1nan/' "$T/planes.tsv"
	run ! pipelines/scores/table 0.5 "$T/planes.tsv" "${list[@]}"
	[[ $output =~ 'abs: undefined AP' ]]
}

@test "the interval of abs is that of the blind spot" {
	scores SCORES=abs INTENSITIES=0:1:11 BELOW=0.6 FIGURES=yes
	experiment blind-spot IMAGES="$T/in.pgm" INTENSITIES=0:1:11 SIGMAS=0:2:3 \
		RADIUS=4 SEED=5 BELOW=0.6 FIGURES=no RESULTS="$T/blind"
	wanted=$(tail -n 1 "$T/blind/blind-spot.tsv" | cut -f 2-4)
	[ "$(rows "$T/out/scores.tsv" | cut -f 7-9)" = "$wanted" ]
	[[ $wanted != *nan* ]]
	# One row of panels, and one for healthy tissue.
	[ "$(size "$T/out/scores.png")" = '1648 904' ]
}

@test "sweeps that are done are kept, and only what has changed is swept" {
	scores SCORES='abs mahalanobis gmm'
	cp "$T/out/scores.tsv" "$T/before"
	touch "$T/mark"
	# What a part was made for goes too: it would not be wanted else.
	rm "$T"/out/parts/{gmm,planes,scores}.tsv-*
	scores SCORES='abs mahalanobis gmm'
	newer() {
		(cd "$T"/out/parts && find . -maxdepth 1 -newer "$T/mark" \
			-regex './[a-z]*\.tsv-[0-9a-f]*' |
			grep -v -e /planes -e /scores -e /histogram -e /ranking |
			sed 's/-[0-9a-f]*$//' | sort | tr '\n' ' ')
	}
	[ "$(newer)" = './gmm.tsv ' ]
	cmp "$T/before" "$T/out/scores.tsv"
	touch "$T/mark"
	scores SCORES='abs mahalanobis gmm' SPREAD=0.75
	[ "$(newer)" = './mahalanobis.tsv ' ]
	run ! cmp -s "$T/before" "$T/out/scores.tsv"
	# What is normal is part of the score that was fitted on it.
	scores SCORES='abs zscore' NORMAL="$T/normal.pgm"
	cp "$T/out/scores.tsv" "$T/before"
	touch "$T/mark"
	recon-degrade blur "$T/normal.pgm" >"$T/other.pfm"
	scores SCORES='abs zscore' NORMAL="$T/other.pfm"
	[ "$(newer)" = './zscore.tsv ' ]
	run ! cmp -s "$T/before" "$T/out/scores.tsv"
}

@test "an interrupted sweep is not taken for whole" {
	scores SCORES='abs gmm'
	cp "$T/out/planes.tsv" "$T/before"
	abs=$(echo "$T"/out/parts/abs.tsv-*)
	head -c 700 "$abs" >"$abs.part"
	rm "$abs" "$T"/out/parts/planes.tsv-*
	scores SCORES='abs gmm'
	cmp "$T/before" "$T/out/planes.tsv"
	[ -z "$(find "$T/out" -name '*.part')" ]
}

@test "what is wrong with scores is named, and leaves no table" {
	refuses() {
		local pattern=$1
		shift
		if scores "$@" >"$T/said" 2>&1; then return 1; fi
		grep -q -e "$pattern" "$T/said" || {
			cat "$T/said"
			return 1
		}
		[ ! -e "$T/out/scores.tsv" ]
	}
	refuses 'SCORES: nosuch is no kind' SCORES='abs nosuch'
	refuses 'SCORES: .*, expected KIND' SCORES=abs:median=1:5:3
	refuses 'SCORES: .*, expected KIND' SCORES=abs:
	refuses 'SCORES: .*, expected KIND' SCORES=abs:foreground,
	refuses "'median' is not key=value" SCORES=abs:median
	refuses 'SCORES: abs stands there twice' SCORES='abs ssim abs'
	refuses 'median: 4' SCORES=abs:median=4
	refuses "unknown parameter 'size'" SCORES=abs:size=4
	refuses 'BELOW=half, expected a number' BELOW=half
	refuses 'scores: INTENSITIES=0:1, expected' INTENSITIES=0:1
	refuses 'scores: INTENSITIES=0.5 .*takes ranges' INTENSITIES=0.5
	refuses 'scores: SIGMAS=0:1:1, expected 2 to' SIGMAS=0:1:1
	refuses 'radius: 0 is out of range' RADIUS=0
	refuses 'spread: 2 is out of range' SPREAD=2 SCORES=mahalanobis
	refuses 'IMAGES=.*missing is no file' IMAGES="$T/missing"
	head -c 800 "$T/in.pgm" >"$T/cut.pgm"
	refuses 'cut.pgm: image 1' IMAGES="$T/cut.pgm" SCORES=abs
	refuses 'NORMAL=.*missing is no file' NORMAL="$T/missing"
	: >"$T/empty"
	refuses 'NORMAL=.*empty holds no images' NORMAL="$T/empty"
	refuses 'are the images themselves' NORMAL="$T/in.pgm"
	refuses 'OTHER_IMAGES=.*missing is no file' SCORES=abs \
		OTHER_IMAGES="$T/missing"
	refuses 'TEXTURE=disk, expected an anomaly without' SCORES=abs \
		TEXTURE=disk
	refuses "radius: 'x' is not a number" SCORES=abs OTHER_RADIUS=x
	refuses 'zscore: NORMAL= is to name' SCORES=zscore
	brain-phantom --size 64 --count 2 >"$T/large.pfm"
	refuses '64 x 64' NORMAL="$T/large.pfm" SCORES=zscore
}

@test "a score that was not fitted is left out, and that is said" {
	scores >"$T/said" 2>&1
	grep -qx 'scores: without zscore: NORMAL= names no healthy images to fit it on' \
		"$T/said"
	[ "$(wc -l <"$T/said")" = 1 ]
	kinds residual | grep -vx zscore | sort >"$T/kinds"
	rows "$T/out/scores.tsv" | cut -f 1 | grep -v : | sort |
		cmp - "$T/kinds"
	run ! grep -q zscore "$T/out/scores.tsv"
}

@test "what is normal is learnt from other images than those of the test" {
	normal() {
		rm -rf "$T/out"
		experiment scores RESULTS="$T/out" INTENSITIES=0:1:2 \
			SIGMAS=0:2:2 PHANTOMS=2 NORMAL_COUNT=3 \
			SCORES='abs zscore' OTHER_IMAGES= OTHER_RADIUS= \
			TEXTURE= FIGURES=no "$@"
	}
	brain=/usr/share/mricron/templates/ch2bet.nii.gz
	brain-phantom --count 5 >"$T/five"
	normal IMAGES=phantoms
	brain-phantom --count 2 | cat - "$T"/out/parts/normal-* |
		cmp - "$T/five"
	for k in 71 74 72 75; do
		nii-slices --slices $k:$((k + 1)) $brain
	done >"$T/between"
	normal IMAGES=colin27 BRAIN_SLICES=70:76:3
	cmp "$T/between" "$T"/out/parts/normal-*
	# None that are left over, or told of.
	run ! normal IMAGES=colin27 BRAIN_SLICES=70:76
	[[ $output =~ 'zscore: NORMAL= is to name' ]]
	run ! normal IMAGES="$T/in.pgm"
	[[ $output =~ 'zscore: NORMAL= is to name' ]]
	scores NORMAL="$T/normal.pgm" SCORES=zscore
	cmp "$T/normal.pgm" "$T"/out/parts/NORMAL-*
	run ! scores NORMAL="$T/missing"
}

@test "slices are those of one brain and not taken for another's" {
	sliced() {
		experiment experiment1 IMAGES=colin27 BRAIN="$1" \
			BRAIN_SLICES=1:3 INTENSITIES=0:1:2 SIGMAS=0:1:2 \
			RADIUS=1 FIGURES=no RESULTS="$T/out"
		sed -n 's/^# input sha256 //p' "$T/out/experiment1.tsv"
	}
	sum() {
		nii-slices --slices 1:3 "$1" | sha256sum | cut -d ' ' -f 1
	}
	$PYTHON -c '
import nibabel, numpy, sys
r = numpy.random.default_rng(2)
for name in sys.argv[1:]:
    nibabel.save(nibabel.Nifti1Image(
        r.random((8, 8, 4)).astype("f4"), numpy.eye(4)), name)' \
		"$T/a.nii" "$T/b.nii"
	touch -d 2001-01-01 "$T/a.nii" "$T/b.nii"
	[ "$(sliced "$T/a.nii")" = "$(sum "$T/a.nii")" ]
	[ "$(sliced "$T/b.nii")" = "$(sum "$T/b.nii")" ]
	[ "$(sum "$T/a.nii")" != "$(sum "$T/b.nii")" ]
	# And made again when the brain itself is another.
	cp "$T/b.nii" "$T/a.nii"
	[ "$(sliced "$T/a.nii")" = "$(sum "$T/b.nii")" ]
}

@test "the gallery shows every kind, named, as the programs make it" {
	scratch=$T
	# shellcheck source=pipelines/common/pictures.bash
	. pipelines/common/pictures.bash
	experiment gallery RESULTS="$T/out"
	# The brain of slice 80 has 140 x 177 pixels; with margins and frame a
	# cell takes 154 x 400.
	check() { # PICTURE FIRST PROGRAM COLUMNS
		local names n i row
		mapfile -t names < <(echo "$2"; kinds "$3")
		n=${#names[@]}
		pngtopam "$T/out/$1.png" >"$T/$1.ppm"
		[ "$(pamfile -size "$T/$1.ppm")" = \
			"$((154 * $4)) $((400 * ((n + $4 - 1) / $4)))" ]
		for ((i = 0; i < n; i++)); do
			row=$((i / $4))
			caption "${names[i]}" 154 22 13 | pamdepth -quiet 51 |
				pamdepth -quiet 255 >"$T/name"
			pamcut -left $((i % $4 * 154)) -top $((row * 400)) \
				-width 154 -height 22 "$T/$1.ppm" |
				ppmtopgm | cmp - "$T/name"
		done
	}
	check anomalies healthy anom-inject 6
	check degradations image recon-degrade 7
	# The disk, second of all, is that of anom-inject.
	nii-slices --slices 80:81 /usr/share/mricron/templates/ch2bet.nii.gz |
		anom-inject disk --seed 11 --format pgm8 |
		pamdepth -quiet 51 | pamdepth -quiet 255 >"$T/disk.pgm"
	pnmcrop -quiet -black "$T/disk.pgm" >"$T/wanted"
	pamcut -left 157 -top 22 -width 148 -height 185 "$T/anomalies.ppm" |
		ppmtopgm | pnmcrop -quiet -black | cmp - "$T/wanted"
	for picture in anomalies degradations; do
		[ "$(stat -c %s "$T/out/$picture.png")" -lt 300000 ]
	done
}

@test "what is wrong with the gallery is named" {
	refuses() {
		local pattern=$1
		shift
		if experiment gallery RESULTS="$T/out" "$@" \
			>"$T/said" 2>&1; then return 1; fi
		grep -q -e "$pattern" "$T/said" || {
			cat "$T/said"
			return 1
		}
		[ ! -e "$T/out" ]
	}
	refuses 'SLICE=middle, expected the number' SLICE=middle
	refuses 'DONOR=-1, expected the number' DONOR=-1
	refuses '--slices 999:1000 selects none' SLICE=999
	refuses 'without foreground' SLICE=0
	refuses 'no /nosuch' BRAIN=/nosuch
	refuses "seed: 'x'" SEED=x
}
