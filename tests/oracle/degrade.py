"""The degradations beside blur against scipy, scikit-image and numpy."""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, median_filter
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import spsolve
from scipy.stats import kstest, rice
from skimage.transform import downscale_local_mean

from blindspot_io import done, images, ok, pfm, pgm, run, scratch, table

rng = np.random.default_rng(7)


def degrade(x, kind, *options):
    return images(run("recon-degrade", kind, *options, data=pfm(x)))[0]


# What is drawn has the distribution that it should have.
x = np.full((100, 100), .3, np.float32)
noise = (degrade(x, "noise", "--sigma", .1, "--seed", 3) - x) / .1
p = kstest(noise.ravel(), "norm").pvalue
ok(p > .001, f"noise is normal (p {p:.3f})")
r = np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]
ok(abs(r) < .04, f"neighbours are independent ({r:.3f})")
p = kstest(degrade(x, "rician", "--sigma", .1).ravel(),
           rice(3, scale=.1).cdf).pvalue
ok(p > .001, f"Rician noise is Rician (p {p:.3f})")
p = kstest(degrade(0 * x, "rician", "--sigma", .1).ravel(),
           rice(0, scale=.1).cdf).pvalue
ok(p > .001, f"in the background too (p {p:.3f})")
a, b, c = (degrade(x, "noise", "--sigma", .1, *o) for o in [
    (), ("--seed", 1), ("--first-index", 1)])
d = images(run("recon-degrade", "noise", "--sigma", .1, "--samples", 2,
               data=pfm(x)))
ok(np.array_equal(a, d[0]) and all(abs(np.corrcoef(
    (a - x).ravel(), (y - x).ravel())[0, 1]) < .04 for y in (b, c, d[1])),
   "another seed, index or sample draws other noise")
ok(np.array_equal(degrade(x, "noise", "--sigma", 0), x), "none of sigma 0")

# A bottleneck: block means, and linear interpolation between their centres.
for shape, factor in [((64, 48), 4), ((60, 50), 5), ((16, 16), 16), ((9, 7), 1)]:
    x = rng.random(shape, dtype=np.float32)
    small = downscale_local_mean(x.astype(float), (factor, factor))
    at = np.meshgrid(*[(np.arange(n) + .5) / factor - .5 for n in shape],
                     indexing="ij")
    want = map_coordinates(small, at, order=1, mode="nearest")
    worst = np.abs(degrade(x, "downsample", "--factor", factor) - want).max()
    ok(worst <= 1e-6, f"downsample of {shape} by {factor}: {worst:.2g}")
# By hand: blocks {0, 1} and {5}, centres at .5 and 2.5, means .5 and 5.
y = degrade(np.array([[0, 1, 5]], np.float32), "downsample", "--factor", 2)
ok(np.allclose(y, [[.5, .5 + .25 * 4.5, .5 + .75 * 4.5]]),
   "the last block may be smaller")

x = rng.random((33, 21), dtype=np.float32) * 1.4 - .2
for levels in 2, 3, 16, 256:
    k = x.astype(float) * (levels - 1)
    y = degrade(x, "quantize", "--levels", levels)
    ok(np.array_equal(y, (np.floor(k + .5) / (levels - 1)).astype("f4")),
       f"{levels} levels")
for gamma in .3, 1, 1.2, 2:
    want = np.where(x > 0, np.abs(x.astype(float)) ** gamma, x)
    worst = np.abs(degrade(x, "gamma", "--gamma", gamma) - want).max()
    ok(worst <= 1e-7, f"gamma {gamma}: {worst:.2g}")

