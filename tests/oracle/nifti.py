"""nii-slices against nibabel."""

import gzip
import itertools
import os
import struct
import subprocess

import nibabel as nib
import numpy as np

from blindspot_io import BIN, done, images, ok, pfm, scratch, table
from blindspot_io import run as run_loudly

rng = np.random.default_rng(4)
LEAST = 2.0 ** -24


def run(*args):
    """What nii-slices writes, and what it says."""
    done_ = subprocess.run([os.path.join(BIN, "nii-slices"),
                            *map(str, args)], capture_output=True, check=True)
    run.said = done_.stderr.decode()
    return images(done_.stdout)


def scaled(v, how, brain=None, nan_is_background=False):
    """Intensities as nii-slices documents them."""
    v = np.asarray(v, np.float64)
    nan = np.isnan(v)
    zeros = ~nan & (v == 0)
    if brain is not None:
        front, lifts = brain & ~nan, True
    else:
        front = ~nan & ~zeros if zeros.any() else ~nan
        lifts = (zeros.any() and (v[~nan] < 0).any()) or \
            (nan_is_background and nan.any() and not zeros.any())
    of = v[front] if lifts else v[~nan]
    lo, hi = 0, 1
    if how == "minmax":
        lo, hi = of.min(), of.max()
    elif how != "none":
        lo, hi = np.percentile(of, [float(q) for q in how.split(":")[1:]])
    if hi > lo:
        out = (v - lo) / (hi - lo)
    else:
        out = np.full(v.shape, float(lifts))
    if how not in ("minmax", "none"):
        out = np.clip(out, 0, 1)
    if how != "none" and (lifts or zeros.any() and lo <= 0):
        # No quotient becomes 0: 2^-149 is the least float32.
        out = np.where(front, np.maximum(out, LEAST if lifts else 2.0 ** -149),
                       out)
    out = np.where(front | zeros & (brain is None and not lifts), out, 0)
    return out.astype(np.float32)


def slices(v, axis):
    """The slices of a volume, rows from the top."""
    return [np.take(v, i, axis).T[::-1] for i in range(v.shape[axis])]


def same(got, want):
    return len(got) == len(want) and \
        all(a.shape == b.shape and (a == b).all() for a, b in zip(got, want))


def save(name, v, affine=np.eye(4), kind=nib.Nifti1Image):
    nib.save(kind(v, affine), scratch(name))
    return scratch(name)


# ------------------------------------------------------------------- values

HOWS = ["minmax", "none", "percentile:5:90"]
for kind in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]:
    for version in [nib.Nifti1Image, nib.Nifti2Image]:
        paths, values = [], []
        for endian, scaling, suffix in itertools.product(
                "<>", [None, (2.5, -7.25)], [".nii", ".nii.gz"]):
            t = np.dtype(endian + kind)
            v = (rng.random((4, 5, 6)) * 120 -
                 (0 if kind[0] == "u" else 60)).astype(t)
            header = version.header_class(endianness=endian)
            image = version(v, np.eye(4), header)
            image.set_data_dtype(t)
            if scaling:
                image.header.set_slope_inter(*scaling)
            paths.append(scratch(f"v{len(paths)}{suffix}"))
            nib.save(image, paths[-1])
            values.append(nib.load(paths[-1]).get_fdata())
        good = True
        for axis, how in itertools.product(range(3), HOWS):
            got = run("--axis", "xyz"[axis], "--normalize", how, *paths)
            good &= same(got, [s for v in values
                               for s in slices(scaled(v, how), axis)])
        ok(good, f"{kind}, {version.__name__}: both endians, scaling, "
           ".nii and .nii.gz, three axes")

v = rng.integers(0, 200, (6, 7, 9)).astype(np.int16)
path = save("w.nii", v)
all_slices = slices(scaled(v, "minmax"), 2)
for text in ["2:5", ":", "::2", "-3:", ":-4", "1:100", "-100:2", "1:8:3",
             "8:9"]:
    parts = [int(p) if p else None for p in text.split(":")]
    ok(same(run("--slices", text, path), all_slices[slice(*parts)]),
       f"--slices {text}")


