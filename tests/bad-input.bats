#!/usr/bin/env bats
# Bad input gets one clear line, the right status, and is not mistaken for good.

load helpers
bats_require_minimum_version 1.5.0

@test "magic numbers: what it is and what converts it" {
	printf 'P6\n1 1\n255\nabc' >ppm
	printf 'PF\n1 1\n-1\nabcdefghijkl' >cpfm
	printf 'P4\n1 1\n\000' >pbm
	printf 'hello\n' >text
	gzip <ppm >gz
	fails 3 'ppm: image 0: byte 0: .*PPM.*ppmtopgm' recon-degrade none ppm
	fails 3 'colour.*pfmtopam' recon-degrade none cpfm
	fails 3 'bitmap.*pamdepth' recon-degrade none pbm
	fails 3 "'h' 'e'" recon-degrade none text
	fails 3 'gzip' recon-degrade none gz
	is_poison out
}

@test "files that are no streams are named, with what reads them" {
	mkdir files
	$PYTHON - <<'EOF'
import io, bz2, lzma, struct, zipfile
import numpy as np, nibabel
x = np.random.default_rng(0).random((5, 6, 3)).astype("f4")
np.save("files/npy", x); np.savez("files/zip", x=x)
nibabel.save(nibabel.Nifti1Image(x, np.eye(4)), "files/nifti1.nii")
nibabel.save(nibabel.Nifti2Image(x, np.eye(4)), "files/nifti2.nii")
nibabel.save(nibabel.Nifti1Image(x, np.eye(4)), "files/gz.nii.gz")
from skimage.io import imsave
y = (255 * x[..., 0]).astype("u1")
for kind in "png", "jpg", "tif", "bmp", "gif":
    imsave(f"files/{kind}.{kind}", y, check_contrast=False)
open("files/tiff-big", "wb").write(b"MM\0*" + bytes(20))
open("files/dicom", "wb").write(bytes(128) + b"DICM" + bytes(20))
open("files/hdf5", "wb").write(b"\x89HDF\r\n\x1a\n" + bytes(20))
open("files/bz2", "wb").write(bz2.compress(b"abc"))
open("files/xz", "wb").write(lzma.compress(b"abc"))
open("files/zst", "wb").write(b"\x28\xb5\x2f\xfd" + bytes(9))
EOF
	named() { fails 3 "byte 0: found $2.*$3" recon-degrade none "files/$1"; }
	named npy.npy 'a numpy array' 'blindspot-stream(5)'
	named zip.npz 'a zip' PyTorch
	named nifti1.nii 'a NIfTI' nii-slices
	named nifti2.nii 'a NIfTI' nii-slices
	named gz.nii.gz 'a gzip' 'nii-slices reads .nii.gz, gzip -dc'
	named png.png 'a PNG' pngtopam
	named jpg.jpg 'a JPEG' jpegtopnm
	named tif.tif 'a TIFF' tifftopnm
	named tiff-big 'a TIFF' tifftopnm
	named bmp.bmp 'a BMP' bmptopnm
	named gif.gif 'a GIF' giftopnm
	named dicom 'a DICOM' dcm2niix
	named hdf5 'an HDF5' h5py
	named bz2 'a bzip2' bzip2
	named xz 'an xz' xz
	named zst 'a zstd' zstd
	fails_on files/dicom 3 'a DICOM' recon-degrade none -
	pgm 1 1 1 >one
	fails 3 'npy: .*a numpy array.*mask' score one files/npy.npy
}

@test "plain images without a final newline, white space after raw ones" {
	printf 'P2\n3 2\n255\n0 51 102\n153 204 255\n' >with.pgm
	printf 'P2\n3 2\n255\n0 51 102\n153 204 255' >without.pgm
	recon-degrade none with.pgm >want
	recon-degrade none without.pgm | cmp - want
	recon-degrade none <without.pgm | cmp - want
	printf 'P1\n3 2\n101\n010\n' >with.pbm
	printf 'P1\n3 2\n101\n010' >without.pbm
	score with.pgm with.pbm | grep -v '^#' >want
	score without.pgm without.pbm | grep -v '^#' | cmp - want
	# In the middle of a stream the last number and the next magic run
	# together, and so do cut numbers.
	cat without.pgm with.pgm >glued
	fails 3 'expected a digit' recon-degrade none glued
	printf 'P2\n3 2\n255\n0 51 102\n153 204' >"cut"
	fails 3 'ends after 4 of 6' recon-degrade none "cut"
	printf 'P5\n2 1\n255\nab' >raw
	printf 'Pf\n1 1\n-1.0\n\0\0\200\077' >float
	cat raw float | recon-degrade none >want
	{ cat raw; printf '\n'; cat float; printf ' \t\r\n\n'; } |
		recon-degrade none | cmp - want
	{ cat raw; printf '\n'; cat raw; printf '\n'; } >two
	[ "$(pamfile -allimages two | grep -c PGM)" = 2 ]
	{ printf '\n'; cat raw; } >before
	fails 3 'magic number' recon-degrade none before
	printf 'Pf\n1 1\n-1.0\r\n\0\0\200\077' >crlf
	fails 3 'carriage return and a newline' recon-degrade none crlf
}

@test "-h is --help, and a parameter before its KIND says so" {
	for program in $PROGRAMS; do
		"$program" -h | cmp - <("$program" --help)
	done
	recon-degrade blur -h | cmp - <(recon-degrade blur --help)
	fails 2 "KIND first, as in 'recon-degrade blur --sigma'" \
		recon-degrade --sigma 2 blur
	fails 2 'KIND first' anom-inject --radius=3 disk
	fails 2 'KIND first' residual --median 3 abs a b
	fails 2 'nearest is --' recon-degrade --sigmoid 2 blur
	fails 2 'unknown option -x' recon-degrade -x
	fails 4 'open' recon-degrade none -- -h
}

@test "the conversions that messages name work" {
	printf 'P4\n2 1\n\100' >pbm
	pamdepth 255 pbm 2>/dev/null | recon-degrade none >/dev/null
	printf 'P6\n1 1\n255\nabc' | ppmtopgm | recon-degrade none >/dev/null
	printf 'P6\n1 1\n255\nabc' | pamtopfm >cpfm
	pfmtopam cpfm | ppmtopgm | recon-degrade none >/dev/null
}

# Sanitizers reserve terabytes of addresses.
limit_memory() {
	[ -n "${SANITIZED:-}" ] || ulimit -v 60000
}

@test "sizes: nothing is allocated before the data is there" {
	printf 'P5\n2000000000 2000000000\n255\nabc' >beyond
	printf 'P5\n2000000000 200000000\n255\nabc' >huge
	printf 'Pf\n60000 60000\n-1\nabc' >large
	printf 'P5\n0 3\n255\n' >zero
	printf 'P5\n-2 3\n255\n' >negative
	for program in recon-degrade anom-inject; do
		kind=$(kinds $program | head -1)
		fails 3 'does not fit into memory' $program "$kind" beyond
		(limit_memory
		 fails 3 'ends after 3 of' $program "$kind" huge)
		(limit_memory
		 fails 3 'ends after 0 of 3600000000' $program "$kind" large)
		fails 3 'byte 5: width: found 0' $program "$kind" zero
		fails 3 "width: found '-2'" $program "$kind" negative
	done
}

@test "samples: maxval, and above it" {
	printf 'P5\n1 1\n0\na' >zero
	printf 'P5\n1 1\n70000\nab' >big
	printf 'P5\n2 1\n9\n\001\012' >above
	fails 3 'maxval: found 0' recon-degrade none zero
	fails 3 'maxval: found 70000' recon-degrade none big
	fails 3 'byte 10: row 0, column 1: a sample above maxval' \
		recon-degrade none above
}

@test "samples: NaN and infinities, with image, row and column" {
	{
		printf 'Pf\n1 1\n-1\n\0\0\0\0'
		printf 'Pf\n2 2\n-1\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\300\177'
	} >nan
	printf 'Pf\n1 1\n-1\n\0\0\200\377' >inf
	fails 3 'nan: image 1: byte [0-9]*: row 0, column 1: NaN' \
		recon-degrade blur nan
	fails 3 'row 0, column 0: an infinity' residual abs inf inf
}

@test "a result too large for a float is refused" {
	printf 'Pf\n1 1\n-1\n\377\377\177\177' >huge
	printf 'Pf\n1 1\n-1\n\377\377\177\377' >minus
	fails 3 'inf cannot be written' residual abs huge minus
	is_poison out
}

@test "pairs of different length or size" {
	make_inputs
	cat a.pgm a.pgm >longer
	pgm 2 2 1 2 3 4 >small
	fails 3 'a.pgm: byte [0-9]*: the stream ends after 2 images, but longer' \
		residual abs a.pgm longer
	fails 3 'the stream ends after 2 images, but longer' \
		residual abs longer a.pgm
	fails 3 'small: image 0: found 2 x 2, expected the size in a.pgm, 3 x 3' \
		residual abs a.pgm small
	fails 3 'found 2 x 2, expected' score a.pgm small
	fails 3 'but longer has more' score a.pgm longer
	fails 3 'found 2 x 2' score --within small a.pgm m.pgm
}

