"""Shapes, bends, foreign and cloned patches, coherent noise: against scipy."""

import numpy as np
from scipy.ndimage import (distance_transform_edt, map_coordinates,
                           median_filter)
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import spsolve
from scipy.stats import chisquare, gamma, kstest, norm

from blindspot_io import done, images, ok, pfm, pgm, run, scratch, table

rng = np.random.default_rng(21)
VISIBLE = 1 / 255


def inject(kind, x, *options):
    """Images, labels and records of a kind."""
    out = images(run("anom-inject", kind, *options, "--mask",
                     scratch("m.pgm"), "--record", scratch("r.tsv"),
                     data=pfm(*x)))
    masks = images(open(scratch("m.pgm"), "rb").read())
    with open(scratch("r.tsv"), "rb") as f:
        rows = [{k: float(v) for k, v in row.items()}
                for row in table(f.read())]
    return out, [m > 0 for m in masks], rows


def brains(n, rows, cols):
    r, c = np.mgrid[:rows, :cols]
    inside = ((r - rows / 2) / rows) ** 2 + ((c - cols / 2) / cols) ** 2 < .2
    return [((rng.random((rows, cols)) * .8 + .1) * inside).astype("f4")
            for _ in range(n)]


def column(rows, name):
    return np.array([row[name] for row in rows])


X = brains(12, 64, 50) + brains(8, 33, 70)
D = [rng.permutation(a.ravel()).reshape(a.shape) for a in X]
DONORS = ["--donors", scratch("d.pfm", pfm(*D))]
SHAPES = ["--shapes", scratch("s.pgm", pgm(*[
    255 * (rng.random((9, 7)) < .6).astype("u1") for _ in X]))]
OPTIONS = {"lesion": SHAPES, "smooth-intensity": [], "bend-sink": [],
           "bend-source": [], "fpi": DONORS, "pii": DONORS, "nsa": DONORS,
           "perlin": []}

for kind, options in OPTIONS.items():
    out, masks, rows = inject(kind, X, *options, "--seed", 3)
    again = inject(kind, X, *options, "--seed", 3)[0]
    other = inject(kind, X, *options, "--seed", 4)[0]
    ok(all(m.any() and not m[x <= 0].any() for m, x in zip(masks, X)),
       f"{kind}: labels lie in the foreground")
    ok(all((a[x <= 0] == 0).all() for a, x in zip(out, X)),
       f"{kind}: the background stays")
    if kind != "nsa":  # whose label is smoothed
        ok(not any((np.abs(a - x) > VISIBLE)[~m].any()
                   for a, m, x in zip(out, masks, X)),
           f"{kind}: nothing visible changes outside the label")
    ok(all(np.array_equal(a, b) for a, b in zip(out, again)) and
       not any(np.array_equal(a, b) for a, b in zip(out, other)),
       f"{kind}: the seed decides")
    halves = []
    for first, part in (0, slice(0, 12)), (12, slice(12, 20)):
        beside = list(options)
        if kind in ("fpi", "pii", "nsa"):
            beside[1] = scratch("part.pfm", pfm(*D[part]))
        elif options:
            shapes = images(open(options[1], "rb").read())
            beside[1] = scratch("part.pgm", pgm(*shapes[part]))
        halves += inject(kind, X[part], *beside, "--seed", 3,
                         "--first-index", first)[0]
    ok(all(np.array_equal(a, b) for a, b in zip(out, halves)),
       f"{kind}: pieces make the whole")
    lo, hi = (min(a.min() for a in X + D), max(a.max() for a in X + D))
    ok(all(a.min() >= lo and a.max() <= hi for a in out),
       f"{kind}: the range is kept")

# ------------------------------------------------------------------- lesion

out, masks, rows = inject("lesion", X, *SHAPES, "--intensity", .9, "--blend",
                          .25)
