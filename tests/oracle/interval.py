"""blind-interval against numpy on very fine grids and scikit-image."""

import json

import numpy as np
from skimage.measure import find_contours

from blindspot_io import done, ok, run, scratch, table

rng = np.random.default_rng(12)


def text(v):
    return "nan" if np.isnan(v) else repr(float(v))


def curve_table(name, curves):
    """curves: {key: (x, value)} as a TSV, its rows in random order."""
    rows = [f"{k}\t{text(a)}\t{text(v)}" for k, (x, y) in curves.items()
            for a, v in zip(x, y)]
    rng.shuffle(rows)
    return scratch(name, "# images 3, xxh3 0\nkey\tinject.intensity\tap\n"
                   + "\n".join(rows) + "\n")


def plane_table(name, x, y, value):
    rows = [f"{text(a)}\t{text(b)}\t{text(value[i, j])}"
            for i, a in enumerate(x) for j, b in enumerate(y)]
    rng.shuffle(rows)
    return scratch(name, "inject.intensity\tdegrade.sigma\tap\n"
                   + "\n".join(rows) + "\n")


def axis(n, low=0., high=1.):
    return np.concatenate([[low], np.sort(rng.uniform(low, high, n - 2)),
                           [high]])


def values(shape, level, holes=False):
    """Random values, a fifth of them exactly at the level; smooth or not."""
    v = np.round(rng.random(shape), 2)
    v[rng.random(shape) < .2] = level
    if holes:
        v[rng.random(shape) < .15] = np.nan
    return v


def pieces(x, v):
    """The defined pieces of a curve, as index ranges."""
    defined = np.concatenate([[False], ~np.isnan(v), [False]])
    edges = np.flatnonzero(np.diff(defined.astype(int)))
    return list(zip(edges[::2], edges[1::2]))


FINE = 20001


def brute(x, v, level):
    """Intervals below, from every piece densely: low, high, cut, cut."""
    found = []
    length = below = 0
    for a, b in pieces(x, v):
        px, pv = x[a:b], v[a:b]
        if b - a == 1:
            if pv[0] < level:
                found.append((px[0], px[0], True, True))
            continue
        fine = np.unique(np.concatenate(
            [np.linspace(px[0], px[-1], FINE), px]))
        low = np.interp(fine, px, pv) < level
        # A point is itself: no rounding of the interpolation.
        low[np.searchsorted(fine, px)] = pv < level
        middle = (fine[1:] + fine[:-1]) / 2
        width = np.diff(fine)
        length += px[-1] - px[0]
        below += width[np.interp(middle, px, pv) < level].sum()
        edges = np.flatnonzero(np.diff(
            np.concatenate([[0], low.astype(int), [0]])))
        for s, t in zip(edges[::2], edges[1::2] - 1):
            found.append((fine[s], fine[t], s == 0, t == len(fine) - 1))
    if length == 0:
        defined = v[~np.isnan(v)]
        share = (defined < level).mean() if len(defined) else np.nan
    else:
        share = below / length
    return found, share


CUTS = {(False, False): "none", (True, False): "low", (False, True): "high",
        (True, True): "both"}

worst_end = worst_share = 0
wrong = several = 0
for trial in range(12):
    level = float(np.round(rng.uniform(.2, .8), 2))
    curves = {}
    for k in range(6):
        n = int(rng.integers(2, 15))
        curves[f"c{k}"] = (axis(n), values(n, level, holes=k % 2 == 1))
    name = curve_table("curves", curves)
    got = {}
    for r in table(run("blind-interval", "--below", level, name)):
        got.setdefault(r["key"], []).append(r)
    summary = {r["key"]: r for r in table(run(
        "blind-interval", "--curves", "--below", level, name))}
    points = {r["key"]: r for r in table(run(
        "blind-interval", "--curves", "--points", "--below", level, name))}
    for k, (x, v) in curves.items():
        want, share = brute(x, v, level)
        rows = [r for r in got[k] if r["interval"] != "0"]
        several += len(want) > 1
        if len(rows) != len(want) or int(summary[k]["intervals"]) != \
                len(want) or len(got[k]) != max(1, len(want)):
            wrong += 1
            continue
        firsts, lasts = [], []
        for r, (low, high, a, b) in zip(rows, want):
            l, h = float(r["low"]), float(r["high"])
            worst_end = max(worst_end, abs(l - low), abs(h - high))
            inside = (x >= l) & (x <= h) & (v < level)
            firsts.append(x[inside][0])
            lasts.append(x[inside][-1])
            wrong += r["cut"] != CUTS[a, b] or \
                float(r["least"]) != v[inside].min() or \
                float(r["at"]) != x[inside][v[inside].argmin()] or \
                abs(float(r["centre"]) - (l + h) / 2) > 1e-15 or \
                abs(float(r["width"]) - (h - l)) > 1e-15
        s = summary[k]
        lists = [[float(t) for t in s[c].split(",") if t != "nan"]
                 for c in ("low", "high")]
        wrong += lists != [[float(r[c]) for r in rows]
                           for c in ("low", "high")]
        p = points[k]
        wrong += [[float(t) for t in p[c].split(",") if t != "nan"]
                  for c in ("low", "high")] != [firsts, lasts]
        d = ~np.isnan(v)
        wrong += int(s["points"]) != d.sum() or \
            int(s["undefined"]) != (~d).sum()
        if d.any():
            wrong += float(s["least"]) != np.nanmin(v) or \
                float(s["at"]) != x[np.nanargmin(v)]
            worst_share = max(worst_share, abs(float(s["share"]) - share))