@test "standard input at most once" {
	fails 2 'named twice' residual abs - -
	fails 2 'named twice' score - -
	fails 2 'named twice' score --within - a -
	fails 2 'named twice' anom-inject disk --positions - -
	fails 2 'named twice' anom-inject disk --positions -
}

@test "an image without foreground" {
	pgm 2 2 0 0 0 0 >dark
	fails 3 'dark: image 0: an image of 2 x 2 without foreground' \
		anom-inject disk dark
}

@test "a mask of zeros is undefined, counted, and no success" {
	make_inputs
	pgm 3 3 0 0 0 0 0 0 0 0 0 >none
	pgm 3 3 1 2 3 4 5 6 7 8 9 >map
	score --metrics ap,mean_residual map none >table
	grep -q '^ap	nan	nan	nan	nan	0	1	nan	0$' table
	score --metrics ap --require 'ap>=0' map none >table 2>err && return 1
	grep -q 'ap>=0: no' err
	run -1 score --metrics ap --require 'ap<=1' map none
}

@test "no images: an empty stream for a filter, bad data for score" {
	: >empty
	for kind in $(kinds recon-degrade | grep -v inpaint); do
		[ "$(recon-degrade "$kind" empty | wc -c)" = 0 ]
	done
	[ "$(anom-inject disk --mask m empty | wc -c)" = 0 ]
	[ "$(wc -c <m)" = 0 ]
	[ "$(residual abs empty empty | wc -c)" = 0 ]
	fails 3 'no images' score empty empty
	fails 3 'no images' score --per-image empty empty
	fails 3 'no images' score --pooled empty empty
	[ "$(cat out)" = '# incomplete' ]
}

@test "arguments that cannot be read" {
	make_inputs
	fails 4 'missing: open: No such file' recon-degrade none missing
	fails 4 'Is a directory' recon-degrade none .
	fails 4 'Is a directory' score . .
	fails 4 'Is a directory' nii-slices .
	fails 4 'No such file' nii-slices missing.nii
	fails 4 'No such file' anom-inject disk --positions missing a.pgm
	fails 4 'open for writing' anom-inject disk --mask no/mask a.pgm
	cp a.pgm secret
	chmod 0 secret
	if [ "$(id -u)" = 0 ]; then
		chmod 755 .
		copy=$(mktemp -d)
		chmod 755 "$copy"
		cp "$BIN/recon-degrade" "$copy"
		touch "$copy/secret"
		chmod 0 "$copy/secret"
		status=0
		(cd "$copy" && setpriv --reuid 65534 --clear-groups \
			./recon-degrade none secret) >out 2>err || status=$?
		rm -rf "$copy"
		[ "$status" = 4 ]
	else
		fails 4 'Permission denied' recon-degrade none secret
		return
	fi
	grep -q 'secret: open: Permission denied' err
}

@test "unknown kinds, options and metrics: the nearest is named" {
	fails 2 "unknown kind 'dsik'; the nearest is 'disk'" anom-inject dsik
	fails 2 "nearest is 'blur'" recon-degrade blr
	fails 2 "nearest is 'square'" residual sqare a b
	fails 2 'unknown option --radios; the nearest is --radius' \
		anom-inject disk --radios 3
	fails 2 'nearest is --sigma' recon-degrade blur --sigm 1
	fails 2 'nearest is --seed' recon-degrade blur --sede=1
	fails 2 'unknown option --sigma' recon-degrade none --sigma 1
	fails 2 "nearest is 'auroc'" score --metrics auc a b
	fails 2 'unknown option -r' anom-inject disk -r 3
	fails 2 "unknown metric ''" score --metrics ap, a b
	fails 2 'twice' score --metrics ap,ap a b
	fails 2 'help' score --hlep
}

@test "option names are exact, given once, with a value" {
	fails 2 'unknown option --rad' anom-inject disk --rad 3
	fails 2 '--radius is given twice' anom-inject disk --radius 3 --radius=4
	fails 2 '--seed is given twice' anom-inject disk --seed 3 --seed 3
	fails 2 '--radius: nothing follows' anom-inject disk --radius
	fails 2 '--clip takes no value' recon-degrade none --clip=yes
	fails 2 'unexpected operand' recon-degrade none a b
	fails 2 'unexpected operand' score a b c
	fails 2 'found 1 operand, expected RESIDUAL MASK' score a
	fails 2 'found 0 operands, expected HEALTHY RECON' anom-predict
	fails 2 'abs needs a RECON: found 0 operands, expected 2' residual abs
	fails 2 'mahalanobis needs a RECON: found 1 operand, expected 2' \
		residual mahalanobis a
	fails 2 "zscore takes no RECON: unexpected operand 'b'" residual \
		zscore --model m a b
	fails 2 "unexpected operand 'c', expected INPUT .RECON." residual abs \
		a b c
	fails 2 "unexpected operand 'b', expected .IMAGES." recon-degrade \
		none a b
	fails 2 'no KIND' anom-inject
}

@test "numbers: junk, empty, out of range" {
	for bad in 3x '' ' 3' 0x3 inf nan 1e999 0:1:3 1,5 --; do
		fails 2 '^anom-inject: .*radius' anom-inject disk --radius "$bad"
	done
	fails 2 'radius: 0 is out of range, expected above 0' \
		anom-inject disk --radius 0
	fails 2 'radius: -1 is out of range' anom-inject disk --radius -1
	fails 2 'sigma: -0.5 is out of range' recon-degrade blur --sigma=-0.5
	for bad in -1 1.5 x '' 18446744073709551616; do
		fails 2 '^anom-inject: .*seed' anom-inject disk --seed "$bad"
	done
	fails 2 '--count: found 0, expected 1 to' anom-inject disk --count 0
	fails 2 '--samples: found 0' recon-degrade none --samples 0
	fails 2 "format: found 'png'" recon-degrade none --format png
	fails 2 'bootstrap' score --bootstrap -1 a b
}

@test "score: requests that make no sense" {
	fails 2 'exclude' score --pooled --per-image a b
	fails 2 '--bootstrap' score --pooled --bootstrap 10 a b
	fails 2 '--groups' score --per-image --groups g a b
	for bad in ap 'ap=1' 'ap>=' 'ap>=x' '>=1' ''; do
		fails 2 'require' score --require "$bad" a b
	done
	fails 2 "'auroc' is not one of" score --metrics ap \
		--require 'auroc>=1' a b
	fails 2 'is not one of' score --require 'xyz>=1' a b
}

@test "positions: wrong length, outside, twice, damaged" {
	make_inputs
	table() { printf '%b' "$1" >p.tsv; }
	refuses() { fails 3 "p.tsv: .*$1" anom-inject disk --positions p.tsv \
		a.pgm; }
	table 'image\trow\tcol\n0\t1\t1\n'
	refuses 'no row for image 1, anomaly 0'
	table 'image\trow\tcol\n0\t1\t1\n1\t1\t1\n2\t1\t1\n'
	refuses 'a row for image 2, but the stream ends after 2'
	anom-inject disk --first-index 0 --positions p.tsv a.pgm >out
	table 'image\trow\tcol\n0\t3\t1\n1\t1\t1\n'
	refuses 'image 0: row 3, column 1 lies outside'
	table 'image\trow\tcol\n0\t1\t1\n0\t2\t1\n'
	refuses 'two rows for image 0'
	table 'image\trow\tcol\n0\t1\t-1\n'
	refuses "line 2: '-1'"
	table 'image\trow\tcol\n0\t1\n'
	refuses 'line 2: another number of fields'
	table 'image\trow\n0\t1\n'
	refuses 'no column col'
	table ''
	refuses 'an empty table'
	table 'image\trow\tcol\n0\t1\t1'
	refuses 'ends inside a line'
	table 'image\trow\tcol\n0\t1\t1\n# incomplete\n'
	refuses 'not whole'
	table 'image\tanomaly\trow\tcol\n0\t0\t1\t1\n0\t1\t1\t1\n'
	refuses 'a row for image 0, anomaly 1, expected anomalies below 1 (--count)'
	fails 3 'p.tsv: .*anomaly 1, expected' anom-inject disk --first-index 0 \
		--positions p.tsv a.pgm
	table 'image\trow\tcol\n0\t1\t1\n1\t2\t0\n'
	anom-inject disk --positions p.tsv --count 2 a.pgm >out 2>err &&
		return 1
	grep -q 'no row for image 0, anomaly 1' err
}

