#!/usr/bin/env bats
# The recipes of blindspot(7), on the files that a user would have.

load helpers
bats_require_minimum_version 1.5.0
PATH=$ROOT/pipelines:$PATH
export BLINDSPOT_BIN=$BIN

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat >model.py <<-'END'
		import subprocess
		subprocess.run(["recon-degrade", "blur", "--sigma", "1"], check=True)
	END
}

# follow TITLE: run the recipe of that subsection
follow() {
	awk -v title="$1" '/^\.S[sh] / { on = $0 == ".Ss " title }
		/^\.Ed/ { block = 0 }
		on && block { gsub(/\\e/, "\\"); print }
		/^\.Bd -literal/ { block = 1 }' "$ROOT/man/blindspot.7" >recipe
	[ -s recipe ]
	bash -euo pipefail recipe >table 2>err || {
		cat recipe err
		return 1
	}
}

# volumes CODE: with numpy np, nibabel nib, a random head(shape), save(name, x)
volumes() {
	$PYTHON -c '
import os, sys
import nibabel as nib, numpy as np
from scipy import ndimage
rng = np.random.default_rng(3)
AFFINE = np.array([[-1., 0, 0, 20], [0, 0, 2, -9], [0, 1.5, 0, 4], [0, 0, 0, 1]])

def head(*shape):
    at = np.indices(shape) / np.array(shape).reshape(-1, 1, 1, 1) * 2 - 1
    inside = (at ** 2).sum(0) < .7
    x = ndimage.gaussian_filter(rng.random(shape), 1)
    return inside, (x * inside).astype("f4")

def save(name, x):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    nib.save(nib.Nifti1Image(x, AFFINE), name)
exec(sys.argv[1])' "$1"
}

mean_of() { awk -F '\t' -v metric="$1" '$1 == metric { print $2 }' table; }

@test "a folder of pictures with masks" {
	$PYTHON -c '
import os
import numpy as np
from PIL import Image
rng = np.random.default_rng(1)
os.mkdir("pictures"), os.mkdir("masks")
for i in range(4):
    x, y = rng.integers(90, 110, (24, 20)).astype("u1"), np.zeros((24, 20), "u1")
    y[5:9, 3:6 + i] = 255
    x[y > 0] = rng.integers(0, 255, (y > 0).sum())
    Image.fromarray(x).save(f"pictures/p{i}.png")
    Image.fromarray(y).save(f"masks/p{i}_mask.png")'
	follow 'A folder of pictures with masks'
	[ "$(mean_of n_undefined)" = '' ]
	awk -F '\t' '$1 == "ap" && $2 > .3 { found = 1 } END { exit !found }' table
	run ! grep -q 'images were taken for subjects' table
}

@test "volumes with labels: a study of subjects, and a map on the grid" {
	volumes '
for s in range(1, 4):
    inside, x = head(20, 9, 18)
    seg = np.zeros(x.shape, "u1")
    seg[8:12, 3:6, 6:9 + s] = [1, 2, 4][s - 1]
    x[seg > 0] = rng.random((seg > 0).sum())
    save(f"sub-{s}/sub-{s}_flair.nii.gz", x)
    save(f"sub-{s}/sub-{s}_seg.nii.gz", seg)'
	follow 'Volumes with labels'
	[ "$(awk -F '\t' '$1 == "ap" { print $6 }' table)" = 3 ]
	$PYTHON -c '
import nibabel as nib, numpy as np
a, b = nib.load("map.nii.gz"), nib.load("sub-1/sub-1_flair.nii.gz")
seg = nib.load("sub-1/sub-1_seg.nii.gz").get_fdata() > 0
x = a.get_fdata()
assert (a.affine == b.affine).all() and a.shape == b.shape
assert x[seg].mean() > 3 * x[~seg].mean(), "the lesion is not where it was"'
}

@test "a threshold from healthy volumes" {
	volumes '
for s in range(6):
    inside, x = head(20, 9, 18)
    if s < 3:
        save(f"healthy/sub-{s}_flair.nii.gz", x)
        continue
    seg = np.zeros(x.shape, "u1")
    seg[8:12, 3:6, 6:9 + s] = 1
    x[seg > 0] = rng.random((seg > 0).sum())
    save(f"ill/sub-{s}_flair.nii.gz", x)
    save(f"ill/sub-{s}_seg.nii.gz", seg)'
	follow 'Dice and lesions at a threshold from healthy volumes'
	$PYTHON -c '
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import blindspot
x, w, y, h, v = (np.concatenate([a.ravel() for a in blindspot.read(
    name, masks=name.endswith("pgm"))]) for name in [
    "image-map.pfm", "image-within.pgm", "mask.pgm", "healthy-map.pfm",
    "healthy-within.pgm"])
h = np.sort(h[v > 0])
t = min(a for a in h if (h >= a).mean() <= .01)
volumes = zip(*(np.split(a, 3) for a in (x, w, y)))
dice = []
for a, b, c in volumes:
    found, lesion = (a >= t) & (b > 0), (c > 0) & (b > 0)
    dice.append(2 * (found & lesion).sum() / (found.sum() + lesion.sum()))
rows = [line.split("\t") for line in open("table")]
said = [float(r[1]) for r in rows if r[0].startswith("dice@")]
assert len(said) == 1 and abs(said[0] - np.mean(dice)) < 1e-9, (said, dice)
assert sum(r[0] in "0 1 2" for r in map(
    lambda l: l.split("\t"), open("lesions.tsv"))) == 3' "$ROOT/lib/python"
}