ok(wrong == 0 and several > 20,
   f"72 curves: number, cuts, depths, points ({several} with several "
   f"intervals; {wrong} wrong)")
ok(worst_end < 1.5 / (FINE - 1), f"their ends, to {worst_end:.1e}")
ok(worst_share < 3e-4, f"their shares, to {worst_share:.1e}")


# ------------------------------------------------------------------- areas

def line_area(x, y, v, level):
    """The mean over y, by trapezia, of the share of each column's line."""
    share = np.array([brute(x, v[:, j], level)[1] for j in range(len(y))])
    return np.trapz(share, y) / (y[-1] - y[0])


def bilinear(x, y, v, px, py):
    """The bilinear interpolation at all px and py."""
    along = np.array([np.interp(px, x, v[:, j]) for j in range(len(y))])
    return np.array([np.interp(py, y, along[:, i])
                     for i in range(len(px))])


worst = worst_mean = 0
for trial in range(8):
    level = float(np.round(rng.uniform(.2, .8), 2))
    x, y = axis(int(rng.integers(2, 9))), axis(int(rng.integers(2, 7)), 0, 5)
    v = values((len(x), len(y)), level)
    r, = table(run("blind-interval", "--area", "--below", level,
                   plane_table("plane", x, y, v)))
    worst = max(worst, abs(float(r["area"]) - line_area(x, y, v, level)))
    mean = np.trapz(np.trapz(v, x, axis=0), y) / (y[-1] - y[0])
    worst_mean = max(worst_mean, abs(float(r["mean"]) - mean))
    j, i = np.unravel_index(v.T.argmin(), v.T.shape)
    wrong += (float(r["least"]), float(r["at_x"]), float(r["at_y"])) != \
        (v.min(), x[i], y[j])
ok(worst < 3e-4 and worst_mean < 1e-14 and wrong == 0,
   f"areas of 8 planes, to {worst:.1e}; means, to {worst_mean:.1e}")

# A smooth valley on the paper's grid: near the area of the bilinear surface,
# which a share of cells is not as near to.
x, y = np.linspace(0, 1, 21), np.linspace(0, 5, 11)
v = 1 - np.exp(-((x[:, None] - .4) / (.05 + .06 * y)) ** 2) * \
    np.minimum(1, y)
r, = table(run("blind-interval", "--area", plane_table("plane", x, y, v)))
fine = bilinear(x, y, v, (np.arange(2000) + .5) / 2000,
                (np.arange(2000) + .5) / 400)
area = (fine < .5).mean()
cells = (v < .5).mean()
ok(abs(float(r["area"]) - area) < .005 and
   abs(float(r["area"]) - area) < abs(cells - area),
   f"a valley: {float(r['area']):.4f}, bilinear {area:.4f}, "
   f"cells {cells:.4f}")


# ---------------------------------------------------------------- contours

def contour(name, level):
    out = run("blind-interval", "--contour", "--below", level, name)
    body = [l for l in out.decode().split("\n") if not l.startswith("#")]
    lines, now = [], []
    for line in body[1:]:
        if line:
            now.append([float(t) for t in line.split("\t")[:2]])
        elif now:
            lines.append(np.array(now))
            now = []
    return lines


