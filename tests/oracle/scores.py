"""The metrics against scikit-learn and brute force."""

import itertools
import json

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from blindspot_io import done, ok, pfm, pgm, run, scratch, table

rng = np.random.default_rng(2)
ALL = "ap,auroc,dice,dice_threshold,fpr95,mean_residual"


def dice(labels, scores):
    """Best Dice and its threshold over every distinct score, exactly."""
    best, at = (0, 1), None
    for t in np.unique(scores)[::-1]:
        found = scores >= t
        tp = int((found & labels).sum())
        n, d = 2 * tp, int(found.sum() + labels.sum())
        if n * best[1] > best[0] * d:
            best, at = (n, d), float(t)
    return best[0] / best[1], at


def expected(labels, scores):
    """The metrics of one image; None where undefined."""
    labels, scores = labels.ravel(), scores.ravel() + 0.0
    both = labels.any() and not labels.all()
    out = {"mean_residual": scores.astype(np.float64).mean()}
    out["ap"] = average_precision_score(labels, scores) if labels.any() \
        else None
    out["auroc"] = roc_auc_score(labels, scores) if both else None
    out["dice"], out["dice_threshold"] = dice(labels, scores) \
        if labels.any() else (None, None)
    if both:
        fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
        out["fpr95"] = fpr[np.argmax(tpr >= .95)]
    else:
        out["fpr95"] = None
    return out


def agrees(row, want):
    """Every metric within 1e-12; nan where undefined."""
    for name, value in want.items():
        got = float(row[name])
        if value is None:
            if not np.isnan(got):
                return False
        elif not abs(got - value) <= 1e-12 * max(1, abs(value)):
            print(f"# {name}: {got}, expected {value}")
            return False
    return True


def case(name, scores, labels):
    """One image through score --per-image."""
    scores = scores.astype(np.float32)
    rows = table(run("score", "--per-image", "--metrics", ALL,
                     scratch("s.pfm", pfm(scores)),
                     scratch("m.pgm", pgm(255 * labels))))
    ok(agrees(rows[0], expected(labels, scores)), name)


shape = (24, 17)
continuous = rng.random(shape)
few = rng.random(shape) < .1
one = np.zeros(shape, bool)
one[3, 4] = True
case("continuous scores", continuous, few)
case("heavy ties", rng.integers(0, 4, shape) / 4, few)
case("two values", rng.integers(0, 2, shape), few)
case("a constant map", np.full(shape, .3), few)
case("a map of zeros", np.zeros(shape), few)
case("a single positive", continuous, one)
case("a single positive among ties", rng.integers(0, 9, shape), one)
case("all but one positive", continuous, ~one)
case("all positive", continuous, np.ones(shape, bool))
case("no positive", continuous, np.zeros(shape, bool))
case("negative scores", continuous - .7, few)
case("0 and -0", np.where(rng.random(shape) < .5, 0., -0.), few)
case("perfect ranking", few + continuous / 2, few)
case("worst ranking", continuous / 2 - few, few)
case("tiny and huge", 10. ** rng.integers(-40, 38, shape), few)
case("one pixel", np.array([[.5]]), np.array([[True]]))
case("256 x 256", rng.random((256, 256)), rng.random((256, 256)) < .02)
case("256 x 256 with ties", np.round(rng.random((256, 256)), 2),
     rng.random((256, 256)) < .02)

# Several images, one without anomaly: the summary, pooled, within.
maps = [rng.integers(0, 50, shape).astype(np.float32) for _ in range(6)]
masks = [rng.random(shape) < .2 for _ in range(6)]
masks[2][:] = False
within = [rng.random(shape) < .6 for _ in range(6)]
s = scratch("s.pfm", pfm(*maps))
m = scratch("m.pgm", pgm(*(255 * x for x in masks)))
w = scratch("w.pgm", pgm(*(255 * x for x in within)))
wants = [expected(l, x) for l, x in zip(masks, maps)]
rows = {r["metric"]: r for r in table(run("score", "--metrics", ALL, s, m))}
for name in ALL.split(","):
    v = np.array([x[name] for x in wants if x[name] is not None])
    r = rows[name]
    ok(abs(float(r["mean"]) - v.mean()) <= 1e-12 * max(1, v.mean()) and
       abs(float(r["sd"]) - v.std(ddof=1)) <= 1e-12 * max(1, v.mean()) and
       int(r["n"]) == len(v) and int(r["n_undefined"]) == 6 - len(v),
       f"mean, sd and counts of {name} over images")

# The bootstrap: an independent one has the same interval, up to its noise.
v = np.array([x["ap"] for x in wants if x["ap"] is not None])
means = rng.choice(v, (200000, len(v))).mean(axis=1)
lo, hi = np.percentile(means, [2.5, 97.5])
r = table(run("score", "--metrics", "ap", "--bootstrap", 100000,
              "--interval", "percentile", s, m))[0]
