"""Residuals of many windows, samples, tiles, models, mixtures; map options."""

import warnings

import numpy as np
from scipy.ndimage import (binary_erosion, gaussian_filter, median_filter,
                           prewitt, uniform_filter)
from skimage.exposure import equalize_adapthist, equalize_hist
from skimage.metrics import structural_similarity
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture

from blindspot_io import done, images, ok, pfm, run, scratch

rng = np.random.default_rng(12)
warnings.simplefilter("ignore", ConvergenceWarning)  # few steps, asked for


def smooth(shape, sigma=1.):
    a = gaussian_filter(rng.random(shape), sigma)
    return ((a - a.min()) / (a.max() - a.min())).astype("f4")


def residual(kind, x, y=None, *options):
    streams = [scratch("x.pfm", pfm(x))]
    if y is not None:
        streams.append(scratch("y.pfm", pfm(*y) if isinstance(y, list)
                               else pfm(y)))
    return images(run("residual", kind, *options, *streams))[0].astype(float)


def dissimilarity(x, y, sigma, **keys):
    return 1 - structural_similarity(
        np.asarray(x, float), np.asarray(y, float), gaussian_weights=True,
        sigma=sigma, use_sample_covariance=False, full=True,
        **{"data_range": 1, **keys})[1]


def brain(rows, cols):
    """Smooth tissue within an ellipse, background exactly 0."""
    r, c = np.mgrid[:rows, :cols]
    inside = ((r - rows / 2) / rows) ** 2 + ((c - cols / 2) / cols) ** 2 < .2
    return (np.clip(smooth((rows, cols)), .01, 1) * inside).astype("f4")


# ---------------------------------------------------------- SSIM, ensembled

for shape in (64, 50), (21, 40):
    x, y = smooth(shape), smooth(shape, 2)
    # Padded beforehand, so that scikit-image's own border does not matter.
    far = 20
    X, Y = (np.pad(a.astype(float), far, mode="reflect") for a in (x, y))
    span = max(np.ptp(x), np.ptp(y))
    s = np.array([1 - dissimilarity(X, Y, sigma, data_range=span)
                  [far:-far, far:-far] for sigma in np.arange(.3, 1.8, .2)])
    w = np.exp(-s) / np.exp(-s).sum(0)
    worst = np.abs(residual("ssim-ensemble", x, y) -
                   (1 - (w * s).sum(0))).max()
    ok(worst <= 1e-6, f"ssim-ensemble of {shape}: {worst:.2g}")
flat = np.full((9, 9), .5, "f4")
ok(not residual("ssim-ensemble", flat, flat).any(),
   "ssim-ensemble of images without range is 0")
ok(residual("ssim-ensemble", np.array([[.5]], "f4"),
            np.array([[.25]], "f4")).max() == 0, "and of one pixel")

# ------------------------------------------------------------- Mahalanobis


def dense(x, recons, epsilon, diagonal):
    """By the whole covariance, pixels by pixels."""
    r = np.array([a.ravel() for a in recons], float)
    mu = r.mean(0)
    d = x.ravel().astype(float) - mu
    cov = np.cov(r.T) + epsilon * np.eye(d.size)
    a = np.abs(d) / np.sqrt(np.diag(cov)) if diagonal else \
        np.sqrt(np.maximum(np.linalg.solve(cov, d) * d, 0))
    return a.reshape(x.shape) * (x > 0), mu.reshape(x.shape)