def segments(lines):
    out = set()
    for line in lines:
        for p, q in zip(line[:-1], line[1:]):
            p, q = tuple(np.round(p, 9) + 0.), tuple(np.round(q, 9) + 0.)
            if p != q:
                out.add(frozenset((p, q)))
    return out


# Against scikit-image, which decides a square of two pieces by an option;
# such squares are left out.  No value is at the level, which it treats apart.
same = 0
for trial in range(10):
    shape = tuple(rng.integers(2, 9, 2))
    level = .5
    v = np.round(rng.random(shape), 2) + .003
    if trial % 2:
        v[rng.random(shape) < .1] = np.nan
    x, y = np.arange(shape[0]) * 1., np.arange(shape[1]) * 1.
    ours = segments(contour(plane_table("plane", x, y, v), level))
    theirs = segments(find_contours(v, level))
    low = v < level
    saddles = {(i, j) for i in range(shape[0] - 1) for j in
               range(shape[1] - 1) if low[i, j] == low[i + 1, j + 1] !=
               low[i + 1, j] == low[i, j + 1]}

    def plain(found):
        return {s for s in found if tuple(np.floor(
            np.mean(list(s), axis=0)).astype(int)) not in saddles}

    same += plain(ours) == plain(theirs) and len(ours) == len(theirs)
ok(same == 10, f"{same} of 10 planes: the pieces of scikit-image")


def parted(x, y, v, level, lines):
    """Do the lines part the fine grid's points below from the others, but for
    what a straight piece cuts off of a hyperbola?  Per square: the bilinear
    surface and the lines have the same number of parts below."""
    from scipy.ndimage import label
    bad = 0
    seg = {}
    for line in lines:
        for p, q in zip(line[:-1], line[1:]):
            m = (p + q) / 2
            i = min(int(np.searchsorted(x, m[0], "right")) - 1, len(x) - 2)
            j = min(int(np.searchsorted(y, m[1], "right")) - 1, len(y) - 2)
            seg.setdefault((i, j), []).append((p, q))
    t = (np.arange(401) + .5) / 402
    for i in range(len(x) - 1):
        for j in range(len(y) - 1):
            c = v[i:i + 2, j:j + 2]
            surface = (np.outer(1 - t, 1 - t) * c[0, 0] +
                       np.outer(t, 1 - t) * c[1, 0] +
                       np.outer(1 - t, t) * c[0, 1] +
                       np.outer(t, t) * c[1, 1])
            n = len(seg.get((i, j), []))
            low = (c < level)
            two = low[0, 0] == low[1, 1] != low[0, 1] == low[1, 0]
            if not two:
                bad += n != (low.any() and not low.all())
                continue
            # Two pieces: below is one part or two.
            parts = label(surface < level)[1]
            (p, q), (r, s) = seg[i, j]
            # Which corners does the first piece cut off?
            corner = min(((a, b) for a in (0, 1) for b in (0, 1)),
                         key=lambda k: np.abs(p[0] - x[i + k[0]]) *
                         np.abs(q[0] - x[i + k[0]]) +
                         np.abs(p[1] - y[j + k[1]]) *
                         np.abs(q[1] - y[j + k[1]]))
            cut_low = bool(low[corner])
            bad += n != 2 or cut_low != (parts == 2)
    return bad


bad = saddles = open_ends = off = 0
for trial in range(8):
    nx, ny = rng.integers(3, 8, 2)
    x, y = axis(nx), axis(ny, 0, 5)
    v = np.round(rng.random((nx, ny)), 2) + .003
    level = .5
    lines = contour(plane_table("plane", x, y, v), level)
    bad += parted(x, y, v, level, lines)
    low = v < level
    saddles += sum(low[i, j] == low[i + 1, j + 1] != low[i + 1, j] ==
                   low[i, j + 1] for i in range(nx - 1)
                   for j in range(ny - 1))
    for line in lines:
        p = bilinear(x, y, v, line[:, 0], line[:, 1])
        off = max(off, np.abs(np.diagonal(p) - level).max())
        for end in (line[0], line[-1]):
            border = end[0] in (x[0], x[-1]) or end[1] in (y[0], y[-1])
            open_ends += not border and not (line[0] == line[-1]).all()
ok(bad == 0 and saddles > 10,
   f"every square is parted as its bilinear surface is ({saddles} saddles)")
