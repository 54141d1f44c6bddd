"""The filters against scipy, scikit-image and numpy."""

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.draw import disk

from blindspot_io import done, images, ok, pfm, run, scratch, table

rng = np.random.default_rng(1)

# Blur: 1e-6 is what is promised.
for shape in [(1, 1), (1, 37), (41, 1), (7, 5), (256, 256), (33, 65)]:
    x = rng.random(shape, dtype=np.float32)
    worst = 0
    for sigma in [0, .1, .124, .125, .3, .45, .5, .9, 1, 1.4, 2.5, 5, 20]:
        y = images(run("recon-degrade", "blur", "--sigma", sigma,
                       data=pfm(x)))[0]
        worst = max(worst, np.abs(y - gaussian_filter(x, sigma)).max())
    ok(worst <= 1e-6, f"blur of {shape} is scipy's: {worst:.2g}")
x = (rng.random((64, 50), dtype=np.float32) - .3) * 1000
y = images(run("recon-degrade", "blur", "--sigma", 3, data=pfm(x)))[0]
ok(np.abs(y - gaussian_filter(x, 3)).max() <= 1e-3,
   "blur of samples from -300 to 700 is scipy's")
ok(run("recon-degrade", "none", data=pfm(x)) == pfm(x),
   "none changes nothing")

# Residuals: float32 arithmetic, to the bit.
x, y = (rng.random((20, 31), dtype=np.float32) for _ in range(2))
a, b = scratch("x.pfm", pfm(x)), scratch("y.pfm", pfm(y))
d = x - y
for kind, expected in [("abs", np.abs(d)), ("square", d * d), ("signed", d),
                       ("positive", np.maximum(d, 0)),
                       ("negative", np.maximum(-d, 0))]:
    z = images(run("residual", kind, a, b))[0]
    ok(np.array_equal(z, expected), f"residual {kind} is numpy's")

# Disks: any centre and radius, over the border too.
bad = 0
for trial in range(60):
    shape = tuple(rng.integers(1, 60, 2))
    x = rng.random(shape, dtype=np.float32) + .01
    x[rng.random(shape) < .2] = 0
    row, col = (int(rng.integers(0, n)) for n in shape)
    radius = rng.choice([1, 2, 5, 20, 100, round(rng.random() * 30 + .1, 3)])
    positions = scratch("p.tsv", f"image\trow\tcol\n0\t{row}\t{col}\n")
    out = images(run("anom-inject", "disk", "--radius", radius, "--intensity",
                     .25, "--positions", positions, "--mask",
                     scratch("m.pgm"), data=pfm(x)))[0]
    mask = images(open(scratch("m.pgm"), "rb").read())[0]
    label = np.zeros(shape, bool)
    label[disk((row, col), radius, shape=shape)] = True
    label &= x > 0
    expected = np.where(label, np.float32(.25), x)
    bad += not (np.array_equal(out, expected) and
                np.array_equal(mask, 255 * label))
ok(bad == 0, f"60 disks are scikit-image's ({bad} differ)")


# Positions: an independent Philox4x32-10, in Python integers.
def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF,
             (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF,
             (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def position(x, seed, index, number):
    rows, cols = np.nonzero(x > 0)
    n, draw = len(rows), 0
    while True:
        c = philox([draw // 2, 1 << 24 | number, index & 0xFFFFFFFF,
                    index >> 32], [seed & 0xFFFFFFFF, seed >> 32])
        word = c[2 * (draw % 2)] | c[2 * (draw % 2) + 1] << 32
        draw += 1
        if word >= 2**64 % n:
            return rows[word % n], cols[word % n]


stream = [(rng.random((9, 14)) > .6).astype(np.float32) for _ in range(5)]
for seed, first in [(0, 0), (7, 0), (2**64 - 1, 3), (12345678901234, 2**40)]:
    run("anom-inject", "disk", "--radius", 1, "--seed", seed, "--count", 3,
        "--first-index", first, "--record", scratch("r.tsv"),
        data=pfm(*stream))
    rows = table(open(scratch("r.tsv"), "rb").read())
    expected = [(first + i, k, *position(x, seed, first + i, k))
                for i, x in enumerate(stream) for k in range(3)]
    ok([tuple(int(r[c]) for c in ("image", "anomaly", "row", "col"))
        for r in rows] == expected,
       f"positions for seed {seed}, first index {first}")
done()
