"""Sprites, coarse noise and pasted rectangles: properties, distributions."""

from fractions import Fraction

import numpy as np
from scipy.ndimage import label as regions
from scipy.ndimage import map_coordinates
from scipy.stats import chisquare, kstest, norm

from blindspot_io import (Random, done, images, ok, pfm, run, scratch,
                          table)

rng = np.random.default_rng(2)


def inject(kind, *options, x):
    out = images(run("anom-inject", kind, *options, "--mask",
                     scratch("m.pgm"), "--record", scratch("r.tsv"),
                     data=pfm(*x)))
    masks = images(open(scratch("m.pgm"), "rb").read())
    return [a.astype(float) for a in out], [m > 0 for m in masks]


def record():
    """What was put where, by the last of them."""
    with open(scratch("r.tsv"), "rb") as f:
        return [{k: float(v) for k, v in row.items()}
                for row in table(f.read())]


def draws(kind, x, *options):
    """What 10,000 anomalies are made of: 100 in each of 100 images."""
    run("anom-inject", kind, "--count", 100, "--record", scratch("r.tsv"),
        *options, data=pfm(x) * 100)
    rows = record()
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def follows(what, values, law, *args):
    p = kstest(values, law, args).pvalue
    ok(p > .001, f"{what} (p {p:.3f})")


def as_frequent(what, counts):
    p = chisquare(counts).pvalue
    ok(p > .001, f"{what} (p {p:.3f})")


x = [(rng.random(s, dtype=np.float32) * .8 + .1) *
     (rng.random(s) < .9).astype(np.float32)
     for s in [(64, 50), (33, 70), (9, 8), (128, 128)] * 3]
for kind in "sprites", "coarse-noise", "cutpaste":
    out, masks = inject(kind, "--seed", 5, x=x)
    again, _ = inject(kind, "--seed", 5, x=x)
    other, _ = inject(kind, "--seed", 6, x=x)
    ok(all(not m[b <= 0].any() for m, b in zip(masks, x)) and
       all(m.any() for m in masks), f"{kind}: labels lie in the foreground")
    ok(all((a[~m] == b[~m]).all() for a, m, b in zip(out, masks, x)),
       f"{kind}: nothing changes outside the label")
    ok(all(np.array_equal(a, b) for a, b in zip(out, again)) and
       not any(np.array_equal(a, b) for a, b in zip(out, other)),
       f"{kind}: the seed decides")
    two, _ = inject(kind, "--seed", 5, "--first-index", 4, x=x[:4])
    ok(not np.array_equal(two[0], out[0]), f"{kind}: the index decides")

# Sprites: the record, painted again.
out, masks = inject("sprites", "--count", 2, x=x)
worst, rows = 0, record()
for i, (a, m, b) in enumerate(zip(out, masks, x)):
    r, c = np.mgrid[:b.shape[0], :b.shape[1]]
    want, label, clear = b.astype(float), b < 0, b > -1
    for row in rows[2 * i:2 * i + 2]:
        ok_first = (row["row"], row["col"]) == (row["row-1"], row["col-1"])
        worst = max(worst, not ok_first)
        for k in "123":
            dy, dx = r - row["row-" + k], c - row["col-" + k]
            co, si = np.cos(row["angle-" + k]), np.sin(row["angle-" + k])
            far = ((co * dx + si * dy) / row["width-" + k]) ** 2 + \
                ((co * dy - si * dx) / row["height-" + k]) ** 2
            inside = (far < 1) & (b > 0)
            clear &= np.abs(far - 1) > 1e-9
            want[inside] = row["intensity-" + k]
            label |= inside
    worst = max(worst, np.abs(a - want)[clear].max(),
                (m ^ label)[clear].max())
ok(worst <= 1e-7, f"sprites are ellipses, one over another ({worst:.1e})")

# Half-axes of 5 for 128 are 10 for 256; disks that neither touch nor leave the
# image have some 314 samples.
x1 = np.full((256, 256), .5, np.float32)
_, masks = inject("sprites", "--mean", 5, "--sd", 0, x=[x1] * 20)
areas = [np.bincount(k.ravel())[1:] for k, n in map(regions, masks) if n == 3]
ok(len(areas) > 3 and all(a.max() <= 320 for a in areas) and
   all(a.max() >= 305 for a in areas), f"half-axes scale ({areas[:3]})")

# 10,000 draws: half-axes, turns, intensities, places.
side = 32
x1 = rng.permuted(np.linspace(.01, 1, side * side)).reshape(side, side)
x1 = x1.astype("f4")
drawn = draws("sprites", x1)


def axes(t):
    return norm.cdf((t - 4) / 6) - norm.cdf((-t - 4) / 6)


for k, (lo, hi) in zip("123", [(1, 5), (30, 70), (95, 99)]):
    for name in "height-", "width-":
        length = drawn[name + k] * 128 / side
        u = np.where(length <= 2 * (1 + 1e-12),
                     rng.uniform(0, axes(2), len(length)), axes(length))
        follows(f"sprites: {name}{k} is |N(4, 6)|, 2 or more", u, "uniform")
    follows(f"sprites: angle-{k} is uniform", drawn["angle-" + k] / np.pi,
            "uniform")
    lo, hi = np.percentile(x1.astype(float), [lo, hi])
    follows(f"sprites: intensity-{k} is uniform within its percentiles",
            (drawn["intensity-" + k] - lo) / (hi - lo), "uniform")
    as_frequent(f"sprites: place {k} is uniform", np.histogram2d(
        drawn["row-" + k], drawn["col-" + k], 8)[0].ravel())


