"""Shapes, bends, foreign and cloned patches, coherent noise: against scipy."""

import os

import numpy as np
from scipy.ndimage import (distance_transform_edt, map_coordinates,
                           maximum_filter, median_filter)
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import spsolve
from scipy.stats import chisquare, gamma, kstest, norm

from blindspot_io import (Random, done, images, ok, pfm, pgm, run, scratch,
                          table)

rng = np.random.default_rng(21)
VISIBLE = 1 / 255 + 1e-6


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
S = [255 * (rng.random(rng.integers(5, 10, 2)) < .6).astype("u1") for _ in X]
SHAPES = ["--shapes", scratch("s.pgm", pgm(*S))]
OPTIONS = {"lesion": SHAPES, "smooth-intensity": [], "bend-sink": [],
           "bend-source": [], "fpi": DONORS, "pii": DONORS, "nsa": DONORS,
           "perlin": []}
# Kinds whose label is what visibly changes, and that change nothing else.
VISIBLY = ["smooth-intensity", "fpi", "pii", "perlin", "coarse-noise",
           "cutpaste"]
KINDS = {kind: OPTIONS.get(kind, []) for kind in [
    "disk", "source", "sink", "shuffle", "sprites", "coarse-noise", "cutpaste",
    *OPTIONS]}


def equal(*lists):
    """Are lists of arrays the same?"""
    return all(np.array_equal(a, b) for first in lists[1:]
               for a, b in zip(lists[0], first, strict=True))


for kind, options in OPTIONS.items():
    out, masks, rows = inject(kind, X, *options, "--seed", 3)
    again = inject(kind, X, *options, "--seed", 3)[0]
    other = inject(kind, X, *options, "--seed", 4)[0]
    ok(all(m.any() and not m[x <= 0].any() for m, x in zip(masks, X)),
       f"{kind}: labels lie in the foreground")
    ok(equal(out, again) and not any(np.array_equal(a, b)
                                     for a, b in zip(out, other)),
       f"{kind}: the seed decides")
    lo, hi = (min(a.min() for a in X + D), max(a.max() for a in X + D))
    ok(all(a.min() >= lo and a.max() <= hi for a in out),
       f"{kind}: the range is kept")

# ---------------------------------------------- one anomaly or more, any kind

for kind, options in KINDS.items():
    one = inject(kind, X, *options, "--seed", 3)[1]
    out, masks, rows = inject(kind, X, *options, "--seed", 3, "--count", 3)
    ok(all((a[~m] == x[~m]).all() for a, m, x in zip(out, masks, X)),
       f"{kind}: nothing changes outside the label")
    ok(all(m[n].all() and m.sum() >= n.sum() for m, n in zip(masks, one)) and
       sum(m.sum() > n.sum() for m, n in zip(masks, one)) > 10,
       f"{kind}: the label is that of the first and more")
    if kind in VISIBLY:
        ok(all((np.abs(a.astype(float) - x) > VISIBLE)[m].all()
               for a, m, x in zip(out, masks, X)),
           f"{kind}: all that is labelled changes visibly")
    again = inject(kind, X, *options, "--seed", 3, "--count", 3,
                   "--positions", scratch("again.tsv",
                                          open(scratch("r.tsv")).read()))
    ok(equal(out, again[0]) and equal(masks, again[1]) and rows == again[2],
       f"{kind}: the record's positions give the same again")

# ------------------------------------------------------ pieces of a stream

five = scratch("five.pfm", pfm(*D[:5]))
three = scratch("three.pgm", pgm(*S[:3]))
PARTS = (0, slice(0, 7)), (7, slice(7, 12))