ok(abs(float(r["ci_low"]) - lo) < .02 * v.std() and
   abs(float(r["ci_high"]) - hi) < .02 * v.std(),
   "the bootstrap interval is numpy's")

rows = {r["metric"]: float(r["value"]) for r in
        table(run("score", "--pooled", "--metrics", ALL, s, m))}
ok(agrees(rows, expected(np.array(masks), np.array(maps))), "pooled")
rows = {r["metric"]: float(r["value"]) for r in
        table(run("score", "--pooled", "--metrics", ALL, "--within", w, s,
                  m))}
inside = np.array(within)
ok(agrees(rows, expected(np.array(masks)[inside], np.array(maps)[inside])),
   "pooled within a mask")
rows = table(run("score", "--per-image", "--metrics", ALL, "--within", w, s,
                 m))
ok(all(agrees(r, expected(l[k], x[k])) and int(r["pixels"]) == k.sum() and
       int(r["anomalous"]) == l[k].sum()
       for r, l, x, k in zip(rows, masks, maps, within)),
   "each image within a mask")

# Chance: the mean over all orders.
orders = np.array(list(itertools.permutations(range(7))))
good = True
for positives in range(1, 7):
    y = np.arange(7) < positives
    mean = np.mean([average_precision_score(y, o) for o in orders])
    row = table(run("score", "--pooled", "--metrics", "ap,auroc,dice",
                    scratch("c.pfm", pfm(np.zeros((1, 7)))),
                    scratch("c.pgm", pgm(255 * y[None]))))
    good &= abs(float(row[0]["chance"]) - mean) < 1e-14 and \
        row[1]["chance"] == "0.5" and row[2]["chance"] == "nan"
ok(good, "chance is the mean AP over all orders, scikit-learn's")
# Simulated ratios to the prevalence, of 20,000 pixels.
flat = np.zeros((100, 200))
marks = [np.arange(20000).reshape(100, 200) < p for p in (1, 3, 10, 30)]
s2 = scratch("c.pfm", pfm(flat, flat, flat, flat))
m2 = scratch("c.pgm", pgm(*(255 * x for x in marks)))
rows = table(run("score", "--per-image", "--metrics", "ap", s2, m2))
chance = [float(r["chance"]) for r in rows]
ok(np.all(np.abs(np.array(chance) * 20000 / [1, 3, 10, 30] -
                 [11, 4.5, 2, 1.3]) < [.6, .4, .1, .05]) and
   abs(chance[0] - np.sum(1 / np.arange(1, 20001)) / 20000) < 1e-16,
   "chance of few pixels among many, and a sum of 20,000 terms")
row = table(run("score", "--metrics", "ap,image_ap,image_auroc", s2, m2))
ok(abs(float(row[0]["chance"]) - np.mean(chance)) < 1e-16 and
   row[1]["chance"] == "1" and row[2]["chance"] == "nan",
   "chance of a mean is the mean, that of images is by images")
# An image of which --within leaves nothing has no score, and is left out.
values = np.array([.5, .1, .9, .4, .8])
bad = np.array([0, 0, 1, 1, 1])
kept = np.arange(5) != 3
for lost in 3, 0:
    kept = np.arange(5) != lost
    files = [scratch(name, make(*(np.full((1, 2), x) for x in data)))
             for name, make, data in (("i.pfm", pfm, values),
                                      ("i.pgm", pgm, bad),
                                      ("k.pgm", pgm, kept.astype(int)))]
    rows = {r["metric"]: r for r in table(run(
        "score", "--metrics", "image_auroc,image_ap", "--within", files[2],
        "--bootstrap", 50, *files[:2]))}
    y, x = bad[kept], values[kept]
    ok(abs(float(rows["image_auroc"]["mean"]) - roc_auc_score(y, x)) < 1e-15
       and abs(float(rows["image_ap"]["mean"]) -
               average_precision_score(y, x)) < 1e-15 and
       abs(float(rows["image_ap"]["chance"]) - np.mean(
           [average_precision_score(y, o) for o in
            itertools.permutations(range(4))])) < 1e-14 and
       all((r["n"], r["n_undefined"], r["n_subjects"]) == ("4", "1", "4")
           for r in rows.values()),
       f"image {lost} has no pixels: AUROC and AP are of the others")
text = json.loads(run("score", "--json", "--metrics", ALL, s, m))
ok([r["metric"] for r in text["rows"]] == ALL.split(",") and
   text["seed"] == 0 and text["rows"][0]["n_undefined"] == 1,
   "JSON holds the same")
text = json.loads(run("score", "--json", "--per-image", s, m))
ok(text["rows"][2]["ap"] is None and len(text["rows"]) == 6,
   "an undefined value is null in JSON")
done()