@test "groups: missing, twice, damaged" {
	make_inputs
	refuses() { printf '%b' "$1" >g.tsv
		fails 3 "g.tsv: .*$2" score --groups g.tsv a.pgm m.pgm; }
	refuses 'image\tsubject\n0\tA\n' 'no row for image 1'
	refuses 'image\tsubject\n0\tA\n0\tB\n' 'line 3: two rows for image 0'
	refuses 'image\tsubject\n1\tA\n0\tB\n' \
		'line 3: image 0 after image 1, expected .*order'
	refuses 'image\tsubject\n0\tA\n1\tA\n2\tB\n' \
		'a row for image 2, but the stream ends after 2 images'
	refuses 'image,subject\n0,A\n1,B\n' 'line 1: commas .* expected tabs'
	refuses 'image\tsubject\n0\tA\n1,B\n' 'line 3: another number of'
	refuses 'image\tsubject\r\n0\tA\r\n1\tB\r\n' \
		'line 2: it ends with a carriage return'
	refuses 'image\tsubject\n0\tA\n1\tB\n# incomplete\n' 'not whole'
	refuses 'image\tsubject\n0\n1\tB\n' 'line 2: another number of'
	refuses 'image\tsubject\trow_mm\n0\tA\t0\n' 'line 2: a distance of 0'
	refuses 'image\tsubject\trow_mm\n0\tA\tx\n' "line 2: .*'x'"
	refuses 'image\tsubject\tslice\n0\tA\t-1\n' "line 2: .*'-1'"
	refuses 'image\tsubject\tvolume\n0\tA\tv\n1\tA\tw\n2\tA\tv\n' \
		'image 2 is of volume v of subject A, which ended before'
	refuses 'image\tpatient\n0\tA\n' 'no column subject'
	refuses 'image\tsubject\nx\tA\n' "'x'"
	refuses '' 'empty table'
	refuses 'image\tsubject\n0\tA\n1\t\n' 'line 3: an empty subject'
	refuses 'image\tsubject\n0\tA\n1\t  \n' 'line 3: an empty subject'
	refuses 'image\tsubject\n0\tA\n1\t""\n' 'line 3: an empty subject'
	refuses 'image\tsubject\n0\tA\n1\tB' 'line 3: .*newline'
	refuses 'image\tsubject\n0\t"A\n1\tB"\n' 'line 2: a quote'
	refuses 'image\tsubject\n0\t"A"B\n' 'line 2: a quote'
	refuses '\377\376i\0m\0a\0g\0e\0\n\0' 'expected text in UTF-8'
}

@test "groups as spreadsheets write them are the same subjects" {
	pgm 2 2 0 1 2 3 >i.pgm
	pgm 2 2 0 0 0 9 >j.pgm
	for _ in 1 2; do cat i.pgm j.pgm i.pgm; done >map
	for _ in 1 2 3; do cat j.pgm i.pgm; done >mask
	rows() { printf '%b' "$1" >g.tsv
		score --metrics ap --groups g.tsv map mask | grep -v '^#'; }
	rows 'image\tsubject\n0\tA\n1\tA\n2\tB b\n3\tB b\n4\tC"\n5\tC"\n' \
		>plain
	rows '\357\273\277image\tsubject\n0\tA\n1\tA\n2\tB b\n3\tB b\n4\tC"\n5\tC"\n' |
		cmp - plain
	rows '"image"\t"subject"\n"0"\tA \n1\t"A"\n2\t "B b"\n3\tB b\n' >&2 &&
		return 1
	rows 'image \t"subject"\n"0"\tA \n1\t" A"\n2\t"B b"\n3\t B b\n4\tC"\n5\t"C"""\n' |
		cmp - plain
	score --metrics ap --groups g.tsv map mask >table
	run ! grep -q '^# groups' table
	score --metrics ap map mask |
		grep -qx '# groups none: images were taken for subjects'
	score --metrics ap --bootstrap 0 map mask >table
	run ! grep -q '^# groups' table
	score --per-image --metrics ap map mask >images
	score-compare images images |
		grep -qx '# groups none: images were taken for subjects'
	score-compare --groups g.tsv images images >table
	run ! grep -q '^# groups' table
	score --metrics ap --json map mask | $PYTHON -c '
import json, sys
assert json.load(sys.stdin)["groups"].startswith("none")'
}

# warns PATTERN COMMAND...: status 0 and one line, a warning with the pattern;
# with --strict status 3, one line, and nothing that is taken for whole
warns() {
	local pattern=$1
	shift
	"$@" >out 2>err </dev/null
	if [ "$(wc -l <err)" != 1 ] ||
		! grep -q "^$1: warning: .*$pattern" err; then
		echo "$*: $(cat err)"
		return 1
	fi
	fails 3 "$pattern" "$@" --strict
	[ "$(tail -c 3 out)" = Pf ] || [ "$(tail -n 1 out)" = '# incomplete' ]
}

@test "masks that are images, and swapped arguments, are warned of" {
	$PYTHON - "$ROOT/tests/oracle" <<'EOF'
import sys
import numpy as np
from scipy.ndimage import gaussian_filter, zoom
sys.path.insert(0, sys.argv[1])
from blindspot_io import pfm, pgm
rng = np.random.default_rng(1)
def save(name, data):
    open(name, "wb").write(data)
y = np.zeros((40, 40))
y[10:22, 12:24] = 1
# Labels that were resampled with splines: a mask with grey rims.
rough = zoom(y[::2, ::2], 2, order=3)
rough *= rough > 1e-3
save("spline.pfm", pfm(rough, rough))
save("mask.pgm", pgm(255 * y, 255 * y))
maps = [rng.random((40, 40)) + 2 * y for _ in range(2)]
save("map.pfm", pfm(*maps))
save("every.pgm", pgm(1 + 0 * y, 1 + 0 * y))
# One of what 17.pgm lets count.
save("rare.pgm", pgm(*[np.pad([[9]], ((10, 29), (12, 27)))] * 2))
save("one.pfm", pfm(maps[0]))
few = np.zeros((40, 40))
few[0, 20:37] = np.arange(17)
save("17.pgm", pgm(5 * y, few))
for name, n in ("half", 800), ("more", 801):
    save(f"{name}.pgm", pgm(255 * (np.arange(1600).reshape(40, 40) < n)))
x = rng.random((2, 40, 40)) * .5 + .25
save("healthy.pfm", pfm(*x))
save("recon.pfm", pfm(*(gaussian_filter(i, 1) for i in x)))
EOF
	warns 'spline.pfm: a mask with more than 16 .* in 2 of its images' \
		score --bootstrap 0 --within every.pgm map.pfm spline.pfm
	warns '17.pgm: .*in 1 of' score --bootstrap 0 map.pfm 17.pgm
	warns '17.pgm: .*in 1 of' score --bootstrap 0 --within 17.pgm \
		map.pfm rare.pgm
	warns '17.pgm: .*in 1 of' recon-degrade inpaint --mask 17.pgm \
		healthy.pfm
	warns '17.pgm: .*in 1 of' anom-inject lesion --shapes 17.pgm \
		healthy.pfm
	warns '17.pgm: .*in 1 of' anom-sweep --inject lesion --shapes 17.pgm \
		--degrade blur healthy.pfm
	warns '801 of 1600 scored pixels' score --bootstrap 0 one.pfm more.pgm
	warns '801 of 1600 scored pixels' score --pooled one.pfm more.pgm
	warns '801 of 1600 scored pixels' score --per-image one.pfm more.pgm
	warns 'rougher than the images, in 2 of 2' anom-predict --radius 5 \
		recon.pfm healthy.pfm
	# Map and mask the wrong way round: both are said, each once.
	score --bootstrap 0 mask.pgm map.pfm >out 2>err
	[ "$(grep -c '^score: warning: ' err)" = 2 ]
	[ "$(wc -l <err)" = 2 ]
	fails 3 'warning, and --strict' score --strict mask.pgm map.pfm
}

@test "few subjects behind an interval are warned of" {
	for i in {1..20}; do pgm 2 1 "$i" 9; done >map
	for i in {1..20}; do pgm 2 1 1 0; done >mask
	for i in {1..19}; do pgm 2 1 "$i" 9; done >map19
	for i in {1..19}; do pgm 2 1 1 0; done >mask19
	score --strict map mask 2>err >out
	[ ! -s err ]
	fails 3 '19 images, taken for subjects, are behind an interval' \
		score --strict --metrics ap map19 mask19
	score --strict --bootstrap 0 map19 mask19
	fails 3 '19 images' score --strict --interval t --bootstrap 0 \
		map19 mask19
	{
		echo $'image\tsubject'
		for i in {0..19}; do echo "$i"$'\t'"$((i / 4))"; done
	} >groups
	score --groups groups map mask 2>err >out
	[ "$(cat err)" = 'score: warning: 5 subjects are behind an interval, '\
'fewer than 20: it may be too narrow, and hardly tells methods apart; '\
'see --interval' ]
	score --per-image map mask >a
	score-compare --strict a a 2>err >out
	[ ! -s err ]
	fails 3 '5 subjects' score-compare --strict --groups groups a a
	fails 2 "--interval: found 'bca'" score --interval bca map mask
	fails 2 "--interval: found 'T'" score-compare --interval T a a
	fails 2 '--interval goes with' score --per-image --interval t map mask
}