# Coarse noise: bilinear between nodes that are the kit's normal deviates.
def coarse(b, seed, i, row, sigma, n):
    random = Random(seed, 2, int(row["anomaly"]), i)
    grid = sigma * np.array([random.normal() for _ in range(n * n)])
    rolls = [random.below(size) for size in b.shape]
    told.append(rolls == [row["roll-down"], row["roll-right"]])
    at = np.meshgrid(*[((np.arange(size) + roll) % size) * (n - 1) /
                       (size - 1) for size, roll in zip(b.shape, rolls)],
                     indexing="ij")
    noise = map_coordinates(grid.reshape(n, n), at, order=1, mode="nearest")
    return np.where(b > 0, b + noise, b)


told = []
for sigma, n in (.2, 16), (.004, 5):
    out, masks = inject("coarse-noise", "--sigma", sigma, "--grid", n,
                        "--seed", 7, "--count", 2, x=x)
    worst, rows = 0, record()
    for i, (a, m, b) in enumerate(zip(out, masks, x)):
        want, label, clear = b.astype(float), b < 0, b > -1
        for row in rows[2 * i:2 * i + 2]:
            y = coarse(b, 7, i, row, sigma, n)
            seen = np.abs(y - b) > 1 / 255 + 1e-6
            clear &= np.abs(np.abs(y - b) - 1 / 255 - 1e-6) > 2e-7
            want[seen] = y[seen]
            label |= seen
        worst = max(worst, np.abs(a - want)[clear].max(),
                    (m ^ label)[clear].max())
    ok(worst <= 1e-6, f"coarse noise of {sigma} is bilinear ({worst:.1e})")
ok(all(told), "its rolls are told")
x1 = np.full((100, 100), 100, np.float32)
out, _ = inject("coarse-noise", "--grid", 100, "--sigma", 3, x=[x1])
nodes = (out[0] - 100).ravel() / 3
follows("coarse noise is normal", nodes, "norm")
ok(abs(nodes.std() - 1) < 4 / np.sqrt(2e4), f"sd is sigma ({nodes.std():.3f})")
drawn = draws("coarse-noise", np.full((24, 31), .5, "f4"), "--grid", 2)
as_frequent("rolls down are uniform", np.bincount(
    drawn["roll-down"].astype(int), minlength=24))
as_frequent("rolls right are uniform", np.bincount(
    drawn["roll-right"].astype(int), minlength=31))

# Pastes: areas, ratios, and what is pasted, on an image of distinct samples.
side, n = 96, 40
x1 = (np.arange(1, side * side + 1).reshape(side, side) / 100).astype("f4")
out, masks = inject("cutpaste", x=[x1] * n)
exact = True
for a, m, row in zip(out, masks, record()):
    h, w = int(row["height"]), int(row["width"])
    top, left = int(row["top"]), int(row["left"])
    want = x1.astype(float)
    want[top:top + h, left:left + w] = x1[
        int(row["from-top"]):int(row["from-top"]) + h,
        int(row["from-left"]):int(row["from-left"]) + w]
    exact &= np.array_equal(a, want) and np.array_equal(m, a != x1)
    centred = [max(min(int(row[at]) - n // 2, side - n), 0)
               for at, n in (("row", h), ("col", w))]
    exact &= centred == [top, left]
ok(exact, "a rectangle is pasted from one place")
side = 200
x1 = rng.permuted(np.linspace(.01, 1, side * side)).reshape(side, side)
drawn = draws("cutpaste", x1.astype("f4"))
h, w = drawn["height"], drawn["width"]
follows("its area is uniform from .02 to .15", h * w / side ** 2, "uniform",
        .02, .13)
follows("its ratio is log-uniform", np.log(h / w) / -np.log(.3), "uniform",
        -1, 2)
for name, length in ("from-top", h), ("from-left", w):
    u = (drawn[name] + rng.random(len(h))) / (side - length + 1)
    follows(f"{name} is uniform", u, "uniform")

# Texture: every sample by exact arithmetic, halves to even.
def moved(kind, n, radius, row, col):
    """Where each sample of an n x n image comes from, as a flat index."""
    r2 = Fraction(radius) ** 2
    out = np.arange(n * n).reshape(n, n)
    for r in range(n):
        for c in range(n):
            s = ((r - row) ** 2 + (c - col) ** 2) / r2
            if s < 1:
                at = [m + s * (i - m) if kind == "source" else
                      i + (1 - s) * (i - m) for i, m in ((r, row), (c, col))]
                a, b = (min(max(round(x), 0), n - 1) for x in at)
                out[r, c] = a * n + b
    return out


n = 64  # indices are exact in float32
ramp = (np.arange(n * n).reshape(n, n) + 1) / 4096
for kind in "source", "sink":
    wrong = 0
    for radius in "30", "20", "12", "7.5", "22.360679774997898", "1.25":
        for row, col in (34, 22), (5, 61), (31, 31):
            table_of = scratch("at.tsv", f"image\trow\tcol\n0\t{row}\t{col}\n")
            got = images(run("anom-inject", kind, "--radius", radius,
                             "--positions", table_of,
                             scratch("ramp.pfm", pfm(ramp))))[0]
            wrong += (got * 4096 - 1 !=
                      moved(kind, n, float(radius), row, col)).sum()
    ok(wrong == 0, f"{kind}: samples by exact arithmetic ({wrong} others)")
done()
