#!/usr/bin/env bats
# NIfTI files that are not what they should be.

load helpers

# make_nii [NAME EXPRESSION]...: volumes, each the numpy expression over 3 x 4 x
# 5 voxels v
make_nii() {
	$PYTHON - "$@" <<'EOF'
import sys
import nibabel as nib
import numpy as np
v = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
for name, expression in zip(sys.argv[1::2], sys.argv[2::2]):
    x = eval(expression)
    image = x if hasattr(x, "header") else nib.Nifti1Image(x, np.eye(4))
    nib.save(image, name)
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
	refuses 2 'none of its 5 axial slices' nii-slices --slices 5:9 v.nii
	refuses 2 'none of its 3 x slices' nii-slices --axis x --slices 2:1 \
		v.nii
	refuses 2 'axis: found .AXIAL' nii-slices --axis AXIAL v.nii
	refuses 2 'coronal is a direction of the patient' nii-slices \
		--as-stored --axis coronal v.nii
	refuses 2 'nan: found .nan' nii-slices --nan nan v.nii
	for bad in max percentile percentile:1 percentile:99:1 percentile:-1:5 \
		percentile:1:101 percentile:a:b percentile:5:5; do
		refuses 2 'normalize: ' nii-slices --normalize "$bad" v.nii
	done
	refuses 2 'size: found 0' nii-slices --size 0 v.nii
	refuses 3 'above\|cannot be written' nii-slices --normalize none \
		--format pgm8 v.nii
}

@test "headers taken at their word: each field, in both byte orders" {
	make_nii v.nii v two.nii 'nib.Nifti2Image(v, np.eye(4))'
	cat >cases <<'EOF'
dim0=0|dim[0] is 0, expected 1 to 7
dim0=8|dim[0] is 8, expected
dim0=-3|dim[0] is -3, expected
two_dim0=65283|dim[0] is 65283, expected
two_dim0=-1|dim[0] is -1, expected
two_dim0=0|dim[0] is 0, expected
dim1=0|dim[1] is 0, expected at least 1
two_dim1=-7|dim[1] is -7, expected
two_dim1=9223372036854775807|dim[1] is 92.*, expected
two_dim0=7 two_dim7=2147483647 two_dim6=2147483647|values a voxel
two_dim0=7 two_dim7=0|dim[7] is 0
dim0=4 dim4=2|expected one 3-D volume
datatype=0|datatype is 0 (UNKNOWN), expected
datatype=1|datatype is 1 (BINARY), expected
datatype=1536|datatype is 1536 (FLOAT128)
bitpix=16|bitpix is 16, expected 32 for datatype 16
vox_offset=0|vox_offset is 0, expected .* at least 352
vox_offset=-16|vox_offset is -16, expected
vox_offset=350|vox_offset is 350, expected
vox_offset=352.5|vox_offset is 352.5, expected a whole
vox_offset=nan|vox_offset is NaN, expected
vox_offset=inf|vox_offset is infinite, expected
vox_offset=1e30|vox_offset is 1.0
vox_offset=368|ends after 224 bytes of voxels, expected 240
two_vox_offset=0|vox_offset is 0, expected .* at least 544
two_vox_offset=352|vox_offset is 352, expected
scl_slope=1 scl_inter=nan|scl_inter is NaN beside a scl_slope of 1
scl_slope=2 scl_inter=inf|scl_inter is infinite beside
scl_slope=1 scl_inter=-inf|scl_inter is -infinite beside
scl_slope=nan scl_inter=5|scl_slope is NaN beside a scl_inter of 5
scl_slope=inf scl_inter=-1024|scl_slope is infinite beside
scl_slope=nan scl_inter=inf|scl_slope is NaN beside a scl_inter of inf
magic=ni2|magic is not n+1 or ni1
magic=n+1\n|magic is not n+1
two_magic=n+2\0\n\n\032\n|changed as if it were text
srow_x=nan|srow_x.*not finite (row 1, column 1)
srow_x=0|affine of the header is singular
sform_code=0 qform_code=1 quatern_b=2|quatern_d have the length 2
sform_code=0 qform_code=1 quatern_b=nan|quatern_d have the length
sform_code=0 pixdim1=nan|pixdim gives an affine that is not finite
sizeof_hdr=0|sizeof_hdr is neither 348
EOF
	$PYTHON - <<'EOF'
import re
import struct
import subprocess
import nibabel as nib

FIELDS = {"sizeof_hdr": (0, "i"), "dim0": (40, "h"), "dim1": (42, "h"),
          "dim4": (48, "h"), "datatype": (70, "h"), "bitpix": (72, "h"),
          "pixdim1": (80, "f"), "vox_offset": (108, "f"),
          "scl_slope": (112, "f"), "scl_inter": (116, "f"),
          "qform_code": (252, "h"), "sform_code": (254, "h"),
          "quatern_b": (256, "f"), "srow_x": (280, "f"), "magic": (344, "4s"),
          "two_magic": (4, "8s"), "two_dim0": (16, "q"), "two_dim1": (24, "q"),
          "two_dim6": (64, "q"), "two_dim7": (72, "q"),
          "two_vox_offset": (168, "q"), "two_scl_slope": (176, "d")}


def damaged(change, endian):
    two = change.startswith("two")
    data = bytearray(open("two.nii" if two else "v.nii", "rb").read())
    if endian == ">":
        kind = nib.Nifti2Header if two else nib.Nifti1Header
        header = kind(bytes(data[:540 if two else 348]), "<", check=False)
        raw = header.as_byteswapped(">").binaryblock
        data[:len(raw)] = raw
    for field, value in (x.split("=", 1) for x in change.split()):
        at, kind = FIELDS[field]
        value = float(value) if kind in "fd" else int(value) \
            if "s" not in kind else \
            value.encode().decode("unicode_escape").encode("latin1")
        struct.pack_into(endian + kind, data, at, value)
    open("bad.nii", "wb").write(data)


def run(*args):
    return subprocess.run(["nii-slices", *args], capture_output=True)


for line in open("cases"):
    change, want = line.rstrip("\n").split("|")
    for endian in "<>":
        damaged(change, endian)
        got = run("bad.nii")
        said = got.stderr.decode()
        assert got.returncode == 3 and got.stdout == b"Pf\n" and \
            said.count("\n") == 1 and \
            said.startswith("nii-slices: bad.nii: ") and \
            re.search(re.escape(want).replace(r"\.\*", ".*"), said), \
            (change, endian, want, got)
# Where voxels lie is no matter where they are taken as stored, and some
# writers leave bitpix out.
want = run("--as-stored", "v.nii").stdout
for change in ["srow_x=nan", "srow_x=0", "bitpix=0",
               "sform_code=0 qform_code=1 quatern_b=2"]:
    damaged(change, "<")
    got = run("--as-stored", "bad.nii")
    assert got.returncode == 0 and got.stdout == want, (change, got)
EOF
}