@test "volumes, thresholds and lesions: what does not go together" {
	for i in 1 2 3 4; do pgm 2 2 "$i" 9 5 200; done >map
	for i in 1 2 3 4; do pgm 2 2 0 0 0 1; done >mask
	for i in 1 2 3 4; do pgm 2 2 0 0 0 0; done >none
	volumes() {
		printf 'image\tsubject\tvolume\n'
		i=0
		for v; do printf '%d\t%s\n' $((i++)) "s${v/:/$'\t'}"; done
	}
	volumes 0:a 0:b 0:a 0:b >apart
	fails 3 'ended before' score --volumes apart map mask
	volumes 0:a 0:a 0:b 0:b >index
	{ pgm 2 1 1 2; pgm 2 2 1 2 3 4; pgm 1 1 1; pgm 1 1 1; } >uneven
	{ pgm 2 1 0 1; pgm 2 2 0 0 0 1; pgm 1 1 1; pgm 1 1 1; } >uneven-mask
	fails 3 'a slice of 2 x 2, expected the 2 x 1' \
		score --volumes index uneven uneven-mask
	volumes 0:a 0:a 0:b >short
	fails 3 'no row for image 3' score --volumes short map mask
	volumes 0:a 0:a 0:b 0:b 0:c >long
	fails 3 'a row for image 4, but' score --volumes long map mask
	# A piece of the stream, but not of a volume.
	fails 3 'begins within volume a of subject s0, .*image 0 is' \
		score --volumes long --first-index 1 --pooled map mask
	volumes 0:x 0:a 0:a 0:a 0:a 0:b >long
	score --bootstrap 0 --volumes long --first-index 1 map mask >out
	score --per-volume --volumes long --first-index 1 map mask >out
	fails 3 'ends within volume a of .*image 4 is' \
		score --bootstrap 0 --volumes long --first-index 0 map mask
	fails 3 'begins within volume a' \
		score --per-volume --volumes long --first-index 2 map mask
	pgm 2 2 1 9 5 200 >first
	pgm 2 2 0 0 0 1 >first-mask
	for rows in '' $'9\ts\tv\n'; do
		printf 'image\tsubject\tvolume\n%s' "$rows" >none.tsv
		fails 3 'no row for image 3' score --volumes none.tsv \
			--bootstrap 0 --first-index 3 first first-mask
	done
	printf 'image\tsubject\n0\ta\n1\ta\n2\ta\n3\ta\n' >plain
	fails 3 'no column volume' score --volumes plain map mask
	printf 'image\tsubject\n0\ta\n1\tb\n2\ta\n3\ta\n' >two
	fails 3 "image 1 is of subject b, expected the a" \
		score --volumes index --groups two map mask
	fails 2 '--per-volume wants --volumes' score --per-volume map mask
	fails 2 'expected --per-volume' \
		score --per-image --volumes index map mask
	for q in 0 1 nan -1 1e9 '' 0.1,1; do
		fails 2 '--fpr: ' score --healthy none --fpr "$q" map mask
	done
	fails 2 'expected --healthy' score --fpr 0.1 map mask
	fails 2 'expected --fpr' score --healthy map map mask
	fails 2 'exclude each other' score --healthy map --fpr 0.1 \
		--threshold 1 map mask
	fails 2 'given twice' score --threshold 1,1 map mask
	fails 2 'at a threshold' score --metrics dice_at map mask
	for name in sensitivity@0.3 dice@nonsense dice@; do
		fails 2 "found $name, expected the metric without" \
			score --metrics "ap,$name" --threshold .5 map mask
	done
	fails 2 'without its threshold' anom-sweep --inject disk --degrade blur \
		--metrics fpr@0.3 map
	fails 3 'set on the maps that are scored' \
		score --healthy map --fpr 0.1 map mask
	# Nothing tells whether maps of a single value are the same.
	pgm 2 2 0 0 0 0 >flat
	pgm 2 2 0 255 0 0 >lesion
	score --healthy flat --fpr 0.1 --bootstrap 0 flat lesion >/dev/null
	fails 3 'no healthy pixels' score --healthy map --healthy-within none \
		--fpr 0.1 map mask
	# A file of thresholds that is none, or of another score.
	for i in 1 2; do pgm 2 2 1 9 5 100; done >well
	score --bootstrap 0 --healthy well --fpr 0.3 --save-threshold t \
		map mask >out
	score --bootstrap 0 --threshold @t map mask >out
	grep -q '^dice@fpr=0.3' out
	score --per-image map mask >table
	fails 3 'no column point' score --threshold @table map mask
	sed '/^# healthy/d' t >bare
	fails 3 'tells the healthy images' score --threshold @bare map mask
	awk -F '\t' -v OFS='\t' '/^fpr=/ { $6 = 0; $7 = 0.0001 } 1' t >low
	fails 3 'of another score' score --threshold @low map mask
	awk '{ print } /^fpr=/' t >double
	fails 3 'double: .*two rows of fpr=0.3, expected one' \
		score --threshold @double map mask
	fails 4 'nowhere' score --threshold @nowhere map mask
	warns 'finds no pixel' score --bootstrap 0 --threshold 9 map mask
	warns 'finds every pixel' score --bootstrap 0 --threshold 0 map mask
	# No lesions at all, and lesions of one pixel.
	warns 'no lesions' score --bootstrap 0 --metrics froc --lesions l \
		map none
	score --bootstrap 0 --metrics froc --lesions l map none >out 2>err
	[ "$(grep -vc '^#' l)" = 1 ]
	score --bootstrap 0 --metrics froc --lesions l map mask >out
	grep -q $'^froc\t1\tnan' out
	[ "$(cut -f 4 l | tail -1)" = 1 ]
	fails 2 'froc among' score --froc f map mask
	fails 2 'expected --lesions' score --image map map mask
	for n in 0 1 3:3 3:2 x; do
		fails 2 '--by-size' score --threshold 0.1 --by-size "$n" \
			map mask
	done
}

@test "equalized of volumes: an index that is not of the images" {
	for i in 1 2 3 4; do pgm 2 2 "$i" 9 5 200; done >four
	rows() {
		printf 'image\tsubject\tvolume\n'
		i=0
		for v; do printf '%d\ts\t%s\n' $((i++)) "$v"; done
	}
	rows 0 0 1 1 >index
	residual equalized --per-volume --index index four >map
	fails 2 'per-volume: abs has no histogram of a volume' \
		residual abs --per-volume --index index four four
	fails 2 'per-volume and --index go together' \
		residual equalized --per-volume four
	fails 2 'per-volume and --index go together' \
		residual equalized --index index four
	rows 0 0 1 >short
	fails 3 'short: no row for image 3' \
		residual equalized --per-volume --index short four
	rows 0 0 1 1 1 >long
	fails 3 'long: a row for image 4, but the stream ends after 4' \
		residual equalized --per-volume --index long four
	rows 0 1 0 1 >apart
	fails 3 'apart: .*ended before' \
		residual equalized --per-volume --index apart four
	printf 'image\tsubject\n0\ts\n' >plain
	fails 3 'plain: no column volume' \
		residual equalized --per-volume --index plain four
	# What is cut inside a volume gives none of the volume's maps.
	head -c -4 four >short-stream
	status=0
	residual equalized --per-volume --index index short-stream >maps 2>error ||
		status=$?
	[ "$status" = 3 ]
	grep -q 'short-stream: image 3' error
	fails 3 'maps: ' score maps four
	head -n 3 index >half
	stream-pick :2 four | residual equalized --per-volume --index half |
		cmp -n 56 - maps
}

@test "score-compare: tables of other masks are refused by name" {
	pgm 2 2 1 9 5 200 >map
	pgm 2 2 0 0 0 1 >mask
	pgm 2 2 0 0 1 0 >other
	score --per-image map mask >a
	score --per-image map other >b
	score --per-image --within mask map mask >c
	fails 3 '^score-compare: b: .*of a: the tables are of different masks' \
		score-compare a b
	fails 3 'different within' score-compare a a c
	score-compare --bootstrap 0 a a a >out
	# Subjects that the tables tell otherwise, or not at all.
	printf 'image\tsubject\tap\n0\ts\t1\n1\tt\t1\n' >one
	printf 'image\tsubject\tap\n0\ts\t1\n1\tu\t1\n' >two
	fails 3 'two: image 1: .*u, expected the t of one: .*subjects' \
		score-compare one two
	printf 'image\tsubject\n0\ts\n1\ts\n' >groups
	score-compare --groups groups one two >out
	printf 'image\tsubject\tap\n0\ts\t1\n1\t\t1\n' >empty
	fails 3 'empty: an empty subject' score-compare empty empty
	# Names longer than any, and numbers that need more room than any.
	long=$(printf '%5000s' '' | tr ' ' A)
	printf 'image\tdice@%s\n0\t0.5\n' "$long" >wide
	fails 3 'wide: .*too long a name' score-compare wide wide
	long=${long:0:74}
	printf 'image\tdice@%s\n0\t1e308\n1\t-1e308\n' "$long" >wide
	score-compare wide wide >out
	[ "$(grep -c "^dice@$long" out)" = 1 ]
	printf 'image\tsubject\tvolume\n0\ts\tv\n' >index
	score --per-volume --volumes index map mask >v
	fails 3 'a table of volumes, expected one of images' score-compare a v
	fails 2 'expected no --groups' score-compare --groups index v v
	for m in 0 -1 nan x; do
		fails 2 '--margin: ' score-compare --margin "$m" a a
	done
}

