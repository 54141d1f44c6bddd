"""The theory against its formula in numpy, and against the simulation."""

import os
import subprocess
import tempfile

import numpy as np
from scipy.ndimage import gaussian_filter

from blindspot_io import BIN, done, images, ok, pfm, pgm, run, table

rng = np.random.default_rng(4)
os.chdir(tempfile.mkdtemp())


def keep(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


def brain(size=96):
    """Smooth tissue with noise in a disk, 0 outside."""
    y, x = np.mgrid[:size, :size] - size / 2
    tissue = .5 + .2 * np.sign(gaussian_filter(
        rng.standard_normal((size, size)), 2)) + \
        .03 * rng.standard_normal((size, size))
    return np.where(x ** 2 + y ** 2 < (.42 * size) ** 2,
                    np.clip(tissue, .01, .99), 0).astype(np.float32)


def curve(*arguments):
    rows = table(run("anom-predict", *arguments))
    return np.array([float(r["ap"]) for r in rows])


def facts(*arguments):
    lines = run("anom-predict", *arguments).decode().splitlines()
    return dict(line[2:].split(" ", 1) for line in lines if line[0] == "#")


# By hand: a lesion of one pixel, which is found with itself: S = 1.
healthy = np.array([[.5, 0, 0, 0]], np.float32)
recon = np.array([[.55, 0, 0, .45]], np.float32)
keep("h", pfm(healthy))
keep("r", pfm(recon))
got = curve("--own", "--bins", "10", "--radius", "1", "--intensity", "0.5:1:2",
            "h", "r")
# a = .5: v in bin 0 as two of three errors; G = 1/3 + (2/3)/2 = 2/3; rho = 3:
# AP = 1 / (1 + 2).  a = 1: v = .45 in bin 4, error .45 too: G = 1/6,
# AP = 1 / (1 + .5).
ok(np.allclose(got, [1 / 3, 2 / 3], atol=1e-12), "hand-worked case")

stack = [brain() for _ in range(12)]
keep("h", pfm(*stack))


def direct(healthy, recon, lesions, bins, intensities):
    """The pooled formula, as it is written."""
    def histogram(x):
        k = np.minimum((x.astype(np.float64) * bins).astype(int), bins - 1)
        return np.bincount(k.ravel(), minlength=bins)

    h = histogram(np.concatenate([r[n > 0] for n, r in zip(healthy, recon)]))
    g = histogram(np.concatenate(
        [np.abs(r.astype(np.float64) - n).ravel()
         for n, r in zip(healthy, recon)]))
    positives = sum(int(m.sum()) for m in lesions)
    rho = (sum(m.size for m in lesions) - positives) / positives
    centres = (np.arange(bins) + .5) / bins
    up = (np.cumsum(g[::-1])[::-1] - g / 2) / g.sum()
    out = []
    for a in intensities:
        k = np.minimum((np.abs(a - centres) * bins).astype(int), bins - 1)
        s = np.bincount(k, weights=h, minlength=bins)
        share = (np.cumsum(s[::-1])[::-1] - s / 2) / s.sum() + \
            .5 * len(lesions) / positives
        share = np.minimum(share, 1)
        use = s > 0
        out.append((s[use] / s.sum() * share[use] /
                    (share[use] + rho * up[use])).sum())
    return np.array(out)


run("anom-inject", "disk", "--radius", "8", "--mask", "m", "h")
lesions = [m > 0 for m in images(open("m", "rb").read())]
worst_own, mean_pooled = 0, []
for sigma in ".25", ".5", "1", "2.5", "5":
    keep("r", run("recon-degrade", "blur", "--sigma", sigma, "h"))
    recons = images(open("r", "rb").read())
    grid = ["--radius", "8", "--intensity", "0:1:9"]
    pooled = curve(*grid, "h", "r")
    want = direct(stack, recons, lesions, 2000, np.linspace(0, 1, 9))
    ok(np.abs(pooled - want).max() <= 1e-9,
       f"sigma {sigma}: the pooled formula in numpy")
    rows = table(run("anom-sweep", "--inject",
                     "disk:radius=8,intensity=0:1:9", "--recon", "r", "h"))
    simulated = np.array([float(r["ap"]) for r in rows])
    worst_own = max(worst_own, np.abs(curve("--own", *grid, "h", "r") -
                                      simulated).max())
    mean_pooled.append(np.abs(pooled - simulated).mean())
ok(worst_own <= .001, f"own lesions: the simulation (worst {worst_own:.4f})")
ok(max(mean_pooled) <= .05, f"pooled: near it (mean {max(mean_pooled):.3f})")

# Lesions of few pixels: each counts itself.
keep("r", run("recon-degrade", "blur", "--sigma", "1", "h"))
worst, mean = [], []
for radius in "1", "2", "3":
    grid = ["--radius", radius, "--intensity", "0:1:21"]
    rows = table(run("anom-sweep", "--inject",
                     f"disk:radius={radius},intensity=0:1:21", "--recon", "r",
                     "h"))
    simulated = np.array([float(r["ap"]) for r in rows])
    worst.append(np.abs(curve("--own", *grid, "h", "r") - simulated).max())
    mean.append(np.abs(curve(*grid, "h", "r") - simulated).mean())
print(f"# radius 1, 2, 3: own {worst}, pooled {mean}")
ok(max(worst) <= .002, f"own lesions of few pixels (worst {max(worst):.4f})")
ok(max(mean) <= .06, f"pooled, of few pixels (mean {max(mean):.3f})")
keep("r", run("recon-degrade", "blur", "--sigma", "5", "h"))
grid = ["--radius", "8", "--intensity", "0:1:9"]

tissue = np.concatenate([r[n > 0] for n, r in zip(stack, recons)])
said = facts(*grid, "h", "r")
ok(abs(float(said["median"]) - np.median(tissue)) <= 1e-3, "median")
harmonic = np.sum(1 / np.arange(1., 96 * 96 + 1))
want = np.mean([(p - 1) / (n - 1) + (n - p) / (n * (n - 1)) * harmonic
                for n, p in [(m.size, int(m.sum())) for m in lesions]])
ok(abs(float(said["chance"]) - want) <= 1e-12, "chance of random scores")
chance = np.mean(lesions)
errors = np.sort(np.concatenate(
    [np.abs(r - n).ravel() for n, r in zip(stack, recons)]))[::-1]
rank = int(errors.size * chance / (1 - chance))
ok(abs(float(said["half_width"]) - errors[rank]) <= 1e-3, "half-width")
low = [a for a, ap in zip(np.linspace(0, 1, 9), pooled) if ap < .5]
ok([float(said["blind_low"]), float(said["blind_high"])] ==
   [low[0], low[-1]], "blind interval")
ok(facts(*grid, "--below", "1e-9", "h", "r")["blind_low"] == "nan",
   "no blind interval")

# ------------------------------------------------ where lesions can be, and size

keep("r", run("recon-degrade", "blur", "--sigma", "1.5", "h"))
recons = images(open("r", "rb").read())
# Lesions that are no disks, in half of the images, in bright tissue.
spots = [(n > .6) & (gaussian_filter(rng.standard_normal(n.shape), 3) > .15) &
         (i % 2 == 0) for i, n in enumerate(stack)]
keep("spots", b"".join(pgm(s) for s in spots))
brains = [n > 0 for n in stack]
keep("brains", b"".join(pgm(b) for b in brains))


def pooled_at(places, count, inside, bins, intensities):
    """The formula over places, with count lesion pixels in each image."""
    h = np.concatenate([r[p & w] for r, p, w in zip(recons, places, inside)])
    e = np.concatenate([np.abs(r.astype(np.float64) - n)[w]
                        for n, r, w in zip(stack, recons, inside)])
    positives = sum(count)
    rho = (e.size - positives) / positives
    own = .5 * np.count_nonzero(count) / positives
    edge = np.arange(bins + 1) / bins
    g, lesion = np.histogram(e, edge)[0], np.histogram(h, edge)[0]
    out = []
    for a in intensities:
        v = np.abs(a - (np.arange(bins) + .5) / bins)
        k = np.minimum((v * bins).astype(int), bins - 1)
        s = np.bincount(k, weights=lesion, minlength=bins)
        total = 0
        for i in np.flatnonzero(s):
            share = min(1, (s[i + 1:].sum() + s[i] / 2) / s.sum() + own)
            false = (g[i + 1:].sum() + g[i] / 2) / g.sum()
            total += s[i] / s.sum() * share / (share + rho * false)
        out.append(total)
    return np.array(out)


grid = ["--intensity", "0:1:6", "--bins", "500"]
x = np.linspace(0, 1, 6)
whole = [np.ones_like(b) for b in brains]
sizes = [int(s.sum()) for s in spots]
got = curve(*grid, "--mask", "spots", "h", "r")
want = pooled_at(spots, sizes, whole, 500, x)
ok(np.abs(got - want).max() <= 1e-9, "lesions of a mask, by numpy")
got = curve(*grid, "--mask", "spots", "--within", "brains", "h", "r")
want = pooled_at(spots, sizes, brains, 500, x)
ok(np.abs(got - want).max() <= 1e-9, "within the brain")
got = curve(*grid, "--mask", "spots", "--pixels", "40", "h", "r")
want = pooled_at(spots, [40] * len(stack), whole, 500, x)
ok(np.abs(got - want).max() <= 1e-9, "lesions of 40 pixels in such places")
got = curve(*grid, "--pixels", "40", "h", "r")
want = pooled_at(brains, [40] * len(stack), whole, 500, x)
ok(np.abs(got - want).max() <= 1e-9, "lesions of 40 pixels anywhere")
# A disk lies in what is scored, as anom-inject --within puts it.
halves = [b & (np.arange(96) < 48) for b in brains]
keep("halves", b"".join(pgm(b) for b in halves))
run("anom-inject", "disk", "--radius", "5", "--within", "halves", "--mask",
    "discs", "h")
with open("discs", "rb") as f:
    discs = [np.array(d) > 0 for d in images(f.read())]
got = curve(*grid, "--radius", "5", "--within", "halves", "h", "r")
want = pooled_at(brains, [int(d.sum()) for d in discs], halves, 500, x)
ok(np.abs(got - want).max() <= 1e-9, "disks within half of the brain")
# A lesion of constant intensity in the very mask: the simulation.
want = []
for a in x:
    ap = []
    for n, r, s in zip(stack, recons, spots):
        if s.any():
            score = np.abs(np.where(s, np.float32(a), n) - r).ravel()
            order = np.argsort(-score, kind="stable")
            hit = s.ravel()[order]
            ap.append((np.cumsum(hit) / np.arange(1, hit.size + 1))[hit].mean())
    want.append(np.mean(ap))
got = curve("--own", "--intensity", "0:1:6", "--mask", "spots", "h", "r")
ok(np.abs(got - want).max() <= .002,
   f"--own with a mask: the simulation ({np.abs(got - want).max():.4f})")
said = facts(*grid, "--mask", "spots", "--within", "brains", "h", "r")
ok(said["lesions"] == "of the mask" and said["mask"].startswith("12, ") and
   said["within"].startswith("12, "), "the table says which masks")
harmonic = [np.sum(1 / np.arange(1., b.sum() + 1)) for b in brains]
want = np.mean([(p - 1) / (n - 1) + (n - p) / (n * (n - 1)) * f
                for n, p, f in zip([int(b.sum()) for b in brains], sizes,
                                   harmonic) if p])
ok(abs(float(said["chance"]) - want) <= 1e-12, "chance, where there is a lesion")

# ---------------------------------------------------------------- bad input


def refused(status, pattern, *arguments):
    p = subprocess.run([os.path.join(BIN, "anom-predict"), *arguments],
                       stdin=subprocess.DEVNULL, capture_output=True)
    said = p.stderr.decode()
    good = p.returncode == status and pattern in said and \
        said.count("\n") == 1
    ok(good, f"{' '.join(arguments)}: {status} {pattern}")
    if not good:
        print(f"# {p.returncode} {said}")


keep("short", pfm(*stack[:3]))
keep("small", pfm(stack[0][:9, :9]))
keep("small-mask", pgm(np.ones((9, 9))))
keep("black", pfm(np.zeros((4, 4))))
keep("cut", pfm(*stack)[:50000])
keep("empty", b"")
refused(3, "ends after 3", "h", "short")
refused(3, "96 x 96", "small", "h")
refused(3, "without foreground", "black", "black")
refused(3, "stream ends", "cut", "h")
refused(3, "no images", "empty", "empty")
refused(4, "nosuch", "h", "nosuch")
refused(2, "1 operand, expected", "h")
refused(2, "twice", "-", "-")
refused(2, "2 to 10000000", "--bins", "1", "h", "r")
refused(2, "radius", "--radius", "0", "h", "r")
refused(2, "radius", "--radius", "x", "h", "r")
refused(2, "0 to 1", "--intensity", "0:2:3", "h", "r")
refused(2, "intensity", "--intensity", "0:1:1", "h", "r")
refused(2, "above 0", "--below", "0", "h", "r")
refused(2, "nearest is --bins", "--bin", "5", "h", "r")
keep("nothing", b"".join(pgm(np.zeros((96, 96))) for _ in stack))
refused(3, "no lesion in 12 images", "--mask", "nothing", "h", "r")
refused(3, "is 9 x 9", "--mask", "small-mask", "h", "r")
refused(3, "expected at least the 10000 of a lesion", "--pixels", "10000", "h",
        "r")
refused(2, "expected one of them", "--pixels", "9", "--radius", "3", "h", "r")
refused(2, "--own is about", "--own", "--pixels", "9", "h", "r")
refused(2, "--own is about", "--own", "--mask", "spots", "--radius", "3", "h",
        "r")
refused(2, "0", "--pixels", "0", "h", "r")
refused(4, "nosuch", "--within", "nosuch", "h", "r")
done()