@test "DICOM" {
	$PYTHON -c '
import os, struct
import numpy as np

def element(group, number, vr, value):
    if isinstance(value, str):
        value = value.encode()
    value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    long = vr in ("OB", "OW", "SQ", "UN")
    return struct.pack("<HH2s", group, number, vr.encode()) + (
        struct.pack("<HI", 0, len(value)) if long else
        struct.pack("<H", len(value))) + value

short = lambda v: struct.pack("<H", v)
os.mkdir("dicom")
for k in range(4):
    pixels = np.arange(12 * 10).reshape(12, 10) + 100 * k
    uid = "1.2.3.4.5"
    image = "1.2.840.10008.5.1.4.1.1.4"
    meta = element(2, 2, "UI", image) + element(2, 3, "UI", f"{uid}.{k + 1}") + \
        element(2, 0x10, "UI", "1.2.840.10008.1.2.1")
    data = b"\0" * 128 + b"DICM" + \
        element(2, 0, "UL", struct.pack("<I", len(meta))) + meta
    for args in [
            (8, 0x16, "UI", image), (8, 0x18, "UI", f"{uid}.{k + 1}"),
            (8, 0x20, "DA", "20200101"), (8, 0x30, "TM", "120000"),
            (8, 0x60, "CS", "MR"), (8, 0x70, "LO", "maker"),
            (0x10, 0x10, "PN", "A^B"), (0x10, 0x20, "LO", "patient7"),
            (0x18, 0x50, "DS", "3"), (0x18, 0x88, "DS", "3"),
            (0x20, 0xd, "UI", uid + ".7"), (0x20, 0xe, "UI", uid + ".8"),
            (0x20, 0x11, "IS", "1"), (0x20, 0x13, "IS", str(k + 1)),
            (0x20, 0x32, "DS", f"0\\0\\{3 * k}"),
            (0x20, 0x37, "DS", "1\\0\\0\\0\\1\\0"),
            (0x20, 0x52, "UI", uid + ".9"),
            (0x28, 2, "US", short(1)), (0x28, 4, "CS", "MONOCHROME2"),
            (0x28, 0x10, "US", short(12)), (0x28, 0x11, "US", short(10)),
            (0x28, 0x30, "DS", "1.5\\1.5"), (0x28, 0x100, "US", short(16)),
            (0x28, 0x101, "US", short(16)), (0x28, 0x102, "US", short(15)),
            (0x28, 0x103, "US", short(0)),
            (0x7fe0, 0x10, "OW", pixels.astype("<u2").tobytes())]:
        data += element(*args)
    open(f"dicom/{k}.dcm", "wb").write(data)'
	follow DICOM
	[ "$(grep -v '^#' slices.tsv | cut -f 2,4,6-8 | sed -n '2p;5p' |
		tr '\t\n' ' ;')" = 'patient7 0 1.5 1.5 3;patient7 3 1.5 1.5 3;' ]
	# Rows run from the front, as in DICOM; slices to the head.
	nii-slices --normalize none nifti/*.nii.gz | cmp - <($PYTHON -c '
import sys
import numpy as np
for k in range(4):
    x = (np.arange(12 * 10).reshape(12, 10) + 100 * k).astype("<f4")
    x = x[:, ::-1]  # the left of the picture is the left of the patient
    sys.stdout.buffer.write(b"Pf\n10 12\n-1.0\n" + x[::-1].tobytes())')
}

@test "heads with a skull: anomalies stay inside" {
	volumes '
inside, x = head(30, 10, 26)
save("head.nii.gz", (np.where(inside, .5 + x, .02 * rng.random(x.shape))
                     ).astype("f4"))'
	follow 'Heads with a skull, radiographs, OCT'
	# No label lies outside.
	mask-apply within.pgm mask.pgm --format pgm8 | cmp - mask.pgm
	[ -n "$(mean_of ap)" ]
}

@test "a map in a viewer" {
	volumes 'save("head.nii.gz", head(20, 9, 18)[1])'
	follow 'A map in a viewer'
	$PYTHON -c '
import nibabel as nib, numpy as np
a, b = nib.load("map.nii.gz"), nib.load("head.nii.gz")
x = nib.as_closest_canonical(a).get_fdata()
assert (a.affine == b.affine).all() and a.shape == b.shape
used = np.flatnonzero(x.any((0, 2)))
assert set(used) <= {2, 3, 4, 5} and len(used) > 2, used'
}

@test "a pipe of masks" {
	brain-phantom --count 3 --size 64 >healthy.pfm
	follow 'A pipe of masks'
	cp table piped
	anom-inject disk --mask m.pgm healthy.pfm |
		residual abs - recon.pfm | score - m.pgm | grep -v '^#' |
		cmp - <(grep -v '^#' piped)
	[ ! -e masks ]
}

@test "each recipe has its test" {
	awk '/^\.Sh / { on = /FROM YOUR DATA/ } on && /^\.Ss / { print substr($0, 5) }' \
		"$ROOT/man/blindspot.7" >titles
	[ "$(wc -l <titles)" -ge 6 ]
	while IFS= read -r title; do
		grep -q -F "follow '$title'" "$BATS_TEST_FILENAME" ||
			grep -q -x "	follow $title" "$BATS_TEST_FILENAME" || {
			echo "no test follows '$title'"
			return 1
		}
	done <titles
}
