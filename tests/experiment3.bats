#!/usr/bin/env bats
# Experiment 3: learned reconstructions, trained or brought along.

load helpers
bats_require_minimum_version 1.5.0

setup() {
	cd "$ROOT" || return
	T=$BATS_TEST_TMPDIR
	cp "$BATS_FILE_TMPDIR"/*.pgm "$T"
}

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	# Smooth random images, so that few components tell much of them.
	draw 1 140 >train.pgm
	draw 2 3 >validate.pgm
	draw 3 3 >test.pgm
}

# draw SEED COUNT: images of 16 x 16 pixels
draw() {
	$PYTHON -c '
import numpy, sys
r = numpy.random.default_rng(int(sys.argv[1]))
y, x = numpy.mgrid[:16, :16] / 16
for _ in range(int(sys.argv[2])):
    a, b, c = r.random(3)
    v = 1 + 253 * (.1 + .3 * a + .3 * b * x + .2 * c * y + .1 * r.random((16, 16)))
    v[:, :3] = 0
    sys.stdout.buffer.write(b"P5\n16 16\n255\n" + v.astype("u1").tobytes())' \
		"$@"
}

experiment3() {
	experiment experiment3 IMAGES="$T/test.pgm" INTENSITIES=0:1:5 \
		SIGMAS=0:4:5 RADIUS=3 SEED=5 RESULTS="$T/out" \
		FIGURES=no "$@"
}

# A folder of two models, one of them called as a row of the paper's.
bring() {
	mkdir -p "$T/models"
	recon-train pca --threads 1 --latent 2 --output "$T/models/mine.safetensors" \
		"$T/train.pgm"
	recon-train pca --threads 1 --latent 9 --output "$T/models/ae-32.safetensors" \
		"$T/train.pgm"
}

@test "the table is what its sweeps, done by hand, come to" {
	bring
	experiment3 MODELS="$T/models" FIGURES=yes BELOW=0.6 >"$T/said"
	anom-sweep --inject disk:radius=3,intensity=0:1:5 --seed 5 \
		--degrade blur:sigma=0:4:5 "$T/test.pgm" >"$T/plane"
	for name in mine ae-32; do
		recon-model --threads 1 "$T/models/$name.safetensors" "$T/test.pgm" |
			residual abs "$T/test.pgm" - >"$T/$name.pfm"
		for on in normal anomalous; do
			anom-sweep --inject disk:radius=3,intensity=0:1:5 \
				--recon-cmd "recon-model --threads 1 \
				$T/models/$name.safetensors" --on $on \
				--seed 5 "$T/test.pgm" >"$T/$on-$name"
		done
	done
	PYTHONPATH=tests/oracle $PYTHON - "$T" <<'END'
import csv, sys
import numpy as np
import blindspot_io as io
T = sys.argv[1]

def rows(name):
    with open(T + "/" + name) as f:
        return list(csv.DictReader((l for l in f if l[0] != "#"),
                                   delimiter="\t"))

plane, curves = rows("plane"), rows("out/curves.tsv")
table = {r["model"]: r for r in rows("out/experiment3.tsv")}
assert sorted(table) == ["ae-32", "mine"]
sigmas = [r["degrade.sigma"] for r in plane[:5]]
ap_of = {s: np.array([float(r["ap"]) for r in plane
                      if r["degrade.sigma"] == s]) for s in sigmas}
for name, row in table.items():
    def near(column, want):
        assert abs(float(row[column]) - want) <= 1e-5 * max(1, abs(want)), \
            (name, column, row[column], want)
    with open(T + "/" + name + ".pfm", "rb") as f:
        near("error_healthy", np.mean([m.mean(dtype=float)
                                       for m in io.images(f.read())]))
    for on in "normal", "anomalous":
        swept = rows(on + "-" + name)
        told = [r for r in curves if (r["model"], r["on"]) == (name, on)]
        assert len(told) == 5
        for a, b in zip(told, swept):
            assert all(a[k] == b[k] for k in b), (a, b)
        ap = np.array([float(r["ap"]) for r in swept])
        at = np.array([float(r["inject.intensity"]) for r in swept])
        near("error_" + on, np.mean([float(r["mean_residual"])
                                     for r in swept]))
        near("ap_" + on, ap.mean())
        near("least_ap_" + on, ap.min())
        near("least_at_" + on, at[ap.argmin()])
        low = at[ap < .6]
        if len(low):
            near("low_" + on, low.min())
            near("high_" + on, low.max())
        else:
            assert row["low_" + on] == row["high_" + on] == "nan"
        apart = [abs(ap_of[s] - ap).mean() for s in sigmas]
        near("sigma_" + on, float(sigmas[int(np.argmin(apart))]))
        near("apart_" + on, min(apart))
assert any(r["low_" + on] != "nan" for r in table.values()
           for on in ("normal", "anomalous"))
assert table["mine"]["published_ap"] == "nan"
assert float(table["ae-32"]["published_ap"]) == .320
assert float(table["ae-32"]["published_error"]) == .0375
END
	grep -q '^  mine ' "$T/said"
	for picture in curves blur error; do
		[ "$(head -c 4 "$T/out/$picture.png" | tail -c 3)" = PNG ]
		[ -s "$T/out/$picture.svg" ]
	done
	sum=$(sha256sum <"$T/models/mine.safetensors")
	grep -q "^# model mine sha256 ${sum%% *}$" "$T/out/experiment3.tsv"
	cmp "$T/out/models/mine.safetensors" "$T/models/mine.safetensors"
}

@test "published values are shown where there are any" {
	bring
	experiment3 MODELS="$T/models" FIGURES=yes >"$T/said" 2>"$T/err"
	[ ! -s "$T/err" ]
	grep -q '>published<' "$T/out/error.svg"
	rm "$T/models/ae-32.safetensors"
	experiment3 MODELS="$T/models" FIGURES=yes >"$T/said" 2>"$T/err"
	[ ! -s "$T/err" ]
	grep -q '>mine<' "$T/out/error.svg"
	run ! grep -q '>published<' "$T/out/error.svg"
	# A small anomaly makes errors that are close; longer tics would overlap.
	experiment3 MODELS="$T/models" FIGURES=yes RADIUS=1 >"$T/said"
	run ! grep -qE '>[[:space:]]*0\.[0-9]{4}' "$T/out/error.svg"
}

@test "models called as columns of the tables are no headers" {
	bring
	for name in model curve my_model; do
		cp "$T/models/mine.safetensors" "$T/models/$name.safetensors"
	done
	experiment3 MODELS="$T/models" FIGURES=yes >"$T/said" 2>"$T/err"
	[ ! -s "$T/err" ]
	grep -E '^(mine|model|curve|my_model)	' "$T/out/experiment3.tsv" |
		grep -v error_healthy | cut -f 2- >"$T/rows"
	[ "$(wc -l <"$T/rows")" = 4 ]
	[ "$(uniq "$T/rows" | wc -l)" = 1 ]
	sed -n 's/^  \(mine\|curve\|model\|my_model\)  *\([0-9]\)/\2/p' "$T/said" \
		>"$T/rows"
	[ "$(wc -l <"$T/rows")" = 4 ]
	[ "$(uniq "$T/rows" | wc -l)" = 1 ]
	for picture in curves blur error; do
		for name in mine model curve my_model; do
			grep -q ">$name<" "$T/out/$picture.svg"
		done
	done
}

@test "what is there is not made again; another model is another result" {
	bring
	experiment3 MODELS="$T/models" >/dev/null
	cp "$T/out/experiment3.tsv" "$T/before"
	touch "$T/mark"
	experiment3 MODELS="$T/models" >/dev/null
	[ -z "$(find "$T"/out/parts/ -maxdepth 1 -type f \
		-name '*-????????????' -newer "$T/mark")" ]
	cp "$T/models/ae-32.safetensors" "$T/models/mine.safetensors"
	experiment3 MODELS="$T/models" >/dev/null
	[ "$(grep -c '^mine' "$T/out/experiment3.tsv")" = 1 ]
	run ! cmp -s "$T/before" "$T/out/experiment3.tsv"
	grep -E '^(mine|ae-32)	' "$T/out/experiment3.tsv" | cut -f 2-18 |
		uniq >"$T/rows"
	[ "$(wc -l <"$T/rows")" = 1 ]
}

@test "all models are trained, and one that was interrupted goes on" {
	small() {
		experiment3 TRAIN_IMAGES="$T/train.pgm" STEPS=4 BATCH=2 \
			VALIDATE_IMAGES="$T/validate.pgm" WIDTH=1 \
			CODES_WIDTH=16 PIECES=2 >"$T/said"
	}
	small
	for name in pca-32 pca-128 ae-32 ae-128 spatial-8x8x1 spatial-8x8x2 \
		vq-vae; do
		grep -q "^$name	" "$T/out/experiment3.tsv"
		recon-model --threads 1 "$T/out/models/$name.safetensors" "$T/test.pgm" \
			>"$T/recon"
	done
	# As after a kill: a checkpoint half way and no model.
	models=$T/out/models
	cp "$models/ae-32.safetensors" "$T/whole"
	grep '^[0-9]' "$models/ae-32.log.tsv" >"$T/rows"
	part=$(find "$T/out/parts/" -maxdepth 1 -name 'ae-32-????????????')
	cmp "$part" "$T/whole"
	rm "$part" "$models/ae-32.safetensors"
	recon-train ae --latent 32 --width 1 --steps 2 --batch 2 --lr 0.003 \
		--threads 1 --validate "$T/validate.pgm" \
		--checkpoint "$part.checkpoint" --output "$T/half" \
		"$T/train.pgm"
	touch "$T/mark"
	small
	# The same weights; metadata tell each its own command.
	recon-model --threads 1 "$T/whole" "$T/test.pgm" >"$T/recon"
	recon-model --threads 1 "$models/ae-32.safetensors" "$T/test.pgm" |
		cmp "$T/recon" -
	# It went on from step 2, its log too, and nothing else was trained.
	[ "$(find "$models/" -name '*.safetensors' -newer "$T/mark" |
		wc -l)" = 1 ]
	grep '^[0-9]' "$models/ae-32.log.tsv" | cmp - "$T/rows"
}

@test "drawn slices: three sets, none of which has an image of another" {
	experiment3 IMAGES=phantoms SIZE=16 TRAIN_PHANTOMS=132 STEPS=1 \
		VALIDATE_PHANTOMS=2 TEST_PHANTOMS=2 BATCH=2 WIDTH=1 \
		CODES_WIDTH=16 PIECES=1 INTENSITIES=0:1:2 SIGMAS=0:1:2 \
		>"$T/said"
	parts=$T/out/parts
	brain-phantom --size 16 --seed 1 --count 132 |
		cmp - <(cat "$parts"/phantoms-1-0-100-* \
			"$parts"/phantoms-1-100-32-*)
	brain-phantom --size 16 --seed 2 --count 2 | cmp - \
		"$parts"/phantoms-2-0-2-*
	brain-phantom --size 16 --seed 0 --count 2 | cmp - "$parts"/test-*
	# For models brought along only those they are tested on are drawn.
	bring
	rm -r "$T/out"
	experiment3 MODELS="$T/models" IMAGES=phantoms SIZE=16 TEST_PHANTOMS=3 \
		>"$T/said"
	brain-phantom --size 16 --seed 0 --count 3 | cmp - "$parts"/test-*
}

@test "what is wrong is named, and leaves no table" {
	refuses() {
		local pattern=$1
		shift
		if experiment3 "$@" >"$T/said" 2>&1; then return 1; fi
		grep -q -e "$pattern" "$T/said" || {
			cat "$T/said"
			return 1
		}
		[ ! -e "$T/out/experiment3.tsv" ]
	}
	bring
	refuses 'SCALE=huge, expected small or paper' SCALE=huge
	refuses 'missing is no folder' MODELS="$T/missing"
	mkdir "$T/empty"
	refuses 'empty holds no .safetensors file' MODELS="$T/empty"
	mkdir "$T/odd"
	cp "$T/models/mine.safetensors" "$T/odd/my model.safetensors"
	refuses 'expected a name of letters' MODELS="$T/odd"
	refuses 'nowhere is no file' MODELS="$T/models" IMAGES="$T/nowhere"
	refuses 'nowhere is no file' TRAIN_IMAGES="$T/nowhere"
	refuses 'INTENSITIES=1, expected' MODELS="$T/models" INTENSITIES=1
	refuses 'SIGMAS=x, expected' MODELS="$T/models" SIGMAS=x
	refuses 'radius: 0 is out of range' MODELS="$T/models" RADIUS=0
	refuses 'STEPS=0, expected' STEPS=0
	refuses 'LR=x, expected' LR=x
	refuses 'BELOW=x, expected' MODELS="$T/models" BELOW=x
	# What would be ignored.
	for given in TRAIN_IMAGES="$T/train.pgm" VALIDATE_IMAGES=phantoms \
		TRAIN_PHANTOMS=9 VALIDATE_PHANTOMS=9 WIDTH=1 CODES_WIDTH=16 \
		BATCH=2 STEPS=4 LR=0.003 VALIDATE_EVERY=1; do
		refuses "^experiment3: $given: the models of MODELS= are not" \
			MODELS="$T/models" "$given"
	done
	refuses '^experiment3: BATCH=2 STEPS=4: the models' \
		MODELS="$T/models" STEPS=4 BATCH=2
	STEPS=4 refuses '^experiment3: STEPS=4: the models' -e \
		MODELS="$T/models"
	refuses '^experiment3: SIZE=16: with MODELS= and IMAGES= nothing is' \
		MODELS="$T/models" SIZE=16
	refuses '^experiment3: TEST_PHANTOMS=2: with' \
		MODELS="$T/models" TEST_PHANTOMS=2
	# Images of another size than the model's, and a damaged model.
	pgm 8 8 $(seq 64) >"$T/other.pgm"
	refuses '8 x 8, expected .* (.*/[a-z0-9-]*.safetensors)$' \
		MODELS="$T/models" IMAGES="$T/other.pgm"
	head -c 900 "$T/models/mine.safetensors" >"$T/odd/cut.safetensors"
	rm "$T/odd/my model.safetensors"
	refuses 'recon-model: .*cut' MODELS="$T/odd"
}