@test "what is as it should be is not warned of" {
	pgm 9 2 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0 0 0 >map
	pgm 9 2 1 2 3 4 5 6 7 0 0 0 0 0 0 0 0 0 0 0 >few
	pgm 2 1 1 2 >two
	pgm 2 1 1 0 >half
	score --strict --bootstrap 0 --metrics ap map few 2>err >out
	score --strict --bootstrap 0 --metrics ap --within map map few 2>>err >out
	score --strict --bootstrap 0 --metrics ap two half 2>>err >out
	brain-phantom --count 2 --size 48 >healthy
	recon-degrade blur healthy |
		anom-predict --strict --radius 4 healthy - 2>>err >out
	anom-predict --strict --radius 4 healthy healthy 2>>err >out
	[ ! -s err ]
}

@test "--require prints the value in full" {
	pgm 1 3 1 2 3 >map
	pgm 1 3 0 9 0 >mask
	run -1 score --metrics auroc --require 'auroc>0.5' map mask
	[[ $output = *'no, it is 0.5'* ]]
	pgm 1 7 1 2 3 4 5 6 7 >map
	pgm 1 7 0 9 0 0 0 0 0 >mask
	run -1 score --metrics auroc --require 'auroc>0.5' map mask
	[[ $output = *'no, it is 0.16666666666666666'* ]]
}

@test "an output is never the file that is read" {
	make_inputs
	cp a.pgm copy
	fails 2 'would be written while it is read' \
		anom-inject disk --mask copy copy
	cmp copy a.pgm
	fails 2 'radius' anom-inject disk --mask=copy --radius x copy
	cmp copy a.pgm
	# Where an option reads a file after an @, and where that is its name.
	for i in 1 2; do pgm 2 2 1 9 5 100; done >healthy
	score --bootstrap 0 --metrics froc --healthy healthy --fpr 0.3 \
		--save-threshold t a.pgm m.pgm >out
	cp t kept
	fails 2 't: would be written while it is read' score --threshold @t \
		--metrics froc --froc t a.pgm m.pgm
	cmp t kept
	fails 2 't: would be written while it is read' score --threshold=@./t \
		--metrics froc --froc=t a.pgm m.pgm
	cmp t kept
	fails 2 'bootstrap' score --threshold @t --froc t --bootstrap x a.pgm \
		m.pgm
	cmp t kept
	score --bootstrap 0 --threshold @t --metrics froc --froc @t a.pgm \
		m.pgm >out
	cmp t kept
	cp a.pgm @copy
	fails 2 'would be written while it is read' \
		anom-inject disk --mask @copy @copy
	cmp @copy a.pgm
}

@test "a usage error never empties a file that is read" {
	make_inputs
	cp a.pgm copy
	ln copy other
	fails 2 'radius' anom-inject disk --radius x --mask copy other
	cmp copy a.pgm
	fails 2 'named twice\|another output' anom-inject disk --mask copy \
		--record other a.pgm
	cmp copy a.pgm
	# shellcheck disable=SC2094 # that it is one file is the point
	recon-degrade none copy >>copy 2>err && return 1
	grep -q 'is standard output too' err
	head -c "$(stat -c %s a.pgm)" copy | cmp - a.pgm
}

@test "two outputs are never one file" {
	make_inputs
	fails 2 'another output\|named twice' anom-inject disk --mask x \
		--record x a.pgm
	fails 2 'standard output' anom-inject disk --mask - a.pgm
	fails 2 'another output' anom-inject disk --mask /dev/stdout a.pgm
}

@test "PGM output: samples outside 0 to 1" {
	make_inputs
	residual signed b.pgm a.pgm >d
	fails 3 'standard output: image 1: row 0, column 0: .*--clip' \
		residual signed --format pgm8 b.pgm a.pgm
	residual signed --format pgm16 --clip b.pgm a.pgm >out 2>err
	[ "$(cat err)" = 'residual: 4 samples outside 0 to 1 were clipped' ]
}

@test "degradations name what they cannot take" {
	make_inputs
	: >empty
	fails 2 'size: 4 is even' recon-degrade median --size 4 a.pgm
	fails 2 'size: 4 is even' recon-degrade median --size 4 empty
	fails 2 'size: 2 is even' anom-sweep --inject disk --degrade \
		median:size=1:3:3 empty
	fails 2 'size: 0 is out of range' recon-degrade median --size 0 a.pgm
	fails 2 'size: 2.5 is not a whole' recon-degrade median --size 2.5 a.pgm
	fails 2 'factor: 0 is out of range' recon-degrade downsample --factor 0
	fails 2 'levels: 1 is out of range' recon-degrade quantize --levels 1
	fails 2 'gamma: 0 is out of range' recon-degrade gamma --gamma 0
	fails 2 'sigma: -1 is out of range' recon-degrade noise --sigma -1
	fails 2 'sigma: -1 is out of range' recon-degrade rician --sigma -1
	fails 2 'amplitude: 11 is out' recon-degrade bias-field --amplitude 11
	fails 2 "dx: 'nan'" recon-degrade shift --dx nan
	fails 2 "nearest is 'bias-field'" recon-degrade biasfield
	printf 'Pf\n1 1\n-1.0\n\0\0\0\177' >huge
	fails_on huge 3 'row 0, column 0: 1.7.*e+38' recon-degrade gamma --gamma 2
	fails 2 '--degrade: median: size: 4 is even' anom-sweep --inject disk \
		--degrade median:size=4 a.pgm
}

@test "windowed residuals name what they cannot take" {
	make_inputs
	fails 2 'sigma: 0 is out of range' residual ssim --sigma 0 a.pgm a.pgm
	fails 2 'k1: 0 is out of range' residual ssim --k1 0 a.pgm a.pgm
	fails 2 'k2: 2 is out of range' residual ssim-structure --k2 2 a.pgm a.pgm
	fails 2 'k1: 1e-200 is out of range, expected 1e-09 to 1' residual ssim \
		--k1 1e-200 a.pgm a.pgm
	fails 2 'k2: 9.9e-10 is out' residual ssim --k2 9.9e-10 a.pgm a.pgm
	fails 2 'range: 1e-170 is out' residual ssim --range 1e-170 a.pgm a.pgm
	fails 2 'range: -1 is out' residual ssim-contrast --range -1 a.pgm a.pgm
	fails 2 'c: 0 is out of range' residual gradient --c 0 a.pgm a.pgm
	fails 2 "nearest is 'ssim'" residual ssm a.pgm a.pgm
	fails 2 'nearest is --sigma' residual ssim --sgma 1 a.pgm a.pgm
	fails 3 'image 0' residual ssim a.pgm mixed.pgm
}

@test "anomalies name what they cannot take" {
	make_inputs
	fails 2 'sd: -1 is out of range' anom-inject sprites --sd -1 a.pgm
	fails 2 'least: 0 is out of range' anom-inject sprites --least 0 a.pgm
	fails 2 'grid: 1 is out of range' anom-inject coarse-noise --grid 1 a.pgm
	fails 2 'grid: 2.5 is not' anom-inject coarse-noise --grid 2.5 a.pgm
	fails 2 'sigma: 0 is out' anom-inject coarse-noise --sigma 0 a.pgm
	fails 2 'aspect: 2 is out of range' anom-inject cutpaste --aspect 2 a.pgm
	: >empty
	for input in a.pgm empty; do
		fails 2 'area-low: 0.5 is above' anom-inject cutpaste \
			--area-low 0.5 "$input"
		is_poison out
	done
	fails 2 '--inject: cutpaste: area-low: 0.5 is above' anom-sweep --inject \
		cutpaste:area-low=.5 --degrade blur a.pgm
	fails 2 "nearest is 'cutpaste'" anom-inject cut-paste a.pgm
	pgm 3 2 9 9 9 9 9 9 >flat
	fails 3 'flat: image 0: none of 100 pastes' anom-inject cutpaste flat
	pgm 3 2 0 0 0 0 0 0 >black
	fails 3 'image 0: .*without foreground' anom-inject sprites black
	fails 3 'image 0: .*without foreground' anom-inject coarse-noise black
	fails 3 'noise of sigma 1e-09 changes no sample by more than 1/255' \
		anom-inject coarse-noise --sigma 1e-9 a.pgm
	printf 'image\trow\tcol\n0\t1\t1\n' >p.tsv
	for kind in $(kinds anom-inject); do
		case $kind in
		fpi | pii | nsa) set -- --donors black ;;
		lesion) set -- --shapes shape.pgm ;;
		*) set -- ;;
		esac
		fails 3 'black: image 0: .*without foreground' anom-inject \
			"$kind" "$@" --positions p.tsv black
	done
}

@test "one grey level is no visible change" {
	pgm 1 1 1 >shape.pgm
	# Of neighbouring levels these are furthest apart as float32.
	for level in 0 1 3 7 15 31 63 127 200; do
		next=$((level + 1))
		pgm 2 2 $next $next $next $((next + 1)) >grey
		fails 3 'none of 100 pastes' anom-inject cutpaste grey
		[ $level -gt 0 ] || continue
		pgm 2 2 $level $next $level $next >grey
		pgm 2 2 $next $level $next $level >donor
		fails 3 'none of 100 pastes' anom-inject cutpaste grey
		fails 3 'none of 100 squares .*is the donor the image itself?' \
			anom-inject fpi --donors donor grey
	done
	pgm 2 2 100 102 104 106 >grey
	anom-inject cutpaste grey >out
}

