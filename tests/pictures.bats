#!/usr/bin/env bats
# Which images the pictures are made of.

load helpers
bats_require_minimum_version 1.5.0

setup() {
	cd "$ROOT" || return
	T=$BATS_TEST_TMPDIR
	$PYTHON -c '
import numpy, sys
r = numpy.random.default_rng(1)
def stream(n):
    for _ in range(n):
        x = r.integers(1, 256, (24, 30), dtype="u1")
        x[:, :6] = 0
        yield b"P5\n30 24\n255\n" + x.tobytes()
open(sys.argv[1] + "/in.pgm", "wb").writelines(stream(2))
open(sys.argv[1] + "/normal.pgm", "wb").writelines(stream(4))' "$T"
}

@test "what is normal is learnt from other images than those of the test" {
	normal() {
		BIN=$BIN BRAIN=$BRAIN BRAIN_SLICES=$slices PHANTOMS=2 \
			NORMAL=${given-} NORMAL_COUNT=3 IMAGES_KEPT="$T/kept" \
			pipelines/images "$1" normal
	}
	BRAIN=/usr/share/mricron/templates/ch2bet.nii.gz
	slices=70:76:3
	brain-phantom --count 5 >"$T/five"
	brain-phantom --count 2 | cat - "$(normal phantoms)" | cmp - "$T/five"
	for k in 71 74 72 75; do
		nii-slices --slices $k:$((k + 1)) "$BRAIN"
	done >"$T/between"
	cmp "$T/between" "$(normal colin27)"
	slices=70:76
	[ -z "$(normal colin27)" ]
	[ -z "$(normal "$T/in.pgm")" ]
	given=$T/normal.pgm
	[ "$(normal phantoms)" = "$T/normal.pgm" ]
	given=$T/missing
	run ! normal phantoms
}

@test "slices are kept for one brain and not taken for another's" {
	find_images() {
		BIN=$BIN BRAIN=$1 BRAIN_SLICES=1:3 PHANTOMS=2 \
			IMAGES_KEPT="$T/kept" pipelines/images colin27
	}
	$PYTHON -c '
import nibabel, numpy, sys
r = numpy.random.default_rng(2)
for name in sys.argv[1:]:
    nibabel.save(nibabel.Nifti1Image(
        r.random((8, 8, 4)).astype("f4"), numpy.eye(4)), name)' \
		"$T/a.nii" "$T/b.nii"
	touch -d 2001-01-01 "$T/a.nii" "$T/b.nii"
	nii-slices --slices 1:3 "$T/a.nii" | cmp - "$(find_images "$T/a.nii")"
	nii-slices --slices 1:3 "$T/b.nii" | cmp - "$(find_images "$T/b.nii")"
	# And made again when the brain itself is newer.
	cp "$T/b.nii" "$T/a.nii"
	nii-slices --slices 1:3 "$T/b.nii" | cmp - "$(find_images "$T/a.nii")"
}