def pieces(kind, options, beside=None):
    """The same as of the whole, one piece after another."""
    out, masks, rows = [], [], []
    for first, part in PARTS:
        given = list(options)
        if beside is not None:  # the piece's own, through a pipe
            data = (pgm if kind == "lesion" else pfm)(*beside[part])
            name = scratch("pipe")
            if not os.path.exists(name):
                os.mkfifo(name)
            given[1] = name
            if os.fork() == 0:
                with open(name, "wb") as f:
                    f.write(data)
                os._exit(0)
        result = inject(kind, X[part], *given, "--seed", 3, "--count", 2,
                        "--first-index", first)
        if beside is not None:
            os.wait()
        out, masks, rows = (a + b for a, b in zip((out, masks, rows), result))
    return out, masks, rows


for kind, options in KINDS.items():
    if kind == "perlin":
        options = DONORS
    if options:
        options = [options[0], three if kind == "lesion" else five]
    out, masks, rows = inject(kind, X[:12], *options, "--seed", 3, "--count",
                              2)
    both = pieces(kind, options)
    ok(equal(out, both[0]) and equal(masks, both[1]) and rows == both[2],
       f"{kind}: pieces make the whole" +
       (", beside a shorter file" if options else ""))
    if not options:
        continue
    count, name = (3, "shape") if kind == "lesion" else (5, "donor")
    ok(all(row[name] == row["image"] % count for row in rows),
       f"{kind}: a file begins again")
    beside = (S[:3] if kind == "lesion" else D[:5]) * 4
    both = pieces(kind, options, beside)
    ok(equal(out, both[0]) and equal(masks, both[1]),
       f"{kind}: through a pipe each piece brings its own")

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
    want &= (x > 0) & (np.abs(.25 * (.9 - x)) > VISIBLE)
    same &= np.array_equal(m, want) and np.allclose(
        a, np.where(want, .75 * x + .25 * .9, x), atol=1e-7)
ok(same, "lesion: the shape, centred, blended")

# ------------------------------------------------------------ random shapes


def local(row, r, c):
    """Places before shear and turn, in units of half a side."""
    dy, dx = r - row["centre-row"], c - row["centre-col"]
    co, si = np.cos(row["angle"]), np.sin(row["angle"])
    v = co * dy - si * dx
    u = co * dx + si * dy - row["shear"] * v
    return 2 * v / row["height"], 2 * u / row["width"]


def holds(row, r, c):
    v, u = local(row, r, c)
    return np.where(row["ellipse"], v * v + u * u < 1,
                    (np.abs(v) < 1) & (np.abs(u) < 1))


def edge(row, r0, c0, dy, dx):
    """Distance to the edge, by bisection along the ray."""
    near, far = np.zeros(dy.shape), np.full(dy.shape, 1e4)
    for _ in range(80):
        middle = (near + far) / 2
        inside = holds(row, r0 + middle * dy, c0 + middle * dx)
        near, far = np.where(inside, middle, near), np.where(inside, far,
                                                             middle)
    return near


def each(x, rows, count):
    """Rows of each image."""
    return zip(x, (rows[i:i + count] for i in range(0, len(rows), count)))


def layers(x, wants):
    """Put visible changes one over another; where it is sure, and what is
    labelled there."""
    out, label = x.astype(float), np.zeros(x.shape, bool)
    clear = np.ones(x.shape, bool)
    for want in wants:
        seen = np.abs(want - x) > VISIBLE
        # A change of just 1/255 may fall on either side.
        clear &= np.abs(np.abs(want - x) - VISIBLE) > 2e-7
        out[seen] = want[seen]
        label |= seen
    return out, label, clear


def compare(out, masks, x, rows, candidate):
    """The worst difference from candidates (image, row) in their order."""
    worst = 0
    for a, m, (i, some) in zip(out, masks, each(range(len(x)), rows, 2)):
        want, label, clear = layers(x[i], [candidate(i, r) for r in some])
        worst = max(worst, np.abs(a - want)[clear].max(),
                    (m ^ label)[clear].max())
    return worst


