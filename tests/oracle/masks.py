"""foreground, mask-apply and anom-inject --within, against scikit-image, scipy
and numpy."""

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from blindspot_io import done, images, ok, pfm, pgm, run, scratch

rng = np.random.default_rng(6)
FULL = np.ones((3, 3))


def two_modes(rows, cols):
    """Smooth blobs and noise, with values that no bin's edge meets."""
    blobs = ndimage.gaussian_filter(rng.random((rows, cols)), 3)
    x = (blobs > np.quantile(blobs, rng.uniform(.2, .8))) * .6
    return (x + rng.normal(.2, .07, x.shape)).astype(np.float32)


pictures = [two_modes(*rng.integers(8, 60, 2)) for _ in range(60)]
got = images(run("foreground", data=pfm(*pictures)))
want = [x > threshold_otsu(x) for x in pictures]
# Where two bins part alike, and where float32 counts round, one bin.
off = [np.abs(a.astype(int) // 255 - b).mean() for a, b in zip(got, want)]
ok(sum(o == 0 for o in off) >= 58 and max(off) < .01,
   f"Otsu's threshold: {sum(o == 0 for o in off)} of 60 as scikit-image")
eight = rng.integers(0, 256, (40, 40))
eight = np.where(rng.random(eight.shape) < .5, eight // 4, 160 + eight // 4)
got = images(run("foreground", data=pgm(eight)))[0]
ok(np.array_equal(got > 0, eight > threshold_otsu(eight)), "8-bit images")
by_hand = np.array([[0, 0, 0, .99, 9, 9, 10]])
ok((images(run("foreground", data=pfm(by_hand)))[0] ==
    [[0, 0, 0, 0, 255, 255, 255]]).all(), "by hand: two clusters")
ok(images(run("foreground", data=pfm(np.full((3, 4), .7))))[0].sum() == 0,
   "one value has no foreground")
ok((images(run("foreground", "--threshold", .5, data=pfm(
    np.array([[.5, .6, .4]]))))[0] == [[0, 255, 0]]).all(), "above, not at")
ok((images(run("foreground", "--threshold=-1", data=pfm(
    np.array([[-2., -1, 0]]))))[0] == [[0, 0, 255]]).all(), "below 0")

good = {"--largest": 0, "--fill": 0, "both": 0}
for x in pictures[:30]:
    mask = x > .45
    labels, n = ndimage.label(mask, FULL)
    sizes = np.bincount(labels.ravel())[1:]
    largest = labels == 1 + sizes.argmax() if n else mask
    filled = ndimage.binary_fill_holes(mask)
    for name, options, y in [
            ("--largest", ["--largest"], largest),
            ("--fill", ["--fill"], filled),
            ("both", ["--fill", "--largest"],
             ndimage.binary_fill_holes(largest))]:
        got = images(run("foreground", "--threshold", .45, *options,
                         data=pfm(x)))[0]
        good[name] += np.array_equal(got > 0, y)
for name, n in good.items():
    ok(n == 30, f"{name}: {n} of 30 as scipy")

masks = [x > .45 for x in pictures]
m = scratch("m.pgm", pgm(*(255 * y for y in masks)))
got = images(run("mask-apply", m, "-", data=pfm(*pictures)))
ok(all(np.array_equal(a, np.where(y, x, 0))
       for a, x, y in zip(got, pictures, masks)), "mask-apply")

# Inside, what is put into the image without the rest; outside, the image.
lit = [x - x.min() + .1 for x in pictures[:20]]
masks = [ndimage.binary_dilation(y, iterations=2) for y in masks[:20]]
healthy = scratch("h.pfm", pfm(*lit))
m = scratch("m.pgm", pgm(*(255 * y for y in masks)))
inside = scratch("i.pfm", run("mask-apply", m, healthy))
for kind in ["disk", "source", "sink", "shuffle", "sprites", "coarse-noise",
             "smooth-intensity"]:
    out, label = [], []
    for options, stream in [(["--within", m], healthy), ([], inside)]:
        out.append(images(run("anom-inject", kind, "--seed", 3, "--mask",
                              scratch("l.pgm"), *options, stream)))
        label.append(images(open(scratch("l.pgm"), "rb").read()))
    ok(all(np.array_equal(a, np.where(y, b, x)) and np.array_equal(p, q) and
           not (p[~y] > 0).any() and (p > 0).any()
           for a, b, x, y, p, q in zip(out[0], out[1], lit, masks, *label)),
       f"anom-inject {kind} --within")
done()