@test "streams beside the images: donors, shapes, masks, saliency" {
	make_inputs
	fails 2 'fpi: no --donors' anom-inject fpi a.pgm
	fails 2 'lesion: no --shapes' anom-inject lesion a.pgm
	fails 3 'ends after 2 images, but' recon-degrade inpaint --mask m.pgm \
		<(cat a.pgm a.pgm)
	cat m.pgm m.pgm >masks
	fails 3 'ends after 2 images, but masks has more' recon-degrade \
		inpaint --mask masks a.pgm
	fails 2 'inpaint: no --mask' recon-degrade inpaint a.pgm
	fails 2 '--donors: disk takes none' anom-inject disk --donors b.pgm \
		a.pgm
	fails 2 '--shapes: fpi takes none' anom-inject fpi --shapes m.pgm \
		--donors b.pgm a.pgm
	fails 2 '--mask: blur takes none' recon-degrade blur --mask m.pgm a.pgm
	fails 2 '--saliency: abs takes none' residual abs --saliency b.pgm \
		a.pgm a.pgm
	fails 3 'b.pgm: image 0: .*is 3 x 3, expected the 3 x 2' anom-inject \
		fpi --donors b.pgm mixed.pgm
	fails 3 'm.pgm: image 0: found 3 x 3, expected the size in mixed.pgm' recon-degrade \
		inpaint --mask m.pgm mixed.pgm
	cat a.pgm a.pgm >long
	anom-inject fpi --donors other.pgm long >out
	# A file begins again at its end, by whatever name; a pipe does not.
	anom-inject fpi --donors - long <other.pgm | cmp - out
	cat a.pgm other.pgm >both
	{ head -c "$(wc -c <a.pgm)" >/dev/null; anom-inject fpi --donors - \
		long; } <both | cmp - out
	mkfifo pipe
	cat other.pgm >pipe &
	fails_on pipe 3 'standard input: image 2: .*ran out' anom-inject fpi \
		--donors - long
	head -c 30 other.pgm >"cut"
	fails_on "cut" 3 'standard input: image 0: ' anom-inject fpi \
		--donors - a.pgm
	fails 3 'cut: image 0: ' anom-inject fpi --donors "cut" --first-index 1 \
		a.pgm
	: >empty
	fails 3 'empty: .*holds no image' anom-inject fpi --donors empty a.pgm
	fails 3 'empty: .*holds no image' anom-inject fpi --donors empty \
		--first-index 5 a.pgm
	fails 3 'a.pgm: image 0: .*none of 100 squares' anom-inject fpi \
		--donors a.pgm a.pgm
	pgm 3 3 0 0 0 0 0 0 0 0 0 >black
	fails 3 'its shape is an empty mask' anom-inject lesion --shapes black \
		a.pgm
	# The middle of a ring is not in it; a weak blend changes nothing.
	pgm 3 3 9 9 9 9 0 9 9 9 9 >ring
	pgm 5 5 0 0 0 0 0  0 0 0 0 0  0 0 9 0 0  0 0 0 0 0  0 0 0 0 0 >lone
	fails 3 'lone: image 0: .*the middle at row 2, column 2, covers no foreground$' \
		anom-inject lesion --shapes ring lone
	fails 3 'covers no foreground that it changes by more than 1/255' \
		anom-inject lesion --shapes shape.pgm --blend .0001 a.pgm
	fails 3 'its donor has no foreground' anom-inject nsa --donors black a.pgm
	fails 3 'none of 100 shapes .* in an image of 3 x 3' anom-inject \
		bend-sink a.pgm
	fails 3 'none of 100 shapes' anom-inject smooth-intensity <(pgm 2 2 9 9 9 9)
	fails 3 'none of 100 draws' anom-inject perlin --threshold 1 a.pgm
	fails 3 'found 1 x 1' residual clahe-abs \
		--saliency shape.pgm a.pgm a.pgm
	fails 4 'nowhere: open' anom-inject fpi --donors nowhere a.pgm
	fails 2 'standard input is named twice' anom-inject fpi --donors - -
	fails 2 'blend: 0 is out' anom-inject lesion --blend 0 a.pgm
	fails 2 'threshold: 2 is out' anom-inject perlin --threshold 2 a.pgm
	fails 2 'fraction: 0 is out' recon-degrade lowpass --fraction 0 a.pgm
	fails 2 'spread: 2 is out' recon-degrade blur --spread 2 a.pgm
	fails 2 'fpi: no --donors' anom-sweep --inject fpi --degrade blur a.pgm
	fails 2 '--donors: disk takes none' anom-sweep --inject disk --degrade \
		blur --donors b.pgm a.pgm
	fails 3 'is 3 x 3, expected the 3 x 2' anom-sweep --inject fpi \
		--degrade blur --donors b.pgm mixed.pgm
	fails 2 'expected names of files' anom-sweep --inject fpi --on \
		anomalous --recon-cmd cat --donors <(cat b.pgm) a.pgm
	# Donors that a kind may have and has not.
	brain-phantom --count 2 --size 32 >brain.pfm
	anom-sweep --inject perlin --degrade blur brain.pfm >out
}

@test "residuals of several samples, of none, and their options" {
	make_inputs
	fails 2 'samples: 1 is out of range, expected 2 to' residual mahalanobis \
		--samples 1 a.pgm a.pgm
	fails 2 'epsilon: 0 is out' residual mahalanobis --epsilon 0 a.pgm a.pgm
	cat a.pgm b.pgm >two.pgm
	fails 3 'a.pgm: image 0: .*epsilon: 1e-30 is too small for the spread' \
		residual mahalanobis --samples 2 --epsilon 1e-30 a.pgm two.pgm
	residual mahalanobis-diagonal --samples 2 --epsilon 1e-30 a.pgm two.pgm \
		>map
	fails 2 'minmax: 2 is out' residual mahalanobis --minmax 2 a.pgm a.pgm
	fails 3 'a.pgm: image 1: .*ended after 2 reconstructions, expected 3' \
		residual mahalanobis --samples 3 b.pgm a.pgm
	cat a.pgm a.pgm mixed.pgm >three.pgm
	fails 3 'ends after 2 images, but three.pgm has more (--samples 2 takes 2 of RECON' \
		residual mahalanobis --samples 2 a.pgm three.pgm
	fails 3 'ends after 2 images, but three.pgm has more (--samples 2 takes' \
		residual mahalanobis --samples 2 three.pgm a.pgm
	fails 3 'has more$' residual abs a.pgm three.pgm
	{ cat shape.pgm; pgm 3 3 1 2 3 4 5 6 7 8 9; } >sizes
	fails 3 'sizes: image 1: .*is 3 x 3, expected the 1 x 1' residual \
		mahalanobis --samples 2 shape.pgm sizes
	fails 2 'unexpected operand' residual gmm a.pgm a.pgm
	fails 2 'components: 0 is out' residual gmm --components 0 a.pgm
	fails 2 'tiles: 0 is out' residual clahe-abs --tiles 0 a.pgm a.pgm
	fails 2 'clip-limit: 0 is out' residual clahe-abs --clip-limit 0 a.pgm a.pgm
	fails 2 'median: 2 is even' residual abs --median 2 a.pgm a.pgm
	: >empty
	fails 2 'median: 2 is even' residual abs --median 2 empty empty
	fails 2 'median: 4 is even' anom-sweep --inject disk --degrade blur \
		--residual ssim:median=3:5:3 empty
	fails 2 'erode: -1 is out' residual abs --erode -1 a.pgm a.pgm
	fails 2 'smooth: -1 is out' residual abs --smooth -1 a.pgm a.pgm
	fails 2 'foreground takes no value' residual abs --foreground=1 a.pgm a.pgm
	fails 2 'foreground: 2 is out' anom-sweep --inject disk --degrade blur \
		--residual abs:foreground=2 a.pgm
	fails 2 "'median' is not key=value" anom-sweep --inject disk --degrade \
		blur --residual abs:median a.pgm
	fails 2 '--residual: abs: median: 4 is even' anom-sweep --inject disk \
		--degrade blur --residual abs:median=3:4:2 a.pgm
	for way in --recon=a.pgm '--recon-cmd=recon-degrade none'; do
		fails 3 'image 1: ended after 2 images, expected 10 for each image to reconstruct (mahalanobis takes so many)' \
			anom-sweep --inject disk "$way" --residual mahalanobis a.pgm
	done
	fails 3 'more than 4 images, expected 2 for each image' anom-sweep \
		--inject disk --recon-cmd 'tee x; cat x x' \
		--residual mahalanobis:samples=2 a.pgm
	fails 2 "intensity: '0:1:0.05': 0.05 is no number of points, expected LO:HI:N" \
		anom-sweep --inject disk:intensity=0:1:0.05 --degrade blur \
		--residual abs a.pgm
	fails 2 'takes no reconstructions' anom-sweep --inject disk --recon b.pgm \
		--residual gmm a.pgm
}