@test "what is no NIfTI is named, with the program that reads it" {
	local cases=(
		'(\265/\375\0|zstd -dc FILE | nii-slices -'
		'BZh91AY|bzip2 -dc FILE | nii-slices -'
		'\3757zXZ\0\0|xz -dc FILE | nii-slices -'
		'PK\3\4\24|a zip archive: unzip -p'
		'\0\0\0\1\0\0\1\0|an MGH volume: mri_convert'
		'NRRD0004|an NRRD file'
		'ObjectType = Image|a MetaImage header'
		'\211HDF\r\n\032\n|an HDF5 or MINC file: mnc2nii'
		'\223NUMPY\1\0|a numpy array: nibabel'
		'\211PNG\r\n\032\n|a PNG image: pngtopnm'
		'\377\330\377\340|a JPEG image: jpegtopnm'
		'II*\0|a TIFF image: tifftopnm'
		'Pf\n1 1\n-1\n|an image stream'
	)
	for case in "${cases[@]}"; do
		# shellcheck disable=SC2059 # the bytes are the format
		printf "${case%%|*}" >scan.nii
		refuses 3 "scan.nii: not a NIfTI file but .*${case#*|}" \
			nii-slices scan.nii
	done
	{ head -c 128 /dev/zero; printf DICM; } >scan.nii
	refuses 3 'a DICOM file: dcm2niix' nii-slices scan.nii
	make_nii v.nii v
	gzip -c v.nii | gzip -c >twice.nii.gz
	refuses 3 'compressed twice with gzip: gzip -dc' nii-slices \
		twice.nii.gz
	: >none.nii
	refuses 3 'it is empty' nii-slices none.nii
	head -c 400 /dev/zero >zeros.nii
	refuses 3 'sizeof_hdr is neither' nii-slices zeros.nii
	# What the messages say works.
	if command -v bzip2 >/dev/null; then
		bzip2 -c v.nii | bzip2 -dc | nii-slices - |
			cmp - <(nii-slices v.nii)
	fi
}

