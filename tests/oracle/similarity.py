"""SSIM, its components and gradient similarity against scikit-image."""

import numpy as np
from scipy.ndimage import convolve, gaussian_filter
from skimage.metrics import structural_similarity

from blindspot_io import done, images, ok, pfm, run, scratch, table

rng = np.random.default_rng(11)


def residual(x, y, kind, *options):
    return images(run("residual", kind, *options, scratch("x.pfm", pfm(x)),
                      scratch("y.pfm", pfm(y))))[0].astype(float)


for shape in [(64, 50), (23, 40), (128, 128)]:
    x = gaussian_filter(rng.random(shape), 1).astype(np.float32)
    y = gaussian_filter(x, 1.2)
    x[:6] = y[:6] = 0
    for sigma in .8, 1.5, 3:
        if 2 * int(3.5 * sigma + .5) + 1 > min(shape):
            continue  # scikit-image wants a window within the image
        want = structural_similarity(
            x.astype(float), y.astype(float), gaussian_weights=True,
            sigma=sigma, use_sample_covariance=False, data_range=1,
            full=True)[1]
        worst = np.abs(residual(x, y, "ssim", "--sigma", sigma) -
                       (1 - want)).max()
        ok(worst <= 1e-6, f"ssim of {shape}, sigma {sigma}: {worst:.2g}")
    s, l, c, t = (residual(x, y, "ssim" + part) for part in
                  ("", "-luminance", "-contrast", "-structure"))
    worst = np.abs((1 - l) * (1 - c) * (1 - t) - (1 - s)).max()
    ok(worst <= 1e-6, f"its factors make it up: {worst:.2g}")
want = structural_similarity(x.astype(float), y.astype(float), K1=.05, K2=.1,
                             gaussian_weights=True, sigma=1.5, data_range=3,
                             use_sample_covariance=False, full=True)[1]
worst = np.abs(residual(x, y, "ssim", "--k1", .05, "--k2", .1, "--range", 3) -
               (1 - want)).max()
ok(worst <= 1e-6, f"k1, k2 and range: {worst:.2g}")

# By hand: constants a and b have no variance; S = (2ab + C)/(a^2 + b^2 + C).
a, b = np.full((9, 9), .5, np.float32), np.full((9, 9), .25, np.float32)
want = 1 - (.25 + 1e-4) / (.3125 + 1e-4)
ok(np.abs(residual(a, b, "ssim") - want).max() < 1e-7 and
   np.abs(residual(a, b, "ssim-luminance") - want).max() < 1e-7 and
   max(np.abs(residual(a, b, "ssim-" + part)).max()
       for part in ("contrast", "structure")) < 1e-7, "constants differ in luminance")
for kind in ("ssim", "ssim-luminance", "ssim-contrast", "ssim-structure",
             "ssim-ensemble", "gradient"):
    for z in x, 0 * x, x[:1, :1], x[:2, :9]:
        same = residual(z, z, kind)
        ok(0 <= same.min() and same.max() < 1e-7,
           f"{kind} of equal images of {z.shape} is 0 and not below")
# Where images are all but equal, rounding gives no value below 0.
z = rng.random((60, 60), dtype=np.float32)
near = np.where(rng.random(z.shape) < .05, np.nextafter(z, np.float32(2)), z)
for kind in ("ssim", "ssim-luminance", "ssim-contrast", "ssim-structure",
             "ssim-ensemble", "gradient"):
    low = residual(z, near, kind).min()
    ok(low >= 0, f"{kind} of all but equal images: {low:.2g}")
    run("residual", kind, "--format", "pgm8", scratch("x.pfm"),
        scratch("y.pfm"))
# By hand: a window without variance has no covariance either, however small
# what steadies the ratio is.
z = rng.random((40, 40), dtype=np.float32)
for value, sigma in (.1, .8), (.3, 1.5), (.1, 3), (.5, 1.5):
    same = residual(np.full_like(z, value), z, "ssim-structure", "--k2", 1e-9,
                    "--sigma", sigma)
    ok(not same.any(), f"no structure in {value} throughout, sigma {sigma}")
least = ["--k1", 1e-9, "--k2", 1e-9, "--range", 1e-9]
ok(not residual(0 * x, 0 * x, "ssim", *least).any(),
   "a number, with the least that steadies it, where both are black")

prewitt = np.array([[1, 0, -1]] * 3) / 3
for shape in [(30, 41), (1, 7), (2, 2)]:
    x, y = (rng.random(shape, dtype=np.float32) for _ in range(2))
    g, h = (np.hypot(convolve(z.astype(float), prewitt),
                     convolve(z.astype(float), prewitt.T)) for z in (x, y))
    for c in .0026, 1:
        want = 1 - (2 * g * h + c) / (g * g + h * h + c)
        worst = np.abs(residual(x, y, "gradient", "--c", c) - want).max()
        ok(worst <= 1e-6, f"gradient of {shape}, c {c}: {worst:.2g}")

# A sweep takes them, with the numbers of the filters.
x = (rng.random((2, 30, 28)) + .01).astype(np.float32)
name = scratch("in.pfm", pfm(*x))
for kind in "ssim", "gradient":
    anomalous = scratch("a.pfm", run(
        "anom-inject", "disk", "--radius", 4, "--intensity", .6, "--mask",
        scratch("m.pgm"), name))
    recon = scratch("r.pfm", run("recon-degrade", "blur", name))
    maps = scratch("d.pfm", run("residual", kind, anomalous, recon))
    want = table(run("score", "--metrics", "ap", "--bootstrap", 0, maps,
                     scratch("m.pgm")))[0]["mean"]
    got = table(run("anom-sweep", "--inject",
                    "disk:radius=4,intensity=0.6:0.7:2", "--degrade", "blur",
                    "--residual", kind, name))[0]["ap"]
    ok(got == want, f"anom-sweep with {kind} is the filters' ({got}, {want})")
done()