def fit(image, n):
    """Crop or zero-pad around the centre."""
    out = np.zeros((n, n), np.float32)
    r, c = image.shape
    sr, sc = max((r - n) // 2, 0), max((c - n) // 2, 0)
    dr, dc = max((n - r) // 2, 0), max((n - c) // 2, 0)
    part = image[sr:sr + n, sc:sc + n]
    out[dr:dr + part.shape[0], dc:dc + part.shape[1]] = part
    return out


for n in [1, 4, 6, 7, 8, 20]:
    ok(same(run("--size", n, path), [fit(x, n) for x in all_slices]),
       f"--size {n}")

out = run("--slices", "0:2", "--index", scratch("i.tsv"), path, path)
rows = table(open(scratch("i.tsv"), "rb").read())
ok([(r["image"], r["volume"], r["file"], r["slice"], r["subject"])
    for r in rows] ==
   [(str(i), str(i // 2), path, str(i % 2), "w") for i in range(4)] and
   len(out) == 4, "--index of two files")

# Distances between rows, columns and slices of an oblique volume whose axes are
# permuted.
turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
affine = np.eye(4)
affine[:3, :3] = (np.eye(3)[[2, 0, 1]] + .1 * turn) @ np.diag([.7, 1.5, 4])
oblique = save("o.nii", v, affine)
mm = nib.affines.voxel_sizes(nib.as_closest_canonical(
    nib.load(oblique)).affine)
good = True
for axis, (row, col) in {"x": (2, 1), "y": (2, 0), "z": (1, 0)}.items():
    run("--axis", axis, "--slices", "::3", "--index", scratch("i.tsv"),
        oblique)
    r = table(open(scratch("i.tsv"), "rb").read())[0]
    good &= np.allclose([float(r[k + "_mm"]) for k in ("row", "col", "slice")],
                        [mm[row], mm[col], 3 * mm["xyz".index(axis)]])
ok(good, "--index: distances in mm are nibabel's voxel sizes")

ok(all((x == 0).all() for x in run(save("c.nii", np.full((3, 3, 3), 7,
                                                         np.int16)))),
   "a constant volume gives 0")
ok(same(run(save("f.nii", v[..., None])), all_slices), "4-D with one volume")

# -------------------------------------------------------------------- files

nib.save(nib.Nifti1Pair(v, np.eye(4)), scratch("p.hdr"))
nib.save(nib.Nifti1Pair(v, np.eye(4)), scratch("q.hdr.gz"))
os.rename(scratch("p.img"), scratch("half.img"))
os.rename(scratch("p.hdr"), scratch("half.hdr"))
nib.save(nib.Nifti2Pair(v, np.eye(4)), scratch("p.hdr"))
with open(scratch("half.img"), "rb") as f:
    scratch("half.img.gz", gzip.compress(f.read()))
os.remove(scratch("half.img"))
for name in ["p.hdr", "p.img", "q.hdr.gz", "q.img.gz", "half.hdr"]:
    ok(same(run(scratch(name)), all_slices), f"a pair by its {name}")
data = open(path, "rb").read()
ok(same(run(scratch("two.nii.gz", gzip.compress(data[:400]) +
                    gzip.compress(data[400:]))), all_slices),
   "two gzip members")
misnamed = [scratch("gz.nii", gzip.compress(data)),
            scratch("plain.nii.gz", data),
            scratch("upper.nii.GZ", gzip.compress(data)),
            scratch("noname", data)]
ok(same(run(*misnamed), 4 * all_slices),
   "gzip without .gz, .gz without gzip, .GZ, no ending")
ok(same(images(run_loudly("nii-slices", "-", data=gzip.compress(data))),
        all_slices), "standard input")

# A file that is cut anywhere is no volume.
data = nib.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4),
                       np.eye(4)).to_bytes()
short = gzip.compress(data, mtime=0)
accepted = []
for whole, cuts in [(short, range(len(short))),
                    (data, [*range(6), *range(340, len(data))])]:
    for n in cuts:
        r = subprocess.run([os.path.join(BIN, "nii-slices"),
                            scratch("cut.nii", whole[:n])],
                           capture_output=True)
        if r.returncode != 3 or r.stderr.count(b"\n") != 1 or \
                r.stdout != b"Pf\n":
            accepted.append((n, r))
ok(not accepted, "a file cut after any byte is refused in one line")

# ------------------------------------------------------------------ scaling

nan, inf = np.nan, np.inf
raw = rng.integers(1, 200, (3, 4, 5)).astype(np.int16)
paths, values = [], []
for i, pair in enumerate([(0, 0), (0, 5), (0, nan), (nan, nan), (nan, 0),
                          (inf, 0), (-inf, 0), (inf, nan), (2, -7),
                          (-.5, 300), (.99999997, 0)]):
    save("s.nii", raw)
    data = bytearray(open(scratch("s.nii"), "rb").read())
    struct.pack_into("<2f", data, 112, *pair)
    paths.append(scratch(f"s{i}.nii", bytes(data)))
    values.append(nib.load(paths[-1]).get_fdata())
ok(same(run("--normalize", "none", *paths),
        [s.astype(np.float32) for x in values for s in slices(x, 2)]),
   "scl_slope 0, NaN and infinite are no scaling")

# --------------------------------------------------------------- foreground

# A skull-stripped volume: exactly 0 outside, negative values inside.
shape = (14, 15, 6)
x, y, z = np.indices(shape)
brain = (x - 6.5) ** 2 + (y - 7) ** 2 < 36
mask = save("brain.nii.gz", brain.astype(np.uint8))
cases = {}
for name, tissue in {
        "z-scored": rng.normal(0, 1, shape), "a rim": np.where(
            rng.random(shape) < .04, -9, rng.random(shape) * 170),
        "all negative": -rng.random(shape) - 1,
        "constant": np.full(shape, -2.0), "positive": 1 + rng.random(shape),
        "wide": np.exp(rng.normal(0, 30, shape))}.items():
    tissue[tissue == 0] = .5
    cases[name] = np.where(brain, tissue, 0).astype(np.float64)
for name, v in cases.items():
    path = save("front.nii.gz", v)
    good = kept = True
    for how in ["minmax", "percentile:0:99", "percentile:2:98"]:
        for option in [[], ["--brain", mask]]:
            got = np.array(run("--normalize", how, *option, path))
            want = scaled(v, how, brain if option else None)
            good &= same(got, slices(want, 2))
            inside = np.array(slices(brain, 2))
            kept &= (got[~inside] == 0).all() and (got[inside] > 0).all()
            # The order of intensities is that of the volume.
            order = np.argsort(np.array(slices(v, 2))[inside])
            kept &= (np.diff(got[inside][order]) >= 0).all()
    ok(good, f"{name}: scaled over the foreground")
    ok(kept, f"{name}: background stays 0, foreground above it, in order")

v = cases["z-scored"]
got = np.array(run("--normalize", "none", path := save("n.nii", v)))
ok(same(got, slices(v.astype(np.float32), 2)), "--normalize none: as stored")
ok(f"warning: {path}: {(v < 0).sum()} voxels of the foreground" in run.said
   and run.said.count("\n") == 1, "and says what is no foreground then")
run(path)
ok(run.said == "", "nothing is said where nothing is lost")

# Zeros inside a brain that is given are foreground.
holes = np.where(rng.random(shape) < .1, 0, v)
got = np.array(run("--brain", mask, save("h.nii", holes)))
ok(same(got, slices(scaled(holes, "minmax", brain), 2)) and
   (got[np.array(slices(brain, 2))] > 0).all(), "zeros within --brain")
shifted = np.where(brain, 1 + v - v.min(), -1000)
shifted[7, 7, 2:4] = 0
got = np.array(run("--brain", mask, path := save("ct.nii", shifted)))
ok(same(got, slices(scaled(shifted, "minmax", brain), 2)) and run.said == "",
   "--brain where 0 is a value of tissue")
run(path)
ok("its corners are -1000, but the background was taken to be 0" in run.said,
   "without it, corners that are not background are told")
lps = nib.as_closest_canonical(nib.load(mask)).as_reoriented(
    np.array([[1, -1], [0, -1], [2, 1]]))
nib.save(lps, scratch("turned.nii.gz"))
ok(same(run("--brain", scratch("turned.nii.gz"), path), got),
   "--brain in another orientation")
soft = scratch("soft.nii")
nib.save(nib.Nifti1Image(brain * .6 + .2, np.eye(4)), soft)
ok(same(run("--brain", soft, "--threshold", .5, path), got),
   "--brain that was resampled, with --threshold")

holed = np.where(brain, 3 + v, nan)
path = save("nan.nii", holed)
for how in HOWS:
    ok(same(run("--nan", "0", "--normalize", how, path),
            slices(scaled(np.nan_to_num(holed), how), 2)), f"--nan 0, {how}")
    ok(same(run("--nan", "background", "--normalize", how, path),
            slices(scaled(holed, how, None, True), 2)),
       f"--nan background, {how}")

# -------------------------------------------------------------- orientation

v = rng.permutation(np.arange(1, 61)).reshape(3, 4, 5).astype(np.int16)
labels = (v % 5).astype(np.int16)


def oblique(degrees):
    """A rotation about a random axis."""
    a = rng.normal(size=3)
    a /= np.linalg.norm(a)
    k = np.array([[0, -a[2], a[1]], [a[2], 0, -a[0]], [-a[1], a[0], 0]])
    t = np.radians(degrees)
    return np.eye(3) + np.sin(t) * k + (1 - np.cos(t)) * k @ k


def turned(perm, signs, rotation):
    affine = np.eye(4)
    for i in range(3):
        affine[perm[i], i] = signs[i] * [.9, 1.2, 2.5][i]
    affine[:3, :3] = rotation @ affine[:3, :3]
    affine[:3, 3] = rng.normal(size=3) * 50
    return affine


def placed(data, affine, sform, qform):
    image = nib.Nifti1Image(data, affine)
    image.set_sform(affine if sform else None, int(sform))
    image.set_qform(affine if qform else None, int(qform))
    return image


def check(name, pairs):
    """Images and their labels, as nibabel turns them."""
    paths, wants, masks, label_wants = [], [], [], []
    for i, (image, label) in enumerate(pairs):
        for kind, name_, out, want in [
                (image, "o", paths, wants), (label, "l", masks, label_wants)]:
            out.append(scratch(f"{name_}{i}.nii"))
            nib.save(kind, out[-1])
            want.append(np.asarray(nib.as_closest_canonical(
                nib.load(out[-1])).dataobj))
    good = True
    for axis, names in enumerate([("x", "sagittal"), ("y", "coronal"),
                                  ("z", "axial")]):
        for axis_name in names:
            got = run("--axis", axis_name, "--normalize", "none", *paths)
            good &= same(got, [s for w in wants for s in slices(w, axis)])
        got = run("--axis", names[1], "--labels", "2,3", *masks)
        good &= same(got, [255 * ((s == 2) | (s == 3)) for w in label_wants
                           for s in slices(w, axis)])
    ok(good, name)


SIGNED = list(itertools.product(itertools.permutations(range(3)),
                                itertools.product([1, -1], repeat=3)))
for name, forms in {"sform": (True, False), "qform": (False, True),
                    "both": (True, True)}.items():
    for degrees in [0, 25]:
        pairs = []
        for perm, signs in SIGNED:
            a = turned(perm, signs, oblique(degrees))
            pairs.append((placed(v, a, *forms), placed(labels, a, *forms)))
        check(f"48 orientations by {name}, {degrees} degrees oblique", pairs)
pairs = []
while len(pairs) < 60:
    a = np.eye(4)
    a[:3, :3] = rng.normal(size=(3, 3)) * [.5, 1, 3]
    pairs.append((placed(v, a, True, False), placed(labels, a, True, False)))
check("60 affines of any directions, sheared too", pairs)
check("neither: from right to left",
      [(placed(v, np.eye(4), False, False),
        placed(labels, np.eye(4), False, False))])
run(scratch("o0.nii"))
ok("qform_code and sform_code are 0: left and right are unknown" in run.said,
   "which a warning says")

two = placed(v, np.eye(4), True, False)
two.set_qform(np.diag([-1, 1, 1, 1]), 1)
nib.save(two, scratch("two.nii"))
got = run("--normalize", "none", scratch("two.nii"))
ok(same(got, slices(v, 2)) and "sform and qform tell two" in run.said,
   "sform and qform that disagree: the sform, and a warning")
got = run("--as-stored", "--axis", "y", "--normalize", "none",
          *[scratch(f"o{i}.nii") for i in range(1)], scratch("two.nii"))
ok(same(got, 2 * slices(v, 1)) and run.said == "",
   "--as-stored: the axes of the file, and no warning")

# An image in LPS and its mask in LAS overlap where they should.
spot = np.zeros((6, 7, 3), np.int16)
spot[1, 5, 1] = 1
ras = nib.Nifti1Image(spot, np.diag([2, 2, 3, 1]))
for name, codes in [("lps.nii", "LPS"), ("las.nii", "LAS"),
                    ("sal.nii", "SAL")]:
    ornt = nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("RAS"),
        nib.orientations.axcodes2ornt(codes))
    nib.save(ras.as_reoriented(ornt), scratch(name))
got = [run("--like", scratch("lps.nii"), "--labels", scratch(n))
       for n in ["lps.nii", "las.nii", "sal.nii"]]
ok(all(same(g, [255 * s for s in slices(spot, 2)]) for g in got),
   "LPS, LAS and SAL of one patient: the same slices, the same grid")

# ------------------------------------------------------------------- labels

v = rng.integers(-1, 6, (5, 6, 4)).astype(np.int16)
path = save("labels.nii.gz", v)


def mask_of(chosen):
    return [255 * s for s in slices(chosen, 2)]


for text, chosen in {"": v > 0, "1": v == 1, "1,4": (v == 1) | (v == 4),
                     "5,5,77": v == 5}.items():
    option = ["--labels", text] if text else ["--labels"]
    ok(same(run(*option, path), mask_of(chosen)) and run.said == "",
       f"--labels {text}")
ok(same(run("--labels=2", path), mask_of(v == 2)), "--labels=2")
ok(same(run(path, "--labels"), mask_of(v > 0)), "--labels at the end")
for text, left in {"-1": v != -1, "-1,3": (v != -1) & (v != 3),
                   "0": v != 0}.items():
    ok(same(run("--ignore", text, path), mask_of(left)), f"--ignore {text}")
within = brain[:5, 2:8, :4]
nib.save(nib.Nifti1Image(within.astype("u1"), np.eye(4)), scratch("b.nii"))
ok(same(run("--ignore", "-1", "--brain", scratch("b.nii"), path),
        mask_of((v != -1) & within)), "--ignore within --brain")
run("--labels", "9", path)
ok(f"no voxel has a label of --labels 9, but {(v > 0).sum()} have" in
   run.said, "a label that is nowhere is told")
run("--labels", save("empty.nii", 0 * v))
ok(run.said == "", "a healthy subject is not")

image = nib.Nifti1Image(v, np.eye(4))
image.header.set_slope_inter(.99999997, 0)
nib.save(image, scratch("slope.nii"))
v32 = v.astype(np.float32) * np.float32(.9999)
same_labels = [scratch("slope.nii"), save("near.nii", v32),
               save("f8.nii", v * .99999997),
               save("u1.nii", np.maximum(v, 0).astype(np.uint8))]
ok(same(run("--labels", *same_labels), 4 * mask_of(v > 0)),
   "labels through scaling: 0.99999997 is 1")
ones = save("ones.nii", np.ones((4, 4, 2), np.uint8))
ok(same(run("--labels", ones), mask_of(np.ones((4, 4, 2), bool))),
   "a constant label stays what it is")
lesion = np.zeros((40, 40, 10), np.uint8)
lesion[:5, :5, :2] = 1  # 50 of 16,000: the last percentile of all
ok(sum((s > 0).sum() for s in run("--labels", save("small.nii",
                                                   lesion))) == 50,
   "50 voxels are 50 voxels")

# A mask resampled with splines: hundreds of values.
soft = np.clip(rng.normal(0, .2, (8, 8, 4)), -.4, 1.4)
soft[2:6, 2:6, 1:3] += 1
soft[0, 0] = [.25, .5, 1, 1]  # at a threshold is above it
path = save("soft.nii", soft)
for t in [.5, .25, 1]:
    ok(same(run("--labels", "--threshold", t, path), mask_of(soft >= t)),
       f"--threshold {t}")
holed = np.where(soft > 1, nan, np.rint(np.clip(soft, 0, 1)))
ok(same(run("--labels", "--nan", "0", save("holed.nii", holed)),
        mask_of(np.nan_to_num(holed) > 0)), "--nan 0 is no label")

# The two masks where they are used: what is ignored is not scored.
v = rng.integers(-1, 2, (12, 12, 3)).astype(np.int8)
path = save("ignore.nii", v)
map_path = scratch("map.pfm", pfm(*[
    np.where(s == -1, 9, s * .5 + .1) for s in slices(v, 2)]))
for name, option in [("mask.pgm", ["--labels"]),
                     ("within.pgm", ["--ignore", "-1"])]:
    scratch(name, run_loudly("nii-slices", *option, path))
result = table(run_loudly("score", "--metrics", "ap", "--within",
                          scratch("within.pgm"), map_path,
                          scratch("mask.pgm")))
ok(float(result[0]["mean"]) == 1, "--ignore makes what --within wants")
done()