@test "pairs that are none" {
	make_nii v.nii v pair.hdr 'nib.Nifti1Pair(v, np.eye(4))'
	cp pair.hdr single.nii
	refuses 3 'single.nii: magic says that its voxels are in another file' \
		nii-slices single.nii
	head -c 100 pair.img >short && mv short pair.img
	refuses 3 'pair.hdr: the file ends after 100 bytes of voxels' \
		nii-slices pair.hdr
	rm pair.img
	refuses 4 'pair.hdr: open pair.img: No such file' nii-slices pair.hdr
	refuses 4 'pair.hdr: open pair.img: No such file' nii-slices \
		--normalize none pair.hdr
	cp v.nii lone.img
	refuses 4 'No such file' nii-slices lone.img
}

@test "a header that cannot be read is the system's error" {
	refuses 4 'Input/output error' nii-slices /proc/self/mem
	refuses 4 'Is a directory' nii-slices "$PWD"
}

@test "interrupted, short and failing reads" {
	make_nii v.nii.gz 'np.random.default_rng(0).random((40, 40, 40))'
	gzip -dc v.nii.gz >v.nii
	nii-slices v.nii >want
	# Every other read is interrupted, the others are short; or read number
	# FAILS fails.
	gcc -shared -fPIC -o shim.so -x c - <<'EOF'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

ssize_t
read(int fd, void *to, size_t n)
{
	static ssize_t (*next)(int, void *, size_t);
	static int calls;
	const char *fails = getenv("FAILS");

	if (next == NULL)
		next = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT,
		    "read");
	calls++;
	if (fails != NULL && calls == atoi(fails)) {
		errno = EIO;
		return -1;
	}
	if (fails == NULL && calls % 2 == 1) {
		errno = EINTR;
		return -1;
	}
	return next(fd, to, n > 1000 ? 1000 : n);
}
EOF
	# A sanitizer need not come first.
	export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0
	for file in v.nii v.nii.gz; do
		LD_PRELOAD=$PWD/shim.so nii-slices "$file" | cmp - want
		for n in 1 2 9; do
			fails 4 "$file: read: Input/output error" env \
				LD_PRELOAD="$PWD/shim.so" FAILS=$n \
				nii-slices "$file"
			is_poison out
		done
	done
	{ head -c 100 v.nii.gz; sleep .1; tail -c +101 v.nii.gz; } |
		nii-slices - | cmp - want
}

@test "labels that are none" {
	make_nii half.nii 'np.where(v == 7, .4871, v % 3)' \
		near.nii 'np.where(v == 59, 1.0011, v % 3)' \
		flipped.nii 'nib.Nifti1Image(np.where(v == 59, .5, 1),
		np.diag([-1, -1, 1, 1]))' v.nii v
	refuses 3 'half.nii: voxel (0, 1, 2) is 0.4871, expected a whole number' \
		nii-slices --labels half.nii
	refuses 3 'near.nii: voxel (2, 3, 4) is 1.0011, expected a whole number' \
		nii-slices --ignore 2 near.nii
	refuses 3 'voxel (2, 3, 4) is 0.5' nii-slices --labels flipped.nii
	for option in '--normalize minmax' '--normalize=none' --clip \
		'--format pfm' '--format pgm16'; do
		# shellcheck disable=SC2086 # an option and its value
		refuses 2 "${option%%[ =]*}.* has no meaning for labels" \
			nii-slices --labels $option v.nii
	done
	nii-slices --labels --format pgm8 v.nii >/dev/null
	for bad in '1,' ,1 1,,2 - 1- 1-2 99999999999; do
		refuses 2 'labels: ' nii-slices --labels="$bad" v.nii
		refuses 2 'ignore: ' nii-slices --ignore "$bad" v.nii
	done
	refuses 2 'labels: found -1, expected labels above 0' nii-slices \
		--labels -1 v.nii
	refuses 2 'labels: found 0, ' nii-slices --labels 1,0 v.nii
	refuses 2 'labels: empty' nii-slices --labels= v.nii
	refuses 2 'labels is given twice' nii-slices --labels 1 --labels v.nii
	refuses 2 'two masks' nii-slices --labels 1 --ignore 2 v.nii
	refuses 2 'brain: what lies outside' nii-slices --labels \
		--brain v.nii v.nii
	refuses 2 'threshold cuts a mask' nii-slices --threshold .5 v.nii
	refuses 2 'threshold cuts a mask' nii-slices --labels 1 \
		--threshold .5 v.nii
	for bad in 0 -1 x nan; do
		refuses 2 'threshold: ' nii-slices --labels \
			--threshold "$bad" v.nii
	done
}