ok(off < 1e-12 and open_ends == 0,
   f"every point is at the level, to {off:.0e}; lines end at the border or "
   "where they began")

# Values exactly at the level, and holes: the lines part the points.
bad = 0
for trial in range(20):
    nx, ny = rng.integers(2, 7, 2)
    x, y = np.arange(nx) * 1., np.arange(ny) * 1.
    v = values((nx, ny), .5)
    lines = contour(plane_table("plane", x, y, v), .5)
    for line in lines:
        p = bilinear(x, y, v, line[:, 0], line[:, 1])
        bad += np.abs(np.diagonal(p) - .5).max() > 1e-14
        # What is left of a piece is below.
        for a, b in zip(line[:-1], line[1:]):
            m, d = (a + b) / 2, b - a
            if d[0] == 0 or d[1] == 0:
                continue  # along a side of a square
            i, j = np.floor(m).astype(int)
            c = v[i:i + 2, j:j + 2]
            low = c < .5
            if low[0, 0] == low[1, 1] != low[0, 1] == low[1, 0]:
                continue  # two pieces, seen above
            # The corner farthest to the left, and to the right.
            left = [(-d[1] * (i + k - m[0]) + d[0] * (j + l - m[1]), k, l)
                    for k in (0, 1) for l in (0, 1)]
            bad += not c[max(left)[1:]] < .5 or not c[min(left)[1:]] >= .5
ok(bad == 0, "values at the level: points on it, what is below on the left")

# ---------------------------------------------------------------- matching

wrong = 0
for trial in range(8):
    x, y = axis(6), axis(5, 0, 5)
    v = values((6, 5), .5)
    plane = plane_table("plane", x, y, v)
    curves = {}
    for k in range(4):
        cx = np.sort(rng.random(5))
        cv = np.round(rng.random(5), 3)
        if k:
            cv[rng.integers(5)] = np.nan
        curves[f"c{k}"] = (cx, cv)
    for r in table(run("blind-interval", "--match", plane,
                       curve_table("curves", curves))):
        cx, cv = curves[r["key"]]
        d = ~np.isnan(cv)
        apart = [np.abs(np.interp(cx[d], x, v[:, j]) - cv[d]).mean()
                 for j in range(5)]
        wrong += r["matched"] != "degrade.sigma" or \
            float(r["value"]) != y[np.argmin(apart)] or \
            abs(float(r["mean_difference"]) - min(apart)) > 1e-14 or \
            int(r["points"]) != d.sum()
    # Over sigma, a column called otherwise than the plane's.
    cy, cv = np.sort(rng.uniform(0, 5, 4)), rng.random(4)
    name = scratch("textures", "sigma\tap\n" + "".join(
        f"{a!r}\t{b!r}\n" for a, b in zip(cy.tolist(), cv.tolist())))
    r, = table(run("blind-interval", "--match", plane, "--x", "sigma", name))
    apart = [np.abs(np.interp(cy, y, v[i]) - cv).mean() for i in range(6)]
    wrong += r["matched"] != "inject.intensity" or \
        float(r["value"]) != x[np.argmin(apart)] or \
        abs(float(r["mean_difference"]) - min(apart)) > 1e-14
ok(wrong == 0, "40 matches are numpy's")

# -------------------------------------------------------------------- JSON

name = curve_table("curves", {"a": (np.arange(5) / 4,
                                    np.array([.9, .1, .9, .2, np.nan]))})
r = json.loads(run("blind-interval", "--json", "--curves", name))
row = r["rows"][0]
ok(row["intervals"] == 2 and len(row["low"]) == 2 and
   row["low"][0] == .125 and row["undefined"] == 1 and
   "key" not in row and "images 3" in r["table"],
   "JSON has lists, and what the table said")
r = json.loads(run("blind-interval", "--json", "--below", ".05", name))
ok(r["rows"] == [{"interval": 0, "low": None, "high": None, "centre": None,
                  "width": None, "least": .1, "at": .25, "cut": "none",
                  "share": 0}], "no interval is a row of its own")
long = "x" * 999
name = curve_table("curves", {long: (np.arange(3.), np.array([.9, .1, .9])),
                              "b": (np.arange(3.), np.array([.9, .2, .9]))})
r = json.loads(run("blind-interval", "--json", name))
ok(sorted(row["key"] for row in r["rows"]) == ["b", long],
   "a long name is told in full")
done()
