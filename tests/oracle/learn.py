"""Learned reconstructions: components against scikit-learn, and networks that
learn what they should."""

import os

import numpy as np
from sklearn.decomposition import PCA

from blindspot_io import done, images, ok, pfm, run, scratch, table

# Threads that wait for each other are slow where others work too.
os.environ["OMP_NUM_THREADS"] = "1"
rng = np.random.default_rng(3)
path = scratch("model")


def recon(stream):
    return np.stack(images(run("recon-model", path, data=stream))) \
        .astype(float)


# -------------------------------------------------------------- components

for n, shape, latent in (30, (16, 16), 8), (12, (9, 7), 11), (90, (5, 6), 4), \
        (40, (5, 6), 30):
    x = rng.random((n, *shape)).astype("f4") + \
        rng.standard_normal((n, 1, 1)).astype("f4")
    run("recon-train", "pca", "--latent", latent, "--output", path,
        data=pfm(*x))
    fresh = rng.random((5, *shape)).astype("f4")
    pca = PCA(latent, svd_solver="full").fit(
        x.reshape(n, -1).astype(float))
    want = pca.inverse_transform(pca.transform(
        fresh.reshape(5, -1).astype(float))).reshape(5, *shape)
    worst = np.abs(recon(pfm(*fresh)) - want).max()
    ok(worst <= 1e-4, f"{latent} components of {n} images of {shape}: "
       f"{worst:.2g}")

# ---------------------------------------------------------------- learning
# Not in a build so slow that it would only be waited for.

if not os.environ.get("SANITIZED"):
    few = run("brain-phantom", "--count", 16, "--size", 32)
    run("recon-train", "ae", "--latent", 64, "--steps", 600, "--batch", 16,
        "--lr", "4e-3", "--weight-decay", 0, "--width", 16, "--output", path,
        data=few)
    error = np.abs(recon(few) - np.stack(images(few))).mean()
    ok(error < .01, f"16 images are learnt by heart: {error:.4f}")

    # Within experiment 3's small schedule of batches and steps, but with
    # wider layers and bottleneck than its models, which cannot do it: each
    # slice has folds of its own, and even the best 128 components leave seven
    # tenths of this error.
    train = run("brain-phantom", "--count", 1000, "--size", 64)
    test = run("brain-phantom", "--count", 40, "--size", 64, "--seed", 1)
    validation = scratch("validation", test)
    log = scratch("log")
    run("recon-train", "spatial-ae", "--channels", 64, "--width", 16,
        "--batch", 16, "--steps", 1500, "--lr", "3e-3", "--validate",
        validation, "--validate-every", 500, "--log", log, "--output", path,
        data=train)
    x = np.stack(images(test)).astype(float)
    mean = np.stack(images(train)).astype(float).mean(0)
    plain = np.abs(x - mean).mean()
    with open(log, "rb") as f:
        rows = table(f.read())
    error = float(rows[-1]["validation_error"])
    ok(error <= .5 * plain, f"an autoencoder's error on other images, "
       f"{error:.4f}, is at most half the mean image's, {plain:.4f}")
    ok(float(rows[-1]["loss"]) < float(rows[0]["loss"]), "the loss falls")

done()
