"""ood-histogram against numpy's histogram and scikit-learn's PCA."""

import json

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score, roc_curve

from blindspot_io import done, ok, pfm, run, scratch, table

rng = np.random.default_rng(4)


def histogram(x):
    """The density histogram of an image, by its definition."""
    x = x.astype(float).ravel()
    low, high = np.percentile(x, [.5, 99.5])
    x = np.clip(x, low, high)
    x = (x - low) / (high - low) if high > low else 0 * x
    return np.histogram(x, bins=500, range=(0, 1), density=True)[0]


def draw(n, width):
    """Images with a background, whose histograms differ a little."""
    out = []
    for _ in range(n):
        x = rng.normal(rng.uniform(.4, .5), width, (40, 52))
        out.append(np.where(rng.random(x.shape) < .3, 0, x)
                   .astype(np.float32))
    return out


def distances(train, *tests):
    """Squared Mahalanobis distances in scikit-learn's components."""
    x = np.array([histogram(i) for i in train])
    pca = PCA(n_components=.9999, svd_solver="full").fit(x)
    v = pca.explained_variance_
    out = []
    for test in tests:
        t = pca.transform(np.array([histogram(i) for i in test]))
        out.append((t ** 2 / (v + 1e-6 * v[0])).sum(axis=1))
    return out


model = scratch("model")
for name, n in [("fewer images than bins", 30), ("two images", 2),
                ("more images than bins", 520)]:
    train, normal, test = draw(n, .1), draw(12, .1), draw(9, .12)
    normal[0][:] = .5  # constant
    a, b, c = (scratch(k, pfm(*v)) for k, v in
               [("a", train), ("b", normal), ("c", test)])
    run("ood-histogram", "fit", "--model", model, a)
    rows = table(run("ood-histogram", "apply", "--per-image", "--model",
                     model, b, c))
    got = np.array([float(r["distance"]) for r in rows])
    want = np.concatenate(distances(train, normal, test))
    off = np.abs(got / want - 1).max()
    ok(off <= 1e-6 and [r["stream"] for r in rows] ==
       ["normal"] * 12 + ["test"] * 9 and
       [int(r["image"]) for r in rows] == [*range(12), *range(9)],
       f"distances, {name}: {off:.1e} from scikit-learn's")
    truth = np.repeat([0, 1], [12, 9])
    fpr, tpr, _ = roc_curve(truth, got, drop_intermediate=False)
    rows = {r["metric"]: r for r in table(run(
        "ood-histogram", "apply", "--model", model, b, c))}
    ok(abs(float(rows["auroc"]["value"]) - roc_auc_score(truth, got)) < 1e-12
       and float(rows["fpr95"]["value"]) == fpr[np.argmax(tpr >= .95)] and
       rows["auroc"]["normal"] == "12" and rows["auroc"]["test"] == "9",
       f"AUROC and FPR95, {name}")

# n images, n - 1 components: all of them equally far, (n - 1)^2/n.
train = draw(6, .1)
a = scratch("a", pfm(*train))
run("ood-histogram", "fit", "--model", model, a)
got = [float(r["distance"]) for r in table(run(
    "ood-histogram", "apply", "--per-image", "--model", model, a, a))]
ok(np.abs(np.array(got) / (25 / 6) - 1).max() < 1e-4,
   "training images of a model of all components, by hand")

run("ood-histogram", "fit", "--model", model, scratch("e", pfm(*draw(40,
                                                                  .1))))
text = json.loads(run("ood-histogram", "apply", "--json", "--model", model,
                      b, c))
ok([r["metric"] for r in text["rows"]] == ["auroc", "fpr95"], "as JSON")
same = table(run("ood-histogram", "apply", "--model", model, b, b))
ok(float(same[0]["value"]) == .5, "the same images on both sides: AUROC .5")
# Scale and offset of the intensities change nothing.
scaled = scratch("d", pfm(*(np.float32(4) * x for x in test)))
rows = [table(run("ood-histogram", "apply", "--per-image", "--model", model,
                  b, x)) for x in (c, scaled)]
ok(rows[0] == rows[1], "intensities times 4 have the same distance")
# Volumes of 1 to 4 slices, each one sample.
def cut(volumes, name):
    """The slices of volumes as a stream, and their index."""
    with open(scratch(name + ".tsv"), "w") as f:
        f.write("image\tsubject\tvolume\n")
        f.writelines(f"{i}\ts\tv{v}\n" for i, v in enumerate(
            v for v, x in enumerate(volumes) for _ in x))
    return (scratch(name, pfm(*(s for x in volumes for s in x))),
            scratch(name + ".tsv"))


def stack(n, width):
    return [np.array(draw(rng.integers(1, 5), width)) for _ in range(n)]


train, normal, test = stack(40, .1), stack(7, .1), stack(5, .13)
(a, ai), (b, bi), (c, ci) = (cut(x, k) for x, k in
                             [(train, "va"), (normal, "vb"), (test, "vc")])
run("ood-histogram", "fit", "--volumes", ai, "--model", model, a)
rows = table(run("ood-histogram", "apply", "--volumes", bi, "--volumes", ci,
                 "--per-image", "--model", model, b, c))
got = np.array([float(r["distance"]) for r in rows])
off = np.abs(got / np.concatenate(distances(train, normal, test)) - 1).max()
ok(off <= 1e-6 and [r["volume"] for r in rows] ==
   [f"v{i}" for i in (*range(7), *range(5))],
   f"distances of volumes: {off:.1e} from scikit-learn's")
rows = table(run("ood-histogram", "apply", "--volumes", bi, "--volumes", ci,
                 "--model", model, b, c))
ok(float(rows[0]["value"]) == roc_auc_score([0] * 7 + [1] * 5, got) and
   rows[0]["normal"] == "7" and rows[0]["test"] == "5", "AUROC of volumes")
done()