@test "models that are missing, damaged, cut, of another kind or size" {
	make_inputs
	fails 2 'expected one of --fit and --model' residual zscore a.pgm
	fails 2 'expected one of --fit and --model' residual zscore --fit x \
		--model model a.pgm
	fails 2 '--model: abs takes no model' residual abs --model model a.pgm \
		a.pgm
	for option in foreground erode=2 median=3 smooth=1 clip format=pgm8; do
		fails 2 "--${option%=*}: --fit .*, expected it with --model" \
			residual zscore --fit new "--$option" a.pgm
	done
	[ ! -e new ]
	residual zscore --fit new --erode 0 --format pfm a.pgm
	rm new
	fails 2 '--fit: gmm takes no model' residual gmm --fit x a.pgm
	fails 4 'nowhere: open' residual zscore --model nowhere a.pgm
	fails 3 'a.pgm: .*expected a .*safetensors file' residual zscore \
		--model a.pgm a.pgm
	for n in 5 30 60 100 -1; do
		head -c "$n" model >"cut"
		fails 3 'cut: .*expected' residual zscore --model "cut" a.pgm
	done
	sed 's/"rows":"3"/"rows":"4"/' model >damaged
	fails 3 "damaged: tensor 'mean': 3 x 3, expected the 3 x 4" \
		residual zscore --model damaged a.pgm
	{ head -c -1 model; printf '?'; } >damaged
	fails 3 'damaged: is damaged' residual zscore --model damaged a.pgm
	fails 3 'mixed.pgm: image 0: .*is 3 x 2, expected the 3 x 3 of the model' \
		residual zscore --model model mixed.pgm
	fails 3 'mixed.pgm: image 1: .*expected the 3 x 2 of the first' residual \
		zscore --fit new mixed.pgm
	[ ! -e new ]
	cp model old
	fails 3 'image\|two' residual zscore --fit model shape.pgm
	cmp model old
	fails 4 'no/such/place' residual zscore --fit no/such/place a.pgm
	fails 2 'no --model' anom-sweep --inject disk --degrade blur --residual \
		zscore a.pgm
	fails 2 '--model: abs takes none' anom-sweep --inject disk --degrade \
		blur --model model a.pgm
	fails 3 'expected the 3 x 3 of the model' anom-sweep --inject disk \
		--degrade blur --residual zscore --model model mixed.pgm
}

@test "metrics of a stream, and how images are scored" {
	make_inputs
	fails 2 'aupimo is of images' score --pooled --metrics aupimo a.pgm m.pgm
	fails 2 'image_ap is of images' score --pooled --metrics ap,image_ap \
		a.pgm m.pgm
	fails 2 'goes with image_auroc' score --image-score max a.pgm m.pgm
	for rule in median top top: top:0 top:-1 top:1.5 top:nan 'top:.1 '; do
		fails 2 "found '$rule', expected mean, max" score --metrics \
			image_ap --image-score "$rule" a.pgm m.pgm
	done
	fails 2 'nearest is .aupro' score --metrics apro a.pgm m.pgm
	fails 2 'aupimo needs a whole stream' anom-sweep --inject disk \
		--degrade blur --residual abs --metrics ap,aupimo a.pgm
	fails 2 'image_auroc needs a whole' anom-sweep --inject disk \
		--degrade blur --residual abs --metrics image_auroc a.pgm
	score --metrics aupro --require 'aupro>=0' a.pgm m.pgm >/dev/null
	# No image without anomaly: aupimo is undefined, and so says no.
	run ! score --metrics aupimo --require 'aupimo>=0' a.pgm m.pgm
	# The name it had before.
	run ! score --metrics pimo --require 'aupimo>=0' a.pgm m.pgm
	fails 2 'aupimo is given twice' score --metrics pimo,aupimo a.pgm m.pgm
}

@test "score-compare: tables that do not go together" {
	rows() {
		printf 'image\tpixels\tanomalous\tap\n'
		printf '%b\n' "$@"
	}
	rows '0\t9\t2\t.5' '1\t9\t2\t.25' >a
	rows '0\t9\t2\t.5' >short
	rows '0\t9\t2\t.5' '2\t9\t2\t.5' >others
	rows '0\t9\t2\t.5' '1\t9\t3\t.5' >masks
	rows '0\t9\t2\t.5' '0\t9\t2\t.5' >twice
	rows '0\t9\t2\t.5' '1\t9\t2\t.x5' >text
	rows '0\t9\t2\t.5' '1.5\t9\t2\t.5' >half
	rows '0\t9\t2\t.5' '1\t9\t2' >narrow
	rows | head -n 1 >none
	printf 'image\tdice\n0\t.5\n1\t.5\n' >dice
	printf 'ap\n.5\n.5\n' >nameless
	printf 'image\tother\n0\t1\n1\t1\n' >metricless
	{ cat a; echo '# incomplete'; } >unended
	: >empty
	fails 3 'short: 1 images, expected the 2 of a' score-compare a short
	fails 3 'a: 2 images, expected the 1 of short' score-compare short a
	fails 3 'others: image 1: image 2, expected the 1 of a' \
		score-compare a others
	fails 3 'masks: image 1: anomalous 3, expected the 2' \
		score-compare a masks
	fails 3 'twice: an image has two rows' score-compare a twice
	fails 3 "text: line 3: .*'.x5'" score-compare a text
	fails 3 'half: line 3' score-compare a half
	fails 3 'narrow: line 3' score-compare narrow a
	fails 3 'none: no rows' score-compare a none
	fails 3 'no metric of the first' score-compare a dice
	fails 3 'no column image' score-compare a nameless
	fails 3 'no metric' score-compare metricless a
	fails 3 'not whole' score-compare a unended
	fails 3 'empty' score-compare a empty
	fails 4 'absent' score-compare a absent
	fails 2 'named twice' score-compare - -
	fails 2 'found 1 operand, expected A.tsv B.tsv' score-compare a
	fails 2 'permutations: found 0, expected 1' score-compare --permutations 0 a a
	printf 'image\tsubject\n0\tx\n' >groups
	fails 3 'groups: no row for image 1' score-compare --groups groups a a
}

@test "blind-interval: what is wrong with a table is named" {
	local T='inject.intensity\tdegrade.sigma\tap\n'
	bad() { # PATTERN TABLE [OPTION...]
		local pattern=$1
		printf '%b' "$2" >table
		shift 2
		fails 3 "blind-interval: table: $pattern" blind-interval "$@" table
		[ "$(tail -n 1 out)" = '# incomplete' ]
	}
	bad 'line 1: .*no column ap, for --value; the nearest is aq, .*one of intensity, aq$' \
		'intensity\taq\n0\t1\n'
	bad 'line 1: .*no column intensity, for --x; .*one of x, ap' 'x\tap\n0\t1\n'
	bad 'line 1: .*no column sigam, for --by; the nearest is degrade.sigma' \
		"${T}0\t0\t1\n" --by sigam
	bad 'line 1: .*no column sigma, for --y' 'intensity\tap\n0\t1\n' --area
	bad 'line 1: .*no column model, for --where' "${T}0\t0\t1\n" --where model=x
	bad 'line 1: several columns end with sigma, expected the whole name' \
		'a.sigma\tb.sigma\tap\n0\t0\t1\n' --x sigma
	bad "line 3: '.x' is no.*number in column inject.intensity" \
		"# by hand\n${T}.x\t0\t1\n"
	bad 'line 3: .*a number or nan in column ap' \
		"${T}0\t0\t1\n1\t0\thigh\n"
	bad 'line 2: .*a number in column inject.intensity' "${T}nan\t0\t1\n"
	bad 'line 2: .*a number or nan in column ap' "${T}0\t0\tinf\n"
	bad 'line 3: another number of fields' "${T}0\t0\t1\n0\t0\n"
	bad 'line 3: the table is not whole' "${T}0\t0\t1\n# incomplete\n"
	bad 'line 2: the file ends inside' "${T}0\t0\t1"
	bad 'no rows' "$T"
	bad 'line 1: an empty table' ''
	bad 'lines 2 and 3: both of inject.intensity 0, expected one row; --by' \
		"${T}0\t0\t1\n0\t0\t1\n"
	bad 'lines 2 and 4: both of inject.intensity 0, degrade.sigma 5,' \
		"${T}0\t5\t1\n0\t1\t1\n0\t5.0\t1\n" --area
	bad 'lines 2 and 3: both of inject.intensity 0' \
		"n\t${T}1\t0\t0\t1\n1\t0\t1\t1\n" --by n
	for plane in --area --contour; do
		bad 'no row of inject.intensity 1 and degrade.sigma 2, expected the whole' \
			"${T}0\t2\t1\n0\t1\t1\n1\t1\t1\n" $plane
		bad 'no row of inject.intensity 0 and degrade.sigma 1, expected the whole' \
			"${T}0\t2\t1\n1\t2\t1\n1\t1\t1\n" $plane
	done
	bad '2 planes, expected one: --where score=VALUE' \
		"score\t${T}a\t0\t2\t1\nb\t0\t1\t1\n" --contour
	bad "no row with sigma=3; the nearest that is there is '2'" \
		"${T}0\t2\t1\n" --where sigma=3
	printf %b "${T}0\t2\t1\n" >table
	blind-interval --where sigma=2.0 table >out
	grep -q '^0	nan' out
	fails 2 'nearest is --below' blind-interval --belo 1 table
	fails 2 'below: ' blind-interval --below half table
	fails 2 'at most one of them' blind-interval --area --curves table
	fails 2 'points: expected no' blind-interval --area --points table
	fails 2 'below: expected no --match' blind-interval --below 1 \
		--match table table
	fails 2 'y: expected --area' blind-interval --y sigma table
	fails 2 "where: found 'sigma', expected COLUMN=VALUE" \
		blind-interval --where sigma table
	fails 2 'by: degrade.sigma twice' blind-interval \
		--by sigma,degrade.sigma table
	fails 2 'by: ap is an axis or the value' blind-interval --by ap table
	fails 2 'inject.intensity twice' blind-interval --value intensity table
	fails 4 'absent' blind-interval absent
	fails 2 'named twice' blind-interval --match - -
}

