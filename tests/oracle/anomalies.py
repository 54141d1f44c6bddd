"""Sprites, coarse noise and pasted rectangles: properties, distributions."""

import numpy as np
from scipy.ndimage import label as regions
from scipy.stats import kstest

from blindspot_io import done, images, ok, pfm, run, scratch

rng = np.random.default_rng(2)


def inject(kind, *options, x):
    out = images(run("anom-inject", kind, *options, "--mask",
                     scratch("m.pgm"), data=pfm(*x)))
    masks = images(open(scratch("m.pgm"), "rb").read())
    return [a.astype(float) for a in out], [m > 0 for m in masks]


x = [(rng.random(s, dtype=np.float32) * .8 + .1) *
     (rng.random(s) < .9).astype(np.float32)
     for s in [(64, 50), (33, 70), (9, 8), (128, 128)] * 3]
for kind in "sprites", "coarse-noise", "cutpaste":
    out, masks = inject(kind, "--seed", 5, x=x)
    again, _ = inject(kind, "--seed", 5, x=x)
    other, _ = inject(kind, "--seed", 6, x=x)
    moved = [np.abs(a - b) > 1 / 255 for a, b in zip(out, x)]
    ok(all(not m[b <= 0].any() for m, b in zip(masks, x)) and
       all(m.any() for m in masks), f"{kind}: labels lie in the foreground")
    ok(not any((d & ~m).any() for d, m in zip(moved, masks)),
       f"{kind}: nothing visible changes outside the label")
    ok(all(np.array_equal(a, b) for a, b in zip(out, again)) and
       not any(np.array_equal(a, b) for a, b in zip(out, other)),
       f"{kind}: the seed decides")
    ok(all((a[b <= 0] == b[b <= 0]).all() for a, b in zip(out, x)),
       f"{kind}: the background stays")
    two, _ = inject(kind, "--seed", 5, "--first-index", 4, x=x[:4])
    ok(not np.array_equal(two[0], out[0]), f"{kind}: the index decides")

# Sprites: at most three values, each within its percentiles.
out, masks = inject("sprites", x=x)
bad = 0
for a, m, b in zip(out, masks, x):
    ranges = np.percentile(b[b > 0].astype(float),
                           [1, 5, 30, 70, 95, 99]).reshape(3, 2)
    values = np.unique(a[m])
    bad += len(values) > 3 or not all(
        any(lo - 1e-6 <= v <= hi + 1e-6 for lo, hi in ranges) for v in values)
ok(bad == 0, "sprites have the percentiles that they should have")
# Half-axes of 5 for 128 are 10 for 256; disks that neither touch nor leave the
# image have some 314 samples.
x1 = np.full((256, 256), .5, np.float32)
_, masks = inject("sprites", "--mean", 5, "--sd", 0, x=[x1] * 20)
areas = [np.bincount(k.ravel())[1:] for k, n in map(regions, masks) if n == 3]
ok(len(areas) > 3 and all(a.max() <= 320 for a in areas) and
   all(a.max() >= 305 for a in areas), f"half-axes scale ({areas[:3]})")

# Coarse noise: on its own grid of the image's size it is the noise itself.
x1 = np.full((64, 64), 100, np.float32)
out, (m,) = inject("coarse-noise", "--grid", 64, "--sigma", 3, x=[x1])
p = kstest((out[0] - 100).ravel() / 3, "norm").pvalue
ok(p > .001, f"coarse noise is normal (p {p:.3f})")
# A grid of 2 x 2, unrolled, is bilinear: second differences are 0 but at the
# seam of the roll.
out, _ = inject("coarse-noise", "--grid", 2, x=[x1])
bends = np.abs(np.diff(out[0], 2, axis=0)).max(1) > 1e-3
ok(bends.sum() <= 2, f"it is linear between nodes ({bends.sum()} bends)")

# Pastes: areas, ratios, and what is pasted, on an image of distinct samples.
side, n = 96, 400
x1 = (np.arange(1, side * side + 1).reshape(side, side) / 100).astype("f4")
out, masks = inject("cutpaste", x=[x1] * n)
area, ratio, exact = [], [], True
for a, m in zip(out, masks):
    r, c = np.nonzero(m)
    h, w = np.ptp(r) + 1, np.ptp(c) + 1
    area.append(h * w / side ** 2)
    ratio.append(np.log(h / w) / -np.log(.3))
    # One offset moves every sample.
    moved = np.round(a * 100).astype(int)[m] - 1 - (r * side + c)
    exact &= m.sum() == h * w and len(set(moved)) == 1
ok(exact, "a rectangle is pasted from one place")
p = kstest(area, "uniform", (.02, .13)).pvalue
ok(p > .001, f"its area is uniform from .02 to .15 (p {p:.3f})")
p = kstest(ratio, "uniform", (-1, 2)).pvalue
ok(p > .001, f"its ratio is log-uniform (p {p:.3f})")
done()