@test "another grid: both files are named" {
	make_nii v.nii v half.nii 'v / 118' short.nii 'v[:, :, :4]' \
		moved.nii 'nib.Nifti1Image(v, np.array([[1, 0, 0, 0],
		[0, 1, 0, 0], [0, 0, 1, .002], [0, 0, 0, 1]]))' \
		near.nii 'nib.Nifti1Image(v, np.array([[1, 0, 0, .0005],
		[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))' \
		left.nii 'nib.Nifti1Image(v, np.diag([-1, 1, 1, 1]))'
	for option in --like --brain; do
		refuses 3 "v.nii: 3 x 4 x 5 voxels, but short.nii has 3 x 4 x 4" \
			nii-slices $option short.nii v.nii
		refuses 3 'v.nii: row 3, column 4 .* is 0, but moved.nii has 0.002' \
			nii-slices $option moved.nii v.nii
		refuses 3 'v.nii: row 1, column 4 .* is 0, but left.nii has -2' \
			nii-slices $option left.nii v.nii
		nii-slices $option near.nii v.nii >/dev/null
		refuses 4 'missing.nii: .*No such file' nii-slices $option \
			missing.nii v.nii
	done
	refuses 3 'left.nii has -1' nii-slices --as-stored --like left.nii v.nii
	nii-slices --as-stored --brain left.nii v.nii >/dev/null
	refuses 3 'half.nii: voxel .* expected a whole number' nii-slices \
		--brain half.nii v.nii
}

@test "warnings: one line a run, and errors with --strict" {
	make_nii a.nii 'v - 30' c.nii v unknown.nii 'nib.Nifti1Image(v, None)'
	cp a.nii b.nii
	nii-slices --normalize none a.nii b.nii >want 2>err
	[ "$(cat err)" = "nii-slices: warning: a.nii: 30 voxels of the \
foreground become 0 or less by --normalize none, which is background to all \
programs (so in 2 volumes)" ]
	refuses 3 'a.nii: 30 voxels of the foreground' nii-slices --strict \
		--normalize none a.nii b.nii
	refuses 3 'unknown.nii: qform_code and sform_code are 0' nii-slices \
		--strict unknown.nii
	nii-slices --strict --as-stored unknown.nii >out 2>err
	[ ! -s err ]
	nii-slices --normalize percentile:50:90 a.nii >/dev/null 2>err
	[ ! -s err ]
	refuses 3 'c.nii: 29 voxels of the foreground become 0 or less by .*50:90' \
		nii-slices --strict --normalize percentile:50:90 c.nii
}

@test "formats of integers keep the foreground" {
	make_nii dim.nii 'np.where(v < 30, 0, np.where(v == 59, 1e6, 1))'
	nii-slices --format pgm8 dim.nii >out 2>err
	[ "$(cat err)" = "nii-slices: 29 samples above 0 that would round to 0, \
the background, were written as 1 step" ]
	[ "$(tail -c +12 out | tr -dc '\001' | wc -c)" = 29 ]
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

# subjects_of OPTION... FILE...: the subjects of the first slices, on one line
subjects_of() {
	nii-slices --slices :1 --index i.tsv "$@" >/dev/null
	grep -v '^#' i.tsv | cut -f 2 | sed 1d | paste -sd ' '
}

@test "subjects: of BIDS, of folders, of files, of a pattern" {
	make_nii v.nii.gz v
	at() { for path; do mkdir -p "$(dirname "$path")"
		cp v.nii.gz "$path"; done; subjects_of "$@"; }
	[ "$(at sub-01/anat/sub-01_T1w.nii.gz sub-02/anat/x.nii.gz)" = \
		'sub-01 sub-02' ]
	[ "$(at sub-3.nii.gz d/sub-4_ses-1.nii.gz)" = 'sub-3 sub-4' ]
	[ "$(at A/flair.nii.gz B/flair.nii.gz)" = 'A B' ]
	[ "$(at A/anat/t1.nii.gz B/anat/t1.nii.gz B/anat/t2.nii.gz)" = \
		'A B B' ]
	[ "$(at all/one.nii.gz all/two.nii.gz)" = 'one two' ]
	[ "$(at A/flair.nii.gz)" = flair ]
	[ "$(at here.nii.gz there/it.nii.gz)" = 'here there' ]
	[ "$(at sub-/a.nii.gz sub-/b.nii.gz)" = 'a b' ]
	[ "$(subjects_of --subject-from '/([a-z]+)[.]' all/one.nii.gz \
		A/flair.nii.gz)" = 'one flair' ]
	[ "$(subjects_of --subject-from '^(.)' all/one.nii.gz all/two.nii.gz)" \
		= 'a a' ]
	refuses 2 "subject-from: '(a)(b)' has 2 groups, expected one" \
		nii-slices --index i.tsv --subject-from '(a)(b)' v.nii.gz
	refuses 2 "subject-from: '(': " \
		nii-slices --index i.tsv --subject-from '(' v.nii.gz
	refuses 2 'subject-from .* --index' \
		nii-slices --subject-from '(a)' v.nii.gz
	refuses 3 'v.nii.gz: the path does not match --subject-from' \
		nii-slices --index i.tsv --subject-from '(q)' v.nii.gz
	[ "$(tail -n 1 i.tsv)" = '# incomplete' ]
	refuses 3 'v.nii.gz: the group of --subject-from matches nothing' \
		nii-slices --index i.tsv --subject-from '(q*)' v.nii.gz
}

@test "an index is what --groups reads" {
	make_nii a.nii v b.nii 'v[::-1]'
	nii-slices --index i.tsv a.nii b.nii >map
	nii-slices --labels --threshold 50 a.nii b.nii >mask
	score --metrics auroc --groups i.tsv map mask >table
	head -c 99999 i.tsv | grep -v '^9' >short.tsv
	fails 3 'short.tsv: no row for image 9' \
		score --metrics auroc --groups short.tsv map mask
	nii-slices a.nii >map
	nii-slices --labels --threshold 50 a.nii >mask
	fails 3 'i.tsv: a row for image 9, but the stream ends after 5 images' \
		score --metrics auroc --groups i.tsv map mask
}

@test "slices without foreground are left out with their masks and rows" {
	make_nii v.nii 'v * (np.arange(5) % 2) * (v > 20)' l.nii '(v > 30) * 1.0'
	nii-slices --normalize none --index all.tsv v.nii >all
	nii-slices --labels l.nii >masks
	stream-pick --where 'foreground>=1' --index all.tsv --picked some.tsv \
		all >some
	stream-pick --where 'foreground>=1' --index all.tsv masks >some-masks
	nii-slices --normalize none --slices 1::2 v.nii | cmp - some
	nii-slices --slices 1::2 --labels l.nii | cmp - some-masks
	$PYTHON - <<'EOF'
import nibabel as nib, numpy as np
v = np.asanyarray(nib.load("v.nii").dataobj)
def column(path, name):
    rows = [r.split("\t") for r in open(path).read().splitlines()
            if r[0] != "#"]
    return [int(r[rows[0].index(name)]) for r in rows[1:]]
count = [int((v[..., k] > 0).sum()) for k in range(5)]
assert column("all.tsv", "foreground") == count and count[0] == 0
assert column("some.tsv", "slice") == [1, 3]
assert column("some.tsv", "foreground") == [count[1], count[3]]
EOF
}

@test "slices-nii: what does not fit, and nothing is written" {
	make_nii v.nii v w.nii 'np.zeros((3, 4, 6), np.float32)' \
		u.nii 'np.zeros((4, 4, 5), np.float32)' \
		label.nii 'v.astype(np.uint8)'
	nii-slices --index i.tsv v.nii >maps
	nii-slices --index both.tsv v.nii w.nii >both
	no() { fails "$@"
		[ ! -e b.nii ] && [ ! -s out ] &&
			[ -z "$(find . -name '.blindspot-*')" ]; }
	back() { slices-nii --output b.nii "$@"; }
	no 2 'no --like' back maps
	no 2 'no --output' slices-nii --like v.nii maps
	no 2 "output: found 'b.img'" slices-nii --like v.nii --output b.img maps
	no 2 'b.nii\|v.nii' slices-nii --like v.nii --output v.nii maps
	no 2 'the index says how' back --like v.nii --index i.tsv --axis x maps
	no 2 'volume is one of --index' back --like v.nii --volume 0 maps
	no 2 'volume: found 2, but both.tsv has 2' back --like v.nii \
		--index both.tsv --volume 2 both
	no 2 'label: found 256, expected at most 255' \
		back --like label.nii --label 256 maps
	no 3 "axis: found 'w'\|image 0: is 3 x 4, expected the 4 x 4 of" \
		back --like u.nii --index i.tsv maps
	no 3 '5 images, but w.nii has 6 slices' back --like w.nii maps
	no 3 '0 of its 2 volumes have the file u.nii' \
		back --like u.nii --index both.tsv both
	no 3 'i.tsv: no row for image 5' back --like v.nii --index i.tsv both
	no 3 'both.tsv: a row for image 10, but the stream ends after 5' \
		back --like v.nii --index both.tsv maps
	sed 's/\t4\tv/\t5\tv/' i.tsv >far.tsv
	no 3 'far.tsv: image 4 is slice 5, but v.nii has 5' \
		back --like v.nii --index far.tsv maps
	sed 's/\t4\tv/\t3\tv/' i.tsv >twice.tsv
	no 3 'twice.tsv: image 4 is slice 3, as another one before' \
		back --like v.nii --index twice.tsv maps
	grep -v '^# ax' i.tsv >bare.tsv
	no 3 "bare.tsv: no line '# axis'" back --like v.nii --index bare.tsv maps
	printf 'image\tsubject\n0\ta\n' >plain.tsv
	no 3 'plain.tsv: no columns volume and slice' \
		back --like v.nii --index plain.tsv maps
	head -c 100 maps >short
	no 3 'short: image 1' back --like v.nii --index i.tsv short
	no 3 'not a NIfTI' back --like maps --index i.tsv maps
	no 4 'No such file' back --like absent.nii --index i.tsv maps
	fails 4 'No such file' slices-nii --like v.nii --output d/b.nii maps
	ln -s /dev/full full.nii
	fails 4 'full.nii: .*No space' \
		slices-nii --like v.nii --output full.nii maps
	back --like v.nii --index i.tsv maps
	cmp <(nii-slices b.nii) maps
}

@test "an index names the rows of score" {
	make_nii a.nii v b.nii 'v[::-1]'
	nii-slices --index i.tsv a.nii b.nii >map
	nii-slices --labels --threshold 50 a.nii b.nii >mask
	score --per-image --metrics ap --index i.tsv map mask >table
	[ "$(grep -v '^#' table | cut -f 1-4 | sed -n '1p;2p;11p' |
		tr '\t\n' ' ;')" = \
		'image subject file pixels;0 a a.nii 12;9 b b.nii 12;' ]
	score --lesions lesions --index i.tsv --metrics ap --bootstrap 0 \
		map mask >/dev/null
	[ "$(grep -v '^#' lesions | awk -F '\t' 'NR < 3 { print $2, $NF }')" = \
		"$(printf 'subject file\na a.nii')" ]
	score-compare table table >out
	fails 2 'index names rows' score --index i.tsv map mask
	head -n -1 i.tsv >short.tsv
	fails 3 'short.tsv: no row for image 9' \
		score --per-image --index short.tsv --metrics ap map mask
	{ cat i.tsv; printf '10\tc\t2\t0\tc.nii\t1\t1\t1\t1\n'; } >long.tsv
	fails 3 'long.tsv: a row for image 10, but the stream ends after 10' \
		score --per-image --index long.tsv --metrics ap map mask
}