@test "blind-interval: planes and curves that do not go together" {
	local T='inject.intensity\tdegrade.sigma\tap\n'
	printf %b "# images 3, xxh3 0a\n${T}0\t1\t.5\n1\t1\t.25\n" >plane
	printf '# images 3, xxh3 0b\nintensity\tap\n0\t.5\n' >other
	printf 'intensity\tap\n0\t.5\n2\t.5\n' >far
	printf 'intensity\tap\n0\tnan\n' >none
	printf 'intensity\tap\n0\t.5\n' >curve
	printf %b "${T}0\t1\tnan\n1\t1\t.25\n" >holes
	printf %b "score\t${T}a\t0\t1\t1\nb\t0\t1\t1\n" >two
	{ cat plane; echo '# incomplete'; } >unended
	fails 3 'plane: it is of images 3, xxh3 0a, expected 3, xxh3 0b as in other' \
		blind-interval --match plane other
	{ printf '# seed 1\n# inject disk:radius=20,intensity=0:1:2\n'
	  cat plane; } >seeded
	printf '# seed 2\nintensity\tap\n0\t.5\n' >seed
	printf '# radius 8\nintensity\tap\n0\t.5\n' >radius
	printf '# inject sink:radius=8\nintensity\tap\n0\t.5\n' >texture
	fails 3 'seeded: it is of seed 1, expected 2 as in seed: ' \
		blind-interval --match seeded seed
	for curve in radius texture; do
		fails 3 "seeded: its anomalies have radius 20, expected 8 as in $curve: " \
			blind-interval --match seeded $curve
	done
	# The same in other digits.
	printf '# images 3, xxh3 0a\n# radius 20.0\n# seed 1\nintensity\tap\n0\t.5\n' \
		>same
	blind-interval --match seeded same
	fails 3 "far: intensity 2 is not within the plane's range, 0 to 1" \
		blind-interval --match plane far
	fails 3 'none: no points with a defined ap' \
		blind-interval --match plane none
	fails 3 'holes: all its curves are undefined where a curve of curve is' \
		blind-interval --match holes curve
	fails 3 'two: 2 planes that differ in score' \
		blind-interval --match two curve
	fails 3 'unended: .*not whole' blind-interval --match unended curve
	fails 3 'curve: line 1: .*no column sigma, for --y' \
		blind-interval --match curve curve
	fails 4 'absent' blind-interval --match absent curve
	# A poor match is told, and is no error.
	printf 'intensity\tap\n0\t.5\n1\t.5\n' >poor
	blind-interval --match plane poor >out 2>err
	[ "$(cat err)" = 'blind-interval: warning: no close match for 1 of 1 curves, whose mean difference is above 0.05; poor has the largest, 0.12' ]
	tail -n 1 out | grep -qx 'degrade.sigma	1	0.125	2'
	blind-interval --match plane curve 2>err
	[ ! -s err ]
}

@test "ood-histogram: too little, other sizes, models of another kind" {
	make_inputs
	ood-histogram fit --model ood other.pgm
	for what in train foo; do
		fails 2 "unknown command '$what', expected fit or apply" \
			ood-histogram $what
		fails 2 "unknown command '$what', expected fit or apply" \
			ood-histogram $what --model m a.pgm b.pgm
	done
	fails 2 'found 0 operands, expected fit STREAM' ood-histogram
	fails 2 'fit: found 0 streams, expected one' ood-histogram fit
	fails 2 'no --model' ood-histogram fit a.pgm
	fails 2 'found 2 streams, expected one' ood-histogram fit --model m \
		a.pgm b.pgm
	fails 2 'found 1 streams, expected two' ood-histogram apply \
		--model ood a.pgm
	fails 2 'fit writes no table' ood-histogram fit --model m --json a.pgm
	pgm 3 3 0 9 20 40 60 80 100 120 140 >one
	cat one one >same
	: >empty
	fails 3 'one: 1 images, expected at least two' ood-histogram fit \
		--model m one
	fails 3 'one and the same histogram' ood-histogram fit --model m same
	fails 3 'empty: no images' ood-histogram fit --model m empty
	fails 3 'mixed.pgm: image 1: found 2 x 2, expected one size' \
		ood-histogram fit --model m mixed.pgm
	[ ! -e m ]
	fails 3 'mixed.pgm: image 0: found 3 x 2, expected one size throughout, 3 x 3' \
		ood-histogram apply --model ood a.pgm mixed.pgm
	fails 3 'no images' ood-histogram apply --model ood a.pgm empty
	fails 3 "model: is a model of 'zscore', expected 'ood-histogram'" \
		ood-histogram apply --model model a.pgm b.pgm
	fails 3 "ood: is a model of 'ood-histogram', expected 'zscore'" \
		residual zscore --model ood a.pgm
	fails 3 'a.pgm: ' ood-histogram apply --model a.pgm a.pgm b.pgm
	fails 4 'open' ood-histogram apply --model absent a.pgm b.pgm
	# Fewer components than images: nothing else is said of the model.
	cat other.pgm other.pgm >ten
	fails 4 'open' ood-histogram fit --model no/such ten
	printf 'image\tsubject\tvolume\n' >index
	printf '%d\ts\t%d\n' 0 0 1 1 2 1 3 1 >>index
	ood-histogram fit --volumes index --model vol ten
	ood-histogram apply --volumes index --volumes index --model vol ten ten \
		>table
	fails 2 'fit: found --volumes 2 times, expected once' ood-histogram \
		fit --volumes index --volumes index --model m ten
	fails 2 'apply: found --volumes 1 times, expected twice' ood-histogram \
		apply --volumes index --model vol ten ten
	fails 3 "vol: is a model of 'ood-histogram-volumes', expected 'ood" \
		ood-histogram apply --model vol ten ten
	fails 3 "ood: is a model of 'ood-histogram', expected 'ood-histogram-v" \
		ood-histogram apply --volumes index --volumes index \
		--model ood ten ten
	head -n 4 index >short
	fails 3 'short: no row for image 3' ood-histogram fit \
		--volumes short --model m ten
	{ cat index; printf '4\ts\t4\n'; } >long
	fails 3 'long: a row for image 4, but the stream ends after 4' \
		ood-histogram fit --volumes long --model m ten
	cut -f 1,2 index >plain
	fails 3 'plain: no column volume' ood-histogram fit \
		--volumes plain --model m ten
	[ ! -e m ]
	size=$(wc -c <ood)
	for n in 0 1 20 100 $((size / 2)) $((size - 1)); do
		head -c "$n" ood >"cut"
		fails 3 'cut: ' ood-histogram apply --model "cut" a.pgm b.pgm
	done
	{ head -c 200 ood; printf '\377'; tail -c +202 ood; } >damaged
	fails 3 'damaged: ' ood-histogram apply --model damaged a.pgm b.pgm
	{ cat ood; echo; } >longer
	fails 3 'longer: ' ood-histogram apply --model longer a.pgm b.pgm
}

@test "a model is never written over what it must not be" {
	make_inputs
	for command in 'residual zscore --fit' 'ood-histogram fit --model' \
		'recon-train pca --latent 1 --output'; do
		cp other.pgm data.pgm
		# shellcheck disable=SC2086 # a program and its options
		fails 2 'data.pgm: would be written while it is read' \
			$command data.pgm data.pgm
		cmp data.pgm other.pgm
		# shellcheck disable=SC2086
		fails 2 'expected the name of a file' $command - data.pgm
		[ ! -e ./- ]
	done
	cat other.pgm other.pgm >ten
	for command in 'residual zscore --fit' 'ood-histogram fit --model'; do
		# shellcheck disable=SC2086
		fails 4 'No space left' $command /dev/full ten
		[ -c /dev/full ]
		# A link stays one, and its file keeps its mode.
		echo old >target
		chmod 600 target
		ln -sf target link
		# shellcheck disable=SC2086
		$command link other.pgm 2>err
		[ -L link ]
		[ "$(stat -c %a target)" = 600 ]
		grep -qa '"model_format":"1"' target
		[ -z "$(find . -name '.blindspot-*')" ]
		# A link to nothing is refused, and so is what may not be written.
		ln -sf nothing lost
		# shellcheck disable=SC2086
		$command lost other.pgm 2>err && return 1
		grep -q 'lost: open for writing: No such file' err
		[ ! -e nothing ]
	done
	fails 3 'a header of 0 bytes' residual zscore --model /dev/zero a.pgm
}