# The field is a cubic without a constant, as large as asked for.
x = rng.random((40, 30), dtype=np.float32) + .5
fields = []
for seed in range(3):
    y = degrade(x, "bias-field", "--amplitude", .4, "--seed", seed)
    b = np.log(y.astype(float) / x)
    v, u = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 30),
                       indexing="ij")
    terms = np.stack([(u ** i * v ** j).ravel() for j in range(4)
                      for i in range(4 - j)], 1)
    k = np.linalg.lstsq(terms, b.ravel(), rcond=None)[0]
    ok(np.abs(terms @ k - b.ravel()).max() < 1e-6 and abs(k[0]) < 1e-6
       and abs(np.abs(b).max() - .4) < 1e-6, f"bias field of seed {seed}")
    fields.append(b.ravel())
ok(np.abs(np.corrcoef(fields) - np.eye(3)).max() < .999, "fields differ")
ok(degrade(x[:1, :1], "bias-field")[0, 0] == x[0, 0], "one pixel has none")

# Whole pixels move exactly, a quadratic is interpolated exactly.
x = rng.random((12, 17), dtype=np.float32)
y = degrade(x, "shift", "--dy", 2, "--dx", -3)
want = np.zeros_like(x)
want[2:, :-3] = x[:-2, 3:]
ok(np.array_equal(y, want), "shift by whole pixels")
r, c = np.mgrid[:30, :40] / 40.


def quadratic(r, c):
    return .2 + .3 * r - .5 * c + r * c + .7 * r * r - .4 * c * c


for dy, dx in [(.5, .5), (.25, -.75), (-1.3, 2.6)]:
    y = degrade(quadratic(r, c).astype(np.float32), "shift", "--dy", dy,
                "--dx", dx)
    want = quadratic(r - dy / 40, c - dx / 40)
    worst = np.abs(y - want)[5:-5, 5:-5].max()
    ok(worst < 1e-6, f"shift by {dy}, {dx}: {worst:.2g}")
ok(not degrade(x, "shift", "--dy", 100).any(), "beyond the border is nothing")

for shape in [(1, 1), (1, 9), (30, 41), (5, 4)]:
    x = np.round(rng.standard_normal(shape), 1).astype(np.float32)
    bad = [size for size in (1, 3, 5, 7, 9, 11, 15) if not np.array_equal(
        degrade(x, "median", "--size", size), median_filter(x, size))]
    ok(not bad, f"median of {shape} is scipy's, ties included {bad}")

for shape in [(1, 1), (1, 9), (30, 41), (31, 40), (64, 64)]:
    x = rng.random(shape).astype(np.float32)
    for share in .1, .5, .77, 1:
        # Frequencies 0 to n / 2 and their mirror images, by numpy's order.
        keep = [np.abs(np.fft.fftfreq(n)) * 2 <= share + 1e-12 for n in shape]
        k = np.fft.fft2(x.astype(float)) * np.outer(*keep)
        worst = np.abs(degrade(x, "lowpass", "--fraction", share) -
                       np.fft.ifft2(k).real).max()
        ok(worst <= 1e-6, f"lowpass of {shape}, {share}: {worst:.2g}")

# By hand: at a decimal share of n a cosine of just that frequency is kept, and
# the next one is not.
for n, share, last in (100, .58, 29), (200, .29, 29), (100, .57, 28), \
        (8, .25, 1):
    for f in last, last + 1:
        x = np.cos(2 * np.pi * f * np.arange(n) / n).astype(np.float32)[None]
        want = x if f == last else 0 * x
        for turn in (lambda a: a), np.transpose:
            worst = np.abs(degrade(turn(x), "lowpass", "--fraction", share) -
                           turn(want)).max()
            ok(worst <= 1e-6, f"{share} of {n}, frequency {f}: {worst:.2g}")

