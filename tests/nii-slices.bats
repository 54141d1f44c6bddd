#!/usr/bin/env bats
# NIfTI files that are not what they should be.

load helpers

# make NAME EXPRESSION: a volume, the numpy expression over 3 x 4 x 5 voxels v
make_nii() {
	$PYTHON - "$@" <<'EOF'
import sys
import nibabel as nib
import numpy as np
v = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
v = eval(sys.argv[2])
image = v if hasattr(v, "header") else nib.Nifti1Image(v, np.eye(4))
nib.save(image, sys.argv[1])
EOF
}

refuses() {
	fails "$@"
	is_poison out
}

@test "a damaged or short .nii.gz, wherever it is cut" {
	make_nii v.nii.gz v
	size=$(stat -c %s v.nii.gz)
	for n in 0 1 5 100 $((size / 2)) $((size - 9)) $((size - 8)) \
		$((size - 4)) $((size - 1)); do
		head -c "$n" v.nii.gz >short.nii.gz
		refuses 3 'short.nii.gz: ' nii-slices short.nii.gz
	done
	# The checksum stands in the last eight bytes.
	for at in $((size - 8)) $((size - 3)) $((size / 2)); do
		cp v.nii.gz bad.nii.gz
		printf '\252\125' | dd of=bad.nii.gz bs=1 seek="$at" \
			conv=notrunc status=none
		refuses 3 'bad.nii.gz: ' nii-slices bad.nii.gz
	done
}

@test "a short .nii" {
	make_nii v.nii v
	for n in 0 1 347 348 352 353 400 591; do
		head -c "$n" v.nii >short.nii
		refuses 3 'short.nii: ' nii-slices short.nii
	done
	head -c 591 v.nii >short.nii
	refuses 3 'ends after 239 bytes of voxels, expected 240' \
		nii-slices short.nii
}

@test "four dimensions, colour and complex numbers" {
	make_nii four.nii 'np.stack([v, v], -1)'
	refuses 3 'expected one 3-D volume' nii-slices four.nii
	make_nii complex.nii 'v.astype(np.complex64)'
	refuses 3 'COMPLEX64' nii-slices complex.nii
	make_nii rgb.nii 'np.zeros((3, 4, 5), dtype=[("R", "u1"), ("G", "u1"),
		("B", "u1")])'
	refuses 3 'RGB24' nii-slices rgb.nii
}

@test "NaN and infinities, with the voxel" {
	make_nii nan.nii 'np.where(v == 27, np.nan, v)'
	refuses 3 'voxel (1, 1, 2) is NaN' nii-slices nan.nii
	make_nii inf.nii 'np.where(v == 59, -np.inf, v)'
	refuses 3 'voxel (2, 3, 4) is infinite' nii-slices inf.nii
}

@test "a header that claims too much" {
	make_nii v.nii v
	cp v.nii huge.nii
	# dim[1..3] = 32767 each, little-endian, at byte 42
	printf '\377\177\377\177\377\177' | dd of=huge.nii bs=1 seek=42 \
		conv=notrunc status=none
	(
		[ -n "${SANITIZED:-}" ] || ulimit -v 200000
		refuses 3 'ends after 240 bytes' nii-slices huge.nii
	)
	cp v.nii negative.nii
	printf '\376\377' | dd of=negative.nii bs=1 seek=44 conv=notrunc \
		status=none
	refuses 3 'dim\[2\] is -2' nii-slices negative.nii
	make_nii analyze.hdr 'nib.AnalyzeImage(v, np.eye(4))'
	refuses 3 'ANALYZE' nii-slices analyze.hdr
}

@test "no NIfTI at all" {
	printf 'P5\n1 1\n255\na' >image.nii
	refuses 3 'not a NIfTI file' nii-slices image.nii
	cp image.nii image.pgm
	refuses 3 'not a NIfTI file' nii-slices image.pgm
	refuses 4 'Is a directory' nii-slices .
	refuses 4 'No such file' nii-slices missing.nii.gz
	refuses 2 'found 0 operands' nii-slices
}

@test "a bad file after a good one: what was written is not whole" {
	make_nii v.nii v
	: >empty.nii
	fails 3 'empty.nii' nii-slices --index i.tsv v.nii empty.nii
	[ "$(tail -c 3 out)" = Pf ]
	[ "$(tail -n 1 i.tsv)" = '# incomplete' ]
	recon-degrade none out >/dev/null 2>err && return 1
	grep -q 'image 5: .*the program before failed' err
}

@test "bad options" {
	make_nii v.nii v
	refuses 2 "axis: found 'w'" nii-slices --axis w v.nii
	refuses 2 "axis: found 'xy'" nii-slices --axis xy v.nii
	for bad in 3 1:2:3:4 a:b 1:b 1.5:2 0:5:0 0:5:-1 0x1:3; do
		refuses 2 'slices: ' nii-slices --slices "$bad" v.nii
	done
	refuses 2 'none of its 5 slices across z' nii-slices --slices 5:9 v.nii
	refuses 2 'none of its 3 slices across x' nii-slices --axis x \
		--slices 2:1 v.nii
	for bad in max percentile percentile:1 percentile:99:1 percentile:-1:5 \
		percentile:1:101 percentile:a:b percentile:5:5; do
		refuses 2 'normalize: ' nii-slices --normalize "$bad" v.nii
	done
	refuses 2 'size: found 0' nii-slices --size 0 v.nii
	refuses 3 'above\|cannot be written' nii-slices --normalize none \
		--format pgm8 v.nii
}

@test "a slice is checked by hand" {
	# v = 20x + 5y + z; the slice z = 1, scaled by 59, y downwards.
	make_nii v.nii v
	nii-slices --slices 1:2 v.nii >slice.pfm
	$PYTHON - <<'EOF'
import numpy as np
data = open("slice.pfm", "rb").read()
head = b"Pf\n3 4\n-1.0\n"
assert data.startswith(head)
a = np.frombuffer(data[len(head):], "<f4").reshape(4, 3)[::-1]
want = [[(20 * x + 5 * y + 1) / 59 for x in range(3)]
        for y in (3, 2, 1, 0)]
assert np.array_equal(a, np.array(want, dtype=np.float32)), a
EOF
}