shapes = images(open(SHAPES[1], "rb").read())
same = True
for a, m, row, x, s in zip(out, masks, rows, X, shapes):
    r, c = np.nonzero(s)
    r, c = (r + int(row["row"]) - (r.min() + r.max()) // 2,
            c + int(row["col"]) - (c.min() + c.max()) // 2)
    keep = (r >= 0) & (r < x.shape[0]) & (c >= 0) & (c < x.shape[1])
    want = np.zeros(x.shape, bool)
    want[r[keep], c[keep]] = True
    want &= x > 0
    same &= np.array_equal(m, want) and np.allclose(
        a, np.where(want, .75 * x + .25 * .9, x), atol=1e-7)
ok(same, "lesion: the shape, centred, blended")

# ------------------------------------------------------------ random shapes


def local(row, r, c):
    """Places before shear and turn, in units of half a side."""
    dy, dx = r - row["row"], c - row["col"]
    co, si = np.cos(row["angle"]), np.sin(row["angle"])
    v = co * dy - si * dx
    u = co * dx + si * dy - row["shear"] * v
    return 2 * v / row["height"], 2 * u / row["width"]


def holds(row, r, c):
    v, u = local(row, r, c)
    if row["ellipse"]:
        return v * v + u * u < 1
    return (np.abs(v) < 1) & (np.abs(u) < 1)


def edge(row, r0, c0, dy, dx):
    """Distance to the edge, by bisection along the ray."""
    near, far = np.zeros(dy.shape), np.full(dy.shape, 1e4)
    for _ in range(80):
        middle = (near + far) / 2
        inside = holds(row, r0 + middle * dy, c0 + middle * dx)
        near, far = np.where(inside, middle, near), np.where(inside, far,
                                                             middle)
    return near


out, masks, rows = inject("smooth-intensity", X, "--seed", 8)
worst = 0
for a, m, row, x in zip(out, masks, rows, X):
    r, c = np.mgrid[:x.shape[0], :x.shape[1]]
    far = distance_transform_edt(holds(row, r, c))
    want = x + row["amplitude"] * np.minimum(far / row["ramp"], 1) * (x > 0)
    want = np.clip(want, x.min(), x.max())
    worst = max(worst, np.abs(a - want).max())
    # A change of just 1/255 may fall on either side.
    clear = np.abs(np.abs(want - x) - VISIBLE) > 1e-6
    worst = max(worst, (m ^ (np.abs(want - x) > VISIBLE))[clear].max())
ok(worst <= 1e-6, f"smooth-intensity: the ramp ({worst:.1e})")

for kind in "bend-sink", "bend-source":
    out, masks, rows = inject(kind, X, "--seed", 8)
    worst, same, push = 0, True, 0
    for a, m, row, x in zip(out, masks, rows, X):
        r, c = np.mgrid[:x.shape[0], :x.shape[1]].astype(float)
        inside = holds(row, r, c) & (x > 0)
        same &= np.array_equal(m, inside)
        turn = np.arange(360) * np.pi / 180
        r0, c0 = row["from-row"], row["from-col"]
        mean = edge(row, r0, c0, np.sin(turn), np.cos(turn)).mean()
        q = row["push"] / (np.sqrt(2) * mean)
        f = np.log(.5 - q) / np.log(.5 + q)
        push = max(push, abs(f / row["exponent"] - 1))
        far = np.hypot(r - r0, c - c0)
        dy, dx = (r - r0) / far, (c - c0) / far
        whole = edge(row, r0, c0, dy, dx)
        share = np.minimum(far / whole, 1)
        to = whole * (share ** f if kind == "bend-source"
                      else 1 - (1 - share) ** f)
        want = map_coordinates(x.astype(float), [r0 + to * dy, c0 + to * dx],
                               order=3, mode="nearest")
        want = np.where(inside, np.clip(want, x.min(), x.max()), x)
        worst = max(worst, np.abs(a - want).max())
    ok(same and worst <= 1e-5 and push <= 1e-9,
       f"{kind}: scipy's spline along the rays ({worst:.1e})")

# ------------------------------------------------------------ foreign boxes


def box(row, x, half_height, half_width, central=False):
    r, c = int(row["row"]), int(row["col"])
    if central:
        r, c = (min(max(v, int((1 - .8) / 2 * n)),
                    n - int((1 - .8) / 2 * n) - 1)
                for v, n in zip((r, c), x.shape))
    inside = np.zeros(x.shape, bool)
    inside[max(r - int(half_height), 0):r + int(half_height) + 1,
           max(c - int(half_width), 0):c + int(half_width) + 1] = True
    return inside


def solve(x, unknown, guide):
    """Poisson's equation by a direct sparse solver."""
    number = -np.ones(x.shape, int)
    number[unknown] = np.arange(unknown.sum())
    i, j, v, b = [], [], [], np.zeros(unknown.sum())
    for r, c in zip(*np.nonzero(unknown)):
        k = number[r, c]
        for p in (r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1):
            if not (0 <= p[0] < x.shape[0] and 0 <= p[1] < x.shape[1]):
                continue
            i.append(k), j.append(k), v.append(1)
            b[k] += guide((r, c), p)
            if unknown[p]:
                i.append(k), j.append(number[p]), v.append(-1)
            else:
                b[k] += x[p]
    out = x.astype(float)
    out[unknown] = spsolve(csr_matrix((v, (i, j))), b)
    return out


out, masks, rows = inject("fpi", X, *DONORS, "--seed", 8)
worst, same = 0, True
for a, m, row, x, d in zip(out, masks, rows, X, D):
    half = row["half-width"]
    inside = box(row, x, half, half, True) & (x > 0)
    want = np.where(inside, row["alpha"] * x + (1 - row["alpha"]) * d, x)
    worst = max(worst, np.abs(a - want).max())
    same &= np.array_equal(m, np.abs(a.astype(float) - x) > VISIBLE)
ok(worst <= 1e-6 and same, f"fpi: the mixture ({worst:.1e})")

out, masks, rows = inject("pii", X, *DONORS, "--seed", 8)
worst = 0
for a, row, x, d in zip(out, rows, X, D):
    half, alpha = row["half-width"], row["alpha"]

    def mixed(p, q, x=x.astype(float), d=d.astype(float), alpha=alpha):
        theirs, ours = alpha * (d[p] - d[q]), (1 - alpha) * (x[p] - x[q])
        return ours if abs(ours) > abs(theirs) else theirs

    want = solve(x, box(row, x, half, half, True) & (x > 0), mixed)
    want = np.clip(want, min(x.min(), d.min()), max(x.max(), d.max()))
    worst = max(worst, np.abs(a - want).max())
ok(worst <= 1e-6, f"pii: a direct sparse solution ({worst:.1e})")

out, masks, rows = inject("nsa", X, *DONORS, "--seed", 8)
worst, same = 0, True
for a, m, row, x, d in zip(out, masks, rows, X, D):
    r, c = np.mgrid[:x.shape[0], :x.shape[1]]
    laid = map_coordinates(
        d.astype(float),
        [row["donor-row"] + (r - row["row"]) / row["scale"],
         row["donor-col"] + (c - row["col"]) / row["scale"]],
        order=1, mode="nearest").astype("f4").astype(float)
    inside = box(row, x, row["half-height"], row["half-width"]) & (x > 0)
    want = solve(x, inside, lambda p, q, laid=laid: laid[p] - laid[q])
    lo, hi = (min(x.min(), d.min(), laid[inside].min()),
              max(x.max(), d.max(), laid[inside].max()))
    want = np.clip(want, lo, hi)
    worst = max(worst, np.abs(a - want).max())
    seen = median_filter((np.abs(a.astype(float) - x) > VISIBLE).astype("u1"),
                         5, mode="reflect") > 0
    same &= np.array_equal(m, seen & (x > 0))
ok(worst <= 1e-6 and same, f"nsa: a direct sparse solution ({worst:.1e})")

# ------------------------------------------------------------------- perlin

out, masks, rows = inject("perlin", X, *DONORS, "--seed", 8)
worst = 0
for a, m, row, x, d in zip(out, masks, rows, X, D):
    want = (1 - row["beta"]) * d + row["beta"] * x
    worst = max(worst, np.abs(a - want)[m].max())
ok(worst <= 1e-6, f"perlin: the donor where the noise is high ({worst:.1e})")
# Noise is 0 at the corners of its cells, and never beyond 1.
flat = [np.full((64, 64), .5, "f4") + x for x in
        .4 * rng.random((40, 64, 64)).astype("f4")]
_, masks, rows = inject("perlin", flat, "--threshold", 0.0001)
ok(not any(m[::int(64 / row["cells-down"]), ::int(64 / row["cells-across"])]
           .any() for m, row in zip(masks, rows)), "noise is 0 at its nodes")
share = np.mean([m.mean() for m in masks])
ok(.35 < share < .55, f"and above 0 on about half ({share:.2f})")

# ------------------------------------------------------- what is drawn, 10,000

N, W = 10000, 32
x = [rng.permuted(np.linspace(.01, 1, W * W)).reshape(W, W).astype("f4")] * N
middle = scratch("p.tsv", "image\trow\tcol\n" + "".join(
    f"{i}\t16\t16\n" for i in range(N)))
beside = ["--donors", scratch("one.pfm", pfm(1 - x[0]))]
AT = ["--positions", middle]
BEGIN = ["--positions", scratch("b.tsv", "image\trow\tcol\n" + "".join(
    f"{i}\t16\t16\n" for i in range(2000)))]


def follows(what, values, law):
    p = kstest(values, law).pvalue
    ok(p > .001, f"{what} (p {p:.3f})")


def unclipped(values, low, high, law):
    """Uniform if values follow the law, cut at low and high."""
    u = law.cdf(values)
    u = np.where(values <= low * (1 + 1e-12),
                 rng.uniform(0, law.cdf(low), len(u)), u)
    return np.where(values >= high * (1 - 1e-12),
                    rng.uniform(law.cdf(high), 1, len(u)), u)


_, _, rows = inject("smooth-intensity", x, *AT)
amplitude = column(rows, "amplitude") / x[0].std()
follows("amplitudes are .1 + gamma(3, .2)", np.abs(amplitude),
        gamma(3, .1, .2).cdf)
p = chisquare(np.bincount(amplitude > 0)).pvalue
ok(p > .001, f"of either sign (p {p:.3f})")
p = chisquare(np.bincount(column(rows, "ellipse").astype(int))).pvalue
ok(p > .001, f"rectangles and ellipses are as frequent (p {p:.3f})")
for side in "height", "width":
    follows(f"{side} is .03 + gamma(2, .1), from .06 to .8",
            unclipped(column(rows, side) / W, .06, .8, gamma(2, .03, .1)),
            "uniform")
follows("shear is normal", column(rows, "shear") / .2, norm.cdf)
follows("turns are uniform", column(rows, "angle") / np.pi + .5, "uniform")

_, _, rows = inject("fpi", x, *AT, *beside)
follows("half-widths are uniform", (column(rows, "half-width") / W - .05) /
        .15, "uniform")
follows("alpha is uniform", (column(rows, "alpha") - .05) / .9, "uniform")

_, _, rows = inject("nsa", x[:2000], *BEGIN, *beside)
for side in "half-height", "half-width":
    follows(f"nsa: {side} is .03 + gamma(2, .05), from .05 to .2",
            unclipped(column(rows, side) / W, .05, .2, gamma(2, .03, .05)),
            "uniform")
follows("nsa: scales are normal, from .7 to 1.3",
        unclipped(column(rows, "scale"), .7, 1.3, norm(1, .5)), "uniform")
places = np.histogram2d(column(rows, "donor-row"), column(rows, "donor-col"),
                        4)[0].ravel()
p = chisquare(places).pvalue
ok(p > .001, f"nsa: donors' places are uniform (p {p:.3f})")

_, _, rows = inject("perlin", x, "--threshold", -.9)
follows("perlin: beta is uniform", column(rows, "beta") / .8, "uniform")
for axis in "down", "across":
    p = chisquare(np.bincount(np.log2(column(
        rows, "cells-" + axis)).astype(int), minlength=6)).pvalue
    ok(p > .001, f"perlin: cells {axis} are 2^0 to 2^5 (p {p:.3f})")

_, _, rows = inject("bend-sink", x[:2000], *BEGIN)
turn = np.arange(360) * np.pi / 180
u = []
for row in rows:
    p = edge(row, row["from-row"], row["from-col"], np.sin(turn),
             np.cos(turn)).mean() / np.sqrt(2)
    low, high = max(.1 * p, .5), min(.9 * p, 5 * W / 96)
    u.append((row["push"] - low) / (high - low))
follows("bends: pushes are uniform within their bounds", u, "uniform")
done()