for k, epsilon in (2, .01), (10, .01), (5, 1e-4), (30, .2):
    x = brain(17, 14)
    recons = [(x + .1 * rng.standard_normal(x.shape)).astype("f4")
              for _ in range(k)]
    for kind in "mahalanobis", "mahalanobis-diagonal":
        want, mu = dense(x, recons, epsilon, "diag" in kind)
        plain = ["--samples", k, "--epsilon", epsilon]
        raw = residual(kind, x, recons, *plain, "--minmax", 0, "--sigma", 0,
                       "--ssim-sigma", 0)
        worst = np.abs(raw - want).max() / want.max()
        ok(worst <= 1e-6, f"{kind}, K = {k}: {worst:.2g} of the dense form")
        inside = want[x > 0]
        none = {"--minmax": 0, "--sigma": 0, "--ssim-sigma": 0}
        for one, value, alone in (
                ("--minmax", 1, (want - inside.min()) / np.ptp(inside) *
                 (x > 0)),
                ("--sigma", 1.7, gaussian_filter(want, 1.7)),
                ("--ssim-sigma", 1.5, want *
                 dissimilarity(x, mu.astype("f4"), 1.5))):
            got = residual(kind, x, recons, *plain, *sum(
                {**none, one: value}.items(), ()))
            worst = np.abs(got - alone).max() / want.max()
            ok(worst <= 1e-6, f"{one} {value} alone: {worst:.2g}")
        step = (want - inside.min()) / np.ptp(inside) * (x > 0)
        step = gaussian_filter(step, 1)
        step = step * dissimilarity(x, mu.astype("f4"), 1)
        worst = np.abs(residual(kind, x, recons, *plain) - step).max()
        ok(worst <= 1e-6, f"{kind}, K = {k}: all steps ({worst:.2g})")
still = residual("mahalanobis", flat, [flat, flat], "--samples", 2)
ok(not still.any(), "mahalanobis of equal images is 0")

# ------------------------------------------------------------------- CLAHE

# scikit-image rounds images to 14 bits by way of 16, where such a level stays
# what it is, and truncates its maps to 14 bits before it scales them to 0 to 1.


def levels(a):
    return np.round(np.round(a / a.max() * 16383) / 16383 * 65535) / 65535


