"""nii-slices against nibabel."""

import gzip

import nibabel as nib
import numpy as np

from blindspot_io import done, images, ok, run, scratch, table

rng = np.random.default_rng(4)


def slices(v, axis, how):
    """The slices of a volume, scaled, as nii-slices documents them."""
    v = v.astype(np.float64)
    if how == "minmax":
        span = v.max() - v.min()
        v = (v - v.min()) / span if span > 0 else 0 * v
    elif how != "none":
        lo, hi = np.percentile(v, [float(q) for q in how.split(":")[1:]])
        v = np.clip((v - lo) / (hi - lo), 0, 1)
    return [np.take(v, i, axis).T[::-1].astype(np.float32)
            for i in range(v.shape[axis])]


def same(got, want):
    return len(got) == len(want) and \
        all(np.array_equal(a, b) for a, b in zip(got, want))


for kind in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]:
    for version in [nib.Nifti1Image, nib.Nifti2Image]:
        good = True
        for endian in "<>":
            for scaling in [None, (2.5, -7.25)]:
                for suffix in [".nii", ".nii.gz"]:
                    t = np.dtype(endian + kind)
                    v = (rng.random((4, 5, 6)) * 120 -
                         (0 if kind[0] == "u" else 60)).astype(t)
                    header = version.header_class(endianness=endian)
                    image = version(v, np.eye(4), header)
                    image.set_data_dtype(t)
                    path = scratch("v" + suffix)
                    if scaling:
                        image.header.set_slope_inter(*scaling)
                    nib.save(image, path)
                    v = nib.load(path).get_fdata()
                    for axis in range(3):
                        for how in ["minmax", "none", "percentile:5:90"]:
                            got = images(run("nii-slices", "--axis",
                                             "xyz"[axis], "--normalize", how,
                                             path))
                            good &= same(got, slices(v, axis, how))
        ok(good, f"{kind}, {version.__name__}: both endians, scaling, "
           ".nii and .nii.gz, three axes")

v = rng.integers(0, 200, (6, 7, 9)).astype(np.int16)
path = scratch("w.nii")
nib.save(nib.Nifti1Image(v, np.eye(4)), path)
all_slices = slices(v, 2, "minmax")
for text in ["2:5", ":", "::2", "-3:", ":-4", "1:100", "-100:2", "1:8:3",
             "8:9"]:
    parts = [int(p) if p else None for p in text.split(":")]
    got = images(run("nii-slices", "--slices", text, path))
    ok(same(got, all_slices[slice(*parts)]), f"--slices {text}")


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
    got = images(run("nii-slices", "--size", n, path))
    ok(same(got, [fit(x, n) for x in all_slices]), f"--size {n}")

out = images(run("nii-slices", "--slices", "0:2", "--index",
                 scratch("i.tsv"), path, path))
rows = table(open(scratch("i.tsv"), "rb").read())
ok([(r["image"], r["file"], r["slice"]) for r in rows] ==
   [(str(i), path, str(i % 2)) for i in range(4)] and len(out) == 4,
   "--index of two files")

nib.save(nib.Nifti1Image(np.full((3, 3, 3), 7, np.int16), np.eye(4)), path)
ok(all((x == 0).all() for x in images(run("nii-slices", path))),
   "a constant volume gives 0")
pair = nib.Nifti1Pair(v, np.eye(4))
nib.save(pair, scratch("p.hdr"))
ok(same(images(run("nii-slices", scratch("p.hdr"))), all_slices),
   "a .hdr with its .img")
nib.save(nib.Nifti1Image(v[..., None], np.eye(4)), scratch("f.nii"))
ok(same(images(run("nii-slices", scratch("f.nii"))), all_slices),
   "4-D with one volume")
data = open(scratch("f.nii"), "rb").read()
path = scratch("two.nii.gz", gzip.compress(data[:400]) +
               gzip.compress(data[400:]))
ok(same(images(run("nii-slices", path)), all_slices), "two gzip members")
done()