def brighter(i, row):
    x = X[i]
    r, c = np.mgrid[:x.shape[0], :x.shape[1]]
    far = distance_transform_edt(holds(row, r, c))
    want = x + row["amplitude"] * np.minimum(far / row["ramp"], 1) * (x > 0)
    return np.clip(want, x.min(), x.max())


result = inject("smooth-intensity", X, "--seed", 8, "--count", 2)
worst = compare(*result[:2], X, result[2], brighter)
ok(worst <= 1e-6, f"smooth-intensity: the ramp ({worst:.1e})")

full = [(rng.random(s) * .8 + .1).astype("f4")
        for s in [(64, 50), (33, 70)] * 6]
near = scratch("near.tsv", "image\trow\tcol\n" + "".join(
    f"{i}\t{r}\t{c}\n" for i, (r, c) in enumerate(
        (([0, x.shape[0] // 2, x.shape[0] - 1][i % 3],
          x.shape[1] // 2) if i % 2 else
         (x.shape[0] // 2, [0, x.shape[1] - 1][i % 4 // 2]))
        for i, x in enumerate(full))))
for kind in "bend-sink", "bend-source":
    worst, same, push = 0, True, 0
    for images_, options in (X, []), (full, ["--positions", near]):
        out, masks, rows = inject(kind, images_, "--seed", 8, *options)
        for a, m, row, x in zip(out, masks, rows, images_):
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
            want = map_coordinates(
                x.astype(float), [r0 + to * dy, c0 + to * dx], order=3,
                mode="nearest")
            want = np.where(inside, np.clip(want, x.min(), x.max()), x)
            worst = max(worst, np.abs(a - want).max())
    ok(same and worst <= 1e-6 and push <= 1e-9,
       f"{kind}: scipy's spline along the rays ({worst:.1e})")

# Half of a shape lies in the foreground; where none can, it lies elsewhere.
r, c = np.mgrid[:64, :64]
ball = ((rng.random((64, 64)) * .8 + .1) *
        (np.hypot(r - 32, c - 32) < 25)).astype("f4")
corner = np.ones((64, 64), "f4") * rng.random((64, 64)).astype("f4") + .1
tip = (32, int(np.nonzero(ball[32])[0][0]))


def half_inside(row, x):
    reach = int(np.ceil(row["height"] / 2 * (1 + abs(row["shear"])) +
                        row["width"] / 2))
    r, c = np.mgrid[-reach:reach + 1, -reach:reach + 1]
    r, c = r + int(row["centre-row"]), c + int(row["centre-col"])
    held = holds(row, r, c)
    there = (r >= 0) & (r < x.shape[0]) & (c >= 0) & (c < x.shape[1])
    there[there] = x[r[there], c[there]] > 0
    return 2 * (held & there).sum() >= held.sum()


for kind in "smooth-intensity", "bend-sink", "bend-source":
    rows = inject(kind, [ball] * 30, "--count", 20)[2]
    ok(all(half_inside(row, ball) for row in rows),
       f"{kind}: shapes lie half in the foreground")
    ok(np.mean([(row["row"], row["col"]) == (row["centre-row"],
                                             row["centre-col"])
                for row in rows]) > .95, f"{kind}: around their positions")
    for x, at in (corner, (0, 0)), (ball, tip):
        at = scratch("at.tsv", "image\trow\tcol\n" + "".join(
            f"{i}\t{at[0]}\t{at[1]}\n" for i in range(30)))
        _, masks, rows = inject(kind, [x] * 30, "--positions", at)
        ok(all(m.any() and half_inside(row, x) and
               x[int(row["centre-row"]), int(row["centre-col"])] > 0
               for m, row in zip(masks, rows)),
           f"{kind}: a corner has an anomaly near it")
        if x is corner:
            centres = np.histogram2d(column(rows, "centre-row"),
                                     column(rows, "centre-col"), 2,
                                     [[0, 64]] * 2)[0]
            ok((centres > 0).all(), f"{kind}: anywhere in the foreground")

# ------------------------------------------------------------ foreign boxes


def box(row, x, half_height, half_width, central=False):
    r, c = int(row["row"]), int(row["col"])
    if central:
        r, c = (min(max(v, n // 10), n - n // 10 - 1)
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


def mixture(i, row):
    half = row["half-width"]
    inside = box(row, X[i], half, half, True) & (X[i] > 0)
    return np.where(inside, row["alpha"] * X[i] + (1 - row["alpha"]) * D[i],
                    X[i])


corners = scratch("corners.tsv", "image\tanomaly\trow\tcol\n" + "".join(
    f"{i}\t{k}\t{(x.shape[0] - 1) * (i % 2)}\t{(x.shape[1] - 1) * k}\n"
    for i, x in enumerate(X) for k in range(2)))
for options in [], ["--positions", corners]:
    result = inject("fpi", X, *DONORS, "--seed", 8, "--count", 2, *options)
    worst = compare(*result[:2], X, result[2], mixture)
    ok(worst <= 1e-6, f"fpi: the mixture ({worst:.1e})")


def interpolated(i, row):
    half, alpha = row["half-width"], row["alpha"]
    x, d = X[i].astype(float), D[i].astype(float)

    def mixed(p, q):
        theirs, ours = alpha * (d[p] - d[q]), (1 - alpha) * (x[p] - x[q])
        return ours if abs(ours) > abs(theirs) else theirs

    want = solve(x, box(row, x, half, half, True) & (x > 0), mixed)
    return np.clip(want, min(x.min(), d.min()), max(x.max(), d.max()))


result = inject("pii", X, *DONORS, "--seed", 8, "--count", 2)
worst = compare(*result[:2], X, result[2], interpolated)
ok(worst <= 1e-6, f"pii: a direct sparse solution ({worst:.1e})")

out, masks, rows = inject("nsa", X, *DONORS, "--seed", 8, "--count", 2)
worst = 0
for a, m, x, d, (_, some) in zip(out, masks, X, D, each(X, rows, 2)):
    want, label = x.astype(float), np.zeros(x.shape, bool)
    clear = np.ones(x.shape, bool)
    for row in some:
        r, c = np.mgrid[:x.shape[0], :x.shape[1]]
        laid = map_coordinates(
            d.astype(float),
            [row["donor-row"] + (r - row["row"]) / row["scale"],
             row["donor-col"] + (c - row["col"]) / row["scale"]],
            order=1, mode="nearest").astype("f4").astype(float)
        inside = box(row, x, row["half-height"], row["half-width"]) & (x > 0)
        y = solve(x, inside, lambda p, q, laid=laid: laid[p] - laid[q])
        lo, hi = (min(x.min(), d.min(), laid[inside].min()),
                  max(x.max(), d.max(), laid[inside].max()))
        y = np.clip(y, lo, hi)
        seen = np.abs(y - x) > VISIBLE
        smooth = (median_filter(seen.astype("u1"), 5, mode="reflect") > 0) & \
            (x > 0)
        unsure = np.abs(np.abs(y - x) - VISIBLE) < 2e-7
        clear &= ~maximum_filter(unsure, 5)
        want[smooth & seen] = y[smooth & seen]
        label |= smooth
    worst = max(worst, np.abs(a - want)[clear].max(), (m ^ label)[clear].max())
ok(worst <= 1e-6, f"nsa: a direct sparse solution ({worst:.1e})")

# ------------------------------------------------------------------- perlin


def perlin(rows, cols, gradient):
    """Perlin's noise of gradients [down + 1, across + 1, 2], Perlin 2002."""
    y = np.arange(rows) / rows * (gradient.shape[0] - 1)
    x = np.arange(cols) / cols * (gradient.shape[1] - 1)
    i, j = np.meshgrid(y.astype(int), x.astype(int), indexing="ij")
    v, u = np.meshgrid(y % 1, x % 1, indexing="ij")

    def corner(a, b):
        g = gradient[i + a, j + b]
        return g[..., 0] * (v - a) + g[..., 1] * (u - b)

    def mix(t, a, b):
        return a + (b - a) * t ** 3 * (10 + t * (6 * t - 15))

    return np.sqrt(2) * mix(v, mix(u, corner(0, 0), corner(0, 1)),
                            mix(u, corner(1, 0), corner(1, 1)))


def draw_noise(random, rows, cols):
    down, across = 2 ** random.below(6), 2 ** random.below(6)
    turn = 2 * np.pi * np.array([random.uniform() for _ in range(
        (down + 1) * (across + 1))]).reshape(down + 1, across + 1)
    return perlin(rows, cols, np.dstack([np.sin(turn), np.cos(turn)]))


def textured(seed, i, number, donor, threshold):
    """The image with noise mixed in, as DRAEM does, and beta."""
    random, x = Random(seed, 2, number, i), X[i].astype(float)
    while True:
        beta = .8 * random.uniform()
        noise, texture = (draw_noise(random, *x.shape) for _ in range(2))
        lo, hi = x[x > 0].min(), x.max()
        texture = D[i] if donor else lo + (hi - lo) * (texture + 1) / 2
        want = np.where((noise > threshold) & (x > 0),
                        (1 - beta) * texture + beta * x, x)
        if (np.abs(want - x) > VISIBLE).any():
            return want, beta


for options, threshold in ([], .5), (DONORS, .5), ([], -.2):
    out, masks, rows = inject("perlin", X, *options, "--seed", 8, "--count", 2,
                              "--threshold", threshold)
    drawn = {}

    def mixed_in(i, row):
        want, beta = textured(8, i, int(row["anomaly"]), options, threshold)
        drawn[i, row["anomaly"]] = abs(beta - row["beta"])
        return want

    worst = compare(out, masks, X, rows, mixed_in)
    ok(worst <= 1e-6 and max(drawn.values()) < 1e-12 and
       len(drawn) == 2 * len(X),
       f"perlin: its definition, on the kit's numbers ({worst:.1e})")

# ------------------------------------------------------ what is drawn, 10,000


def draws(kind, x, *options, at=None):
    """What 10,000 anomalies are made of: 100 in each of 100 images."""
    if at is not None:
        options += ("--positions", scratch("at.tsv", (
            "image\tanomaly\trow\tcol\n" + "".join(
                f"{i}\t{k}\t{at[0]}\t{at[1]}\n"
                for i in range(100) for k in range(100)))))
    rows = inject(kind, [x] * 100, "--count", 100, *options)[2]
    return {name: column(rows, name) for name in rows[0]}


def follows(what, values, law):
    p = kstest(values, law).pvalue
    ok(p > .001, f"{what} (p {p:.3f})")


def as_frequent(what, counts):
    p = chisquare(counts).pvalue
    ok(p > .001, f"{what} (p {p:.3f})")


def unclipped(values, low, high, law):
    """Uniform if values follow the law, cut at low and high."""
    u = law.cdf(values)
    u = np.where(values <= low * (1 + 1e-12),
                 rng.uniform(0, law.cdf(low), len(u)), u)
    return np.where(values >= high * (1 - 1e-12),
                    rng.uniform(law.cdf(high), 1, len(u)), u)


W = 64
x = rng.permuted(np.linspace(.01, 1, W * W)).reshape(W, W).astype("f4")
beside = ["--donors", scratch("one.pfm", pfm(1 - x))]

for kind in "smooth-intensity", "bend-sink":
    drawn = draws(kind, x, "--seed", len(kind), at=(W // 2, W // 2))
    as_frequent(f"{kind}: rectangles and ellipses are as frequent",
                np.bincount(drawn["ellipse"].astype(int)))
    for side in "height", "width":
        follows(f"{kind}: {side} is .03 + gamma(2, .1), from .06 to .8",
                unclipped(drawn[side] / W, .06, .8, gamma(2, .03, .1)),
                "uniform")
    follows(f"{kind}: shear is normal", drawn["shear"] / .2, norm.cdf)
    follows(f"{kind}: turns are uniform", drawn["angle"] / np.pi + .5,
            "uniform")
    if kind == "smooth-intensity":
        smooth = drawn

amplitude = smooth["amplitude"] / x.std()
follows("amplitudes are .1 + gamma(3, .2)", np.abs(amplitude),
        gamma(3, .1, .2).cdf)
as_frequent("of either sign", np.bincount(amplitude > 0))
r, c = np.mgrid[:W, :W].astype(float)
longest = np.array([distance_transform_edt(holds(
    {name: values[i] for name, values in smooth.items()}, r, c)).max()
    for i in range(10000)])
ramp, law = smooth["ramp"], gamma(3, .02, .01).cdf
whole = ramp < longest * (1 - 1e-7)  # else it is cut there
ok(whole.sum() > 5000 and (ramp <= longest * (1 + 1e-7)).all(),
   "ramps fit in their shapes")
follows("ramps are W (.02 + gamma(3, .01))",
        (law(ramp / W) / law(longest / W))[whole], "uniform")

v, u = local(drawn, drawn["from-row"], drawn["from-col"])
flat = drawn["ellipse"] == 0
follows("bends: rectangles' centres are uniform across", (u[flat] + 1) / 2,
        "uniform")
follows("bends: and down", (v[flat] + 1) / 2, "uniform")
follows("bends: ellipses' centres are uniform by distance",
        np.hypot(v, u)[~flat] ** 2, "uniform")
follows("bends: and by direction",
        np.arctan2(v, u)[~flat] / (2 * np.pi) + .5, "uniform")
p = 0
for turn in np.arange(360) * np.pi / 180:
    dv, du = local(drawn, drawn["centre-row"] + np.sin(turn),
                   drawn["centre-col"] + np.cos(turn))
    a, b = dv * dv + du * du, v * dv + u * du
    p = p + np.where(
        flat, np.minimum((np.copysign(1, dv) - v) / dv,
                         (np.copysign(1, du) - u) / du),
        (np.sqrt(np.maximum(b * b - a * (v * v + u * u - 1), 0)) - b) / a)
p = p / 360 / np.sqrt(2)
low, high = np.maximum(.1 * p, .5), np.minimum(.9 * p, 5 * W / 96)
follows("bends: pushes are uniform within their bounds",
        (drawn["push"] - low) / (high - low), "uniform")

for kind in "fpi", "pii":
    drawn = draws(kind, x[::2, ::2], "--donors",
                  scratch("half.pfm", pfm(1 - x[::2, ::2])), at=(16, 16))
    follows(f"{kind}: half-widths are uniform",
            (drawn["half-width"] / 32 - .05) / .15, "uniform")
    follows(f"{kind}: alpha is uniform", (drawn["alpha"] - .05) / .9,
            "uniform")

drawn = draws("nsa", x, *beside, at=(W // 2, W // 2))
for side in "half-height", "half-width":
    follows(f"nsa: {side} is .03 + gamma(2, .05), from .05 to .2",
            unclipped(drawn[side] / W, .05, .2, gamma(2, .03, .05)),
            "uniform")
follows("nsa: scales are normal, from .7 to 1.3",
        unclipped(drawn["scale"], .7, 1.3, norm(1, .5)), "uniform")
as_frequent("nsa: donors' places are uniform", np.histogram2d(
    drawn["donor-row"], drawn["donor-col"], 8)[0].ravel())

drawn = draws("perlin", x[::2, ::2], "--threshold", -.9)
follows("perlin: beta is uniform", drawn["beta"] / .8, "uniform")
for name in ("cells-down", "cells-across", "texture-down", "texture-across"):
    as_frequent(f"perlin: {name} are 2^0 to 2^5", np.bincount(
        np.log2(drawn[name]).astype(int), minlength=6))
done()