for shape, tiles, bins, limit in (
        ((256, 256), 8, 256, .01), ((100, 130), 8, 256, .01),
        ((61, 49), 8, 256, .01), ((200, 180), 4, 256, .01),
        ((200, 180), 1, 256, .01), ((90, 130), 16, 256, .01),
        ((200, 180), 8, 16, .01), ((200, 180), 8, 1000, .01),
        ((200, 180), 8, 256, .002), ((200, 180), 8, 256, .05),
        ((200, 180), 8, 16, .08), ((200, 180), 3, 64, .02),
        ((200, 180), 8, 256, 1)):
    x = brain(*shape)
    x, y = levels(x), levels(gaussian_filter(x, 2))
    cx, cy = (equalize_adapthist(a.astype(float), nbins=bins, clip_limit=limit,
                                 kernel_size=[n // tiles for n in shape])
              for a in (x, y))
    want = np.abs(cx - cy)
    for a, b in (x, y), (cx, cy):
        want = want * np.mean([dissimilarity(a, b, s) for s in (1.5, 3, 6)],
                              axis=0)
    got = residual("clahe-abs", x, y, "--tiles", tiles, "--bins", bins,
                   "--clip-limit", limit)
    worst = np.abs(got - want).max()
    area = (shape[0] // tiles) * (shape[1] // tiles)
    span = min(1, bins * max(1, int(limit * area)) / area)
    ok(worst <= 2e-4 / span, f"clahe-abs of {shape}, {tiles} tiles, {bins} bins, "
       f"limit {limit}: {worst:.2g} of up to {want.max():.2g}")
    if (tiles, bins, limit) == (8, 256, .01):
        ok(np.array_equal(got, residual("clahe-abs", x, y)),
           "which are the defaults")
x, y = brain(64, 70), brain(64, 70)
want = np.abs(x - y) * np.mean([dissimilarity(x, y, s) for s in (1.5, 3, 6)],
                               axis=0)
worst = np.abs(residual("clahe-abs", x, y, "--clahe", 0) - want).max()
ok(worst <= 1e-6, f"without CLAHE it is |x - y| x saliency ({worst:.2g})")
saliency = smooth((64, 70))
worst = np.abs(residual("clahe-abs", x, y, "--clahe", 0, "--saliency",
                        scratch("s.pfm", pfm(saliency))) -
               np.abs(x - y) * saliency).max()
ok(worst <= 1e-6, f"with a stream of saliency ({worst:.2g})")

# ------------------------------------------------------- zscore, equalized

many = [brain(20, 17) + rng.random((20, 17)).astype("f4") for _ in range(7)]
stack = np.array(many, float)
run("residual", "zscore", "--fit", scratch("model"), data=pfm(*many))
x = brain(20, 17)
want = np.abs(x - stack.mean(0)) / (stack.std(0) + 1e-7)
worst = np.abs(residual("zscore", x, None, "--model", scratch("model")) -
               want).max() / want.max()
ok(worst <= 5e-6, f"zscore: {worst:.2g} of the largest")
worst = np.abs(residual("equalized", x) -
               equalize_hist(x, mask=x > 0) * (x > 0)).max()
ok(worst <= 1e-6, f"equalized: {worst:.2g}")
ok(not residual("equalized", flat * 0).any(), "nothing in a black image")

# Volumes of 3, 1, 2 and 2 slices; the third is black, and so is one more slice.
slices = [brain(19, 23) * scale for scale in (1, .3, 0, .7, 0, 0, .2, 2)]
volume = np.array([0, 0, 0, 1, 2, 2, 3, 3])
with open(scratch("index.tsv"), "w") as out:
    out.write("image\tsubject\tvolume\n")
    out.writelines(f"{i}\ts\t{v}\n" for i, v in enumerate(volume))
for options in [], ["--threads", 3]:
    maps = np.array(images(run(
        "residual", "equalized", "--per-volume", "--index",
        scratch("index.tsv"), *options, data=pfm(*slices))))
    for v in range(4):
        x = np.array(slices)[volume == v].astype("f4")
        want = equalize_hist(x, mask=x > 0) * (x > 0) if x.any() else x
        worst = np.abs(maps[volume == v] - want).max()
        ok(worst <= 1e-6, f"equalized, volume {v} {options}: {worst:.2g}")

# --------------------------------------------------------------------- gmm


def philox(counter, key):
    """Four words (Salmon et al. 2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p, q = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(q >> 32) ^ c[1] ^ k[0], q & 0xFFFFFFFF,
             (p >> 32) ^ c[3] ^ k[1], p & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) &
             0xFFFFFFFF]
    return c


def features(x):
    """Value, gradient, mean and deviation in 3 x 3 and in 15 x 15."""
    a = x.astype(float)
    g = np.hypot(prewitt(a, 0), prewitt(a, 1)) / 3
    out = [a, g]
    for size in 3, 15:
        mean = uniform_filter(a, size)
        var = uniform_filter(a * a, size) - mean * mean
        out += [mean, np.sqrt(np.maximum(var, 0))]
    return np.array(out)[:, x > 0].T


def words(seed):
    """64-bit words of the draws for a residual (purpose 6), image 0."""
    at = 0
    while True:
        w = philox([at, 6 << 24, 0, 0], [seed, 0])
        yield w[0] | w[1] << 32
        yield w[2] | w[3] << 32
        at += 1


def start(f, k, seed):
    """k-means++: each pixel's nearest centre."""
    draw = words(seed)
    centres = [next(draw) % len(f)]
    for _ in range(k - 1):
        d = np.min([((f - f[c]) ** 2).sum(1) for c in centres], axis=0)
        u = (next(draw) >> 11) * 2. ** -53
        centres.append(int(np.searchsorted(np.cumsum(d), u * d.sum(),
                                           "right")))
    return np.argmin([((f - f[c]) ** 2).sum(1) for c in centres], axis=0)


for seed, k, shape, floor, tolerance, steps in (
        (0, 4, (64, 60), 1e-4, 1e-3, 100), (3, 4, (80, 50), 1e-4, 1e-3, 100),
        (1, 2, (40, 40), 1e-4, 1e-3, 100), (0, 4, (64, 60), 1e-2, 1e-3, 100),
        (0, 4, (64, 60), 1e-4, .2, 100), (0, 4, (64, 60), 1e-4, 0, 3),
        (0, 4, (64, 60), 1e-4, 0, 1)):
    x = brain(*shape)
    f = features(x)
    owner = start(f, k, seed)
    parts = [f[owner == j] for j in range(k)]
    model = GaussianMixture(
        k, reg_covar=floor, tol=tolerance, max_iter=steps,
        weights_init=[len(p) / len(f) for p in parts],
        means_init=[p.mean(0) for p in parts],
        precisions_init=[np.linalg.inv(np.cov(p.T, bias=True) + floor *
                                       np.eye(6)) for p in parts]).fit(f)
    want = -model.score_samples(f)
    got = residual("gmm", x, None, "--start", seed, "--components", k,
                   "--floor", floor, "--tolerance", tolerance, "--steps",
                   steps)
    worst = np.abs(got[x > 0] - want).max() / np.ptp(want)
    ok(worst <= 1e-5, f"gmm, {k} components, floor {floor:g}, tolerance "
       f"{tolerance:g}, {model.n_iter_} of {steps} steps: {worst:.2g} of the "
       "range")
    ok((got[x <= 0] == got[x > 0].min()).all(), "nothing outside")
ok(not residual("gmm", flat * 0).any(), "gmm of a black image is 0")
ok(np.isfinite(residual("gmm", flat)).all(), "and of a flat one finite")

# ----------------------------------------------------------------- options

x = brain(40, 31)
x[5:9, 20:23] = 0
y = smooth((40, 31))
a = np.abs(x - y)
for erode in 0, 1, 2, 5:
    inside = binary_erosion(x > 0, np.ones((3, 3)), erode) if erode else x > 0
    masked = (a * inside).astype("f4")
    option = ["--foreground"] if not erode else ["--erode", erode]
    ok(np.array_equal(residual("abs", x, y, *option), masked),
       f"eroded {erode} times as scipy does")
    both = median_filter(masked, 5, mode="reflect")
    ok(np.array_equal(residual("abs", x, y, *option, "--median", 5), both),
       "then the median, as scipy's")
    last = gaussian_filter(both, 1.3)
    ok(np.abs(residual("abs", x, y, "--smooth", 1.3, "--median", 5, *option) -
              last).max() <= 1e-6, "then the blur, whatever the order given")

# A map that is below 0 must not rank what the options clear above the rest.
x = brain(80, 72)
r, c = np.mgrid[:80, :72]
label = (r - 38) ** 2 + (c - 33) ** 2 <= 25
x[label] = 1
plain = residual("gmm", x)
ok((plain[x > 0] < 0).mean() > .5, "-log p is below 0 nearly everywhere")
area = roc_auc_score(label.ravel(), plain.ravel())
for option in ["--foreground"], ["--erode", 3]:
    got = residual("gmm", x, None, *option)
    inside = binary_erosion(x > 0, np.ones((3, 3)), option[-1]) \
        if len(option) > 1 else x > 0
    ok(np.array_equal(got, np.where(inside, plain, plain[inside].min())),
       f"gmm {option[0]}: the least of what is kept outside")
    masked = roc_auc_score(label.ravel(), got.ravel())
    ok(masked >= area, f"AUROC {masked:.4f}, without {area:.4f}")
ok(not residual("gmm", x, None, "--erode", 60).any(),
   "0 where nothing is kept")
near = residual("gmm", 1e3 * x, None, "--foreground")
ok((near[x <= 0] == 0).all() and near[x > 0].min() > 0,
   "and where the least is above 0")
dark = residual("signed", x, np.ones_like(x), "--foreground")
ok((dark[x <= 0] == 0).all() and dark.min() < 0, "signed has 0 there")
done()
