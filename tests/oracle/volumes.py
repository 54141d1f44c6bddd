"""slices-nii against nibabel: what nii-slices cut is put together again."""

import itertools

import nibabel as nib
import numpy as np

from blindspot_io import done, images, ok, pfm, run, scratch

rng = np.random.default_rng(8)
SHAPE = (5, 6, 7)


def save(name, v, affine, kind=nib.Nifti1Image):
    image = kind(v, affine)
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, scratch(name))
    return scratch(name)


def there_and_back(path, cut=(), maps=None, back=(), out="back.nii.gz"):
    """Slice a volume, put the stream or another one back, and load it."""
    index = scratch("index.tsv")
    stream = run("nii-slices", *cut, "--index", index, path)
    run("slices-nii", "--like", path, "--index", index, "--output",
        scratch(out), *back, data=maps(stream) if maps else stream)
    return nib.load(scratch(out))


def same_place(a, b):
    """The same grid in every field that viewers read."""
    fields = ["qform_code", "sform_code", "quatern_b", "quatern_c",
              "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z", "srow_x",
              "srow_y", "srow_z", "xyzt_units", "pixdim"]
    return type(a) is type(b) and a.shape == b.shape and \
        (a.affine == b.affine).all() and \
        all((a.header[f] == b.header[f]).all() for f in fields)


good = {axis: 0 for axis in "xyz"}
for n, (order, flips) in enumerate(itertools.product(
        itertools.permutations(range(3)), itertools.product([1, -1],
                                                            repeat=3))):
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, order] * flips * [[.9], [1.1], [2.5]] + \
        rng.normal(size=(3, 3)) * .05
    affine[:3, 3] = rng.normal(size=3) * 40
    v = (rng.random(SHAPE) + .1).astype(np.float32)
    path = save("v.nii.gz" if n % 2 else "v.nii", v, affine,
                [nib.Nifti1Image, nib.Nifti2Image][n // 2 % 2])
    for axis in "xyz":
        got = there_and_back(path, ["--axis", axis, "--normalize", "none"],
                             out="back.nii" if n % 3 else "back.nii.gz")
        good[axis] += same_place(got, nib.load(path)) and \
            got.get_data_dtype() == np.float32 and \
            (np.asarray(got.dataobj) == v).all()
for axis in "xyz":
    ok(good[axis] == 48, f"axis {axis}: {good[axis]} of 48 orientations")

# Crop, padding and range, against the same cut in numpy on canonical axes.
affine = np.eye(4)[[1, 2, 0, 3]] * [-2., 1, 3, 1]
affine[3, 3] = 1
v = rng.integers(1, 900, SHAPE).astype(np.int16)
path = save("v.nii.gz", v, affine)
canonical = nib.as_closest_canonical(nib.load(path))
back = nib.io_orientation(affine)
for axis, size, text in itertools.product(range(3), [None, 1, 4, 6, 9],
                                          [":", "1:4", "::2", "-2:"]):
    want = np.zeros(canonical.shape)
    part = [slice(None)] * 3
    for i in range(3):
        n = canonical.shape[i]
        # The smaller half is cut off first: of rows, from the top.
        lo = max((n - size) // 2, 0) if size else 0
        hi = n - (max(n - size, 0) - lo) if size else n
        is_row = i == (1 if axis == 2 else 2)
        part[i] = slice(n - hi, n - lo) if is_row else slice(lo, hi)
    part[axis] = slice(*(int(p) if p else None for p in text.split(":")))
    want[tuple(part)] = canonical.get_fdata()[tuple(part)]
    want = nib.orientations.apply_orientation(
        want, nib.orientations.ornt_transform(
            nib.io_orientation(canonical.affine), back))
    got = there_and_back(path, ["--axis", "xyz"[axis], "--normalize", "none",
                                "--slices=" + text,
                                *(["--size", size] if size else [])])
    ok((got.get_fdata() == want).all() and same_place(got, nib.load(path)),
       f"axis {axis}, --size {size}, --slices {text}")

got = there_and_back(path, ["--as-stored", "--axis", "y", "--normalize",
                            "none"])
ok((got.get_fdata() == v).all(), "--as-stored")

# Labels keep the type of the segmentation.
for kind in ["u1", "i1", "u2", "i2", "u4", "i4", "f4"]:
    seg = rng.integers(0, 5, SHAPE).astype(kind)
    path = save("seg.nii.gz", seg, affine)
    got = there_and_back(path, ["--labels", "4"], back=["--label", 4])
    ok((np.asarray(got.dataobj) == 4 * (seg == 4)).all() and
       got.get_data_dtype() == np.dtype("u1" if kind == "f4" else kind),
       f"--label in {kind}")
image = nib.Nifti1Image(v, affine)
image.header.set_slope_inter(.5, 3)
nib.save(image, scratch("scaled.nii.gz"))
got = there_and_back(scratch("scaled.nii.gz"), ["--normalize", "none"])
ok((got.get_fdata() == nib.load(scratch("scaled.nii.gz")).get_fdata()).all(),
   "a scaled header is not applied twice")

# An impulse in the stream lies where nibabel says that its voxel is.
path = save("v.nii.gz", v, affine)
stream = images(run("nii-slices", path))
spot = [0 * x for x in stream]
spot[3][1, 2] = 1
got = there_and_back(path, maps=lambda _: pfm(*spot))
at = nib.affines.apply_affine(got.affine, np.argwhere(got.get_fdata())[0])
rows = spot[0].shape[0]
want = nib.affines.apply_affine(canonical.affine, [2, rows - 1 - 1, 3])
ok(np.allclose(at, want) and (got.get_fdata() != 0).sum() == 1,
   "a found pixel is at its place in the patient")

# Of several volumes the one that is named, or whose file is REF.
other = save("other.nii.gz", (v * 2).astype(np.int16), affine)
index = scratch("both.tsv")
both = run("nii-slices", "--normalize", "none", "--index", index, path, other)
for ref, extra, factor in [(path, [], 1), (other, [], 2),
                           (path, ["--volume", 1], 2)]:
    run("slices-nii", "--like", ref, "--index", index, "--output",
        scratch("one.nii"), *extra, data=both)
    ok((nib.load(scratch("one.nii")).get_fdata() == factor * v).all(),
       f"volume {factor} of two")
run("slices-nii", "--like", path, "--output", scratch("plain.nii"),
    data=run("nii-slices", "--normalize", "none", path))
ok((nib.load(scratch("plain.nii")).get_fdata() == v).all(), "no index")
done()