for shape in [(1, 9), (30, 41), (64, 64)]:
    x = rng.random(shape).astype(np.float32)
    hole = rng.random(shape) < .3
    hole[10:25, 5:30] = True
    hole[0, 0] = False
    at = np.arange(x.size).reshape(shape)
    pairs = np.concatenate([
        np.stack([p.ravel(), q.ravel()]) for p, q in
        [(at[1:], at[:-1]), (at[:, 1:], at[:, :-1])]], axis=1)
    ends = np.concatenate([pairs, pairs[::-1]], axis=1)
    laplace = csr_matrix((-np.ones(ends.shape[1]), ends), (x.size,) * 2)
    laplace -= csr_matrix((laplace.sum(1).A1, (at.ravel(),) * 2))
    h = hole.ravel()
    want = x.astype(float).ravel()
    want[h] = spsolve(laplace[h][:, h].tocsc(), -laplace[h][:, ~h] @ want[~h])
    mask = scratch("hole.pgm", pgm(255 * hole.astype("u1")))
    worst = np.abs(degrade(x, "inpaint", "--mask", mask).ravel() -
                   want).max()
    ok(worst <= 1e-6, f"inpaint of {shape}: a direct solution ({worst:.2g})")
    for scale in 1e-9, 1e-20, 1e9:
        got = degrade(x * np.float32(scale), "inpaint", "--mask", mask)
        worst = np.abs(got.ravel() / scale - want).max()
        ok(worst <= 1e-6, f"and scaled by {scale:g} ({worst:.2g})")
mask = scratch("all.pgm", pgm(np.full((5, 5), 255)))
ok(not degrade(np.ones((5, 5), np.float32), "inpaint", "--mask", mask).any(),
   "where all is to be filled there is nothing to fill it with")

x = rng.random((40, 33)).astype(np.float32)
same = images(run("recon-degrade", "blur", "--samples", 3, data=pfm(x)))
ok(all(np.array_equal(a, same[0]) for a in same), "blurs are alike")
apart = images(run("recon-degrade", "blur", "--samples", 200, "--sigma", 2,
                   "--spread", .25, data=pfm(x)))
sharp = [np.abs(gaussian_filter(x, s) - y).max() for s, y in
         [(s, min(apart, key=lambda y: np.abs(gaussian_filter(x, s) -
                                              y).max()))
          for s in (1.55, 2, 2.45)]]
ok(max(sharp) < .02 and len({y.tobytes() for y in apart}) == 200,
   f"with a spread they differ ({max(sharp):.2g})")
for kind, option in ("blur", "--spread"), ("bias-field", "--amplitude"), \
        ("noise", "--sigma"), ("rician", "--sigma"):
    many = images(run("recon-degrade", kind, option, .5, "--samples", 3,
                      data=pfm(x, x)))
    ok(len({y.tobytes() for y in many}) == 6,
       f"{kind}: each sample of each image is drawn for itself")
rough = [np.abs(np.diff(y)).mean() for y in apart]
ends = [np.abs(np.diff(gaussian_filter(x, s))).mean() for s in (2.5, 1.5)]
ok(ends[0] <= min(rough) and max(rough) <= ends[1], "between its bounds")

# The sweep draws the same noise as the filter.
x = (rng.random((2, 30, 28)) + .01).astype(np.float32)
name = scratch("in.pfm", pfm(*x))
for kind in ("noise:sigma=0.1", "bias-field:amplitude=0.3", "median:size=3"):
    k, option = kind.split(":")
    key, value = option.split("=")
    anomalous = scratch("a.pfm", run(
        "anom-inject", "disk", "--radius", 4, "--intensity", .6, "--seed", 9,
        "--mask", scratch("m.pgm"), name))
    recon = scratch("r.pfm", run("recon-degrade", k, "--" + key, value,
                                 "--seed", 9, name))
    residual = scratch("d.pfm", run("residual", "abs", anomalous, recon))
    want = [row["mean"] for row in table(run(
        "score", "--metrics", "ap", "--bootstrap", 0, residual,
        scratch("m.pgm")))]
    got = [row["ap"] for row in table(run(
        "anom-sweep", "--inject", "disk:radius=4,intensity=0.6:0.7:2",
        "--degrade", kind, "--seed", 9, name))][:1]
    ok(got == want, f"anom-sweep with {k} is the filters' ({got}, {want})")
done()
