"""AUPRO, AUPIMO and image-level scores against brute force and scikit-learn."""

import numpy as np
from scipy.ndimage import label as regions_of
from sklearn.metrics import average_precision_score, roc_auc_score

from blindspot_io import done, ok, pfm, pgm, run, scratch, table

rng = np.random.default_rng(5)
EIGHT = np.ones((3, 3))


def close(got, want, tolerance=1e-12):
    got = float(got)
    if want is None:
        return np.isnan(got)
    if not abs(got - want) <= tolerance:
        print(f"# {got}, expected {want}")
    return abs(got - want) <= tolerance


def aupro(maps, masks, within=None):
    """Every threshold in turn, over the regions and pixels of all images."""
    keep = [np.ones(m.shape, bool) for m in maps] if within is None else within
    regions, normal = [], []
    for x, y, k in zip(maps, masks, keep):
        numbers, n = regions_of(y & k, EIGHT)
        regions += [x[numbers == i + 1] for i in range(n)]
        normal.append(x[~y & k])
    normal = np.concatenate(normal)
    if not regions or not normal.size:
        return None
    points = [(0., 0.)]
    for t in np.unique(np.concatenate([normal] + regions))[::-1]:
        points.append(((normal >= t).mean(),
                       np.mean([(r >= t).mean() for r in regions])))
    fpr, pro = np.array(points).T
    end = fpr <= .3
    rest = np.argmax(fpr > .3)
    xs, ys = list(fpr[end]), list(pro[end])
    if xs[-1] < .3:
        slope = (pro[rest] - ys[-1]) / (fpr[rest] - xs[-1])
        ys.append(ys[-1] + slope * (.3 - xs[-1]))
        xs.append(.3)
    return np.trapz(ys, xs) / .3


def blobs(shape, share):
    """Labels in small regions, some of them joined by a corner only."""
    return rng.random(shape) < share


shape = (23, 31)
cases = {
    "distinct scores": (rng.random(shape), blobs(shape, .05)),
    "heavy ties": (rng.integers(0, 5, shape) / 4, blobs(shape, .1)),
    "two values": (rng.integers(0, 2, shape), blobs(shape, .1)),
    "a constant map": (np.ones(shape), blobs(shape, .1)),
    "a perfect map": (blobs(shape, .2) * 1., None),
    "one region": (rng.random(shape), np.pad(np.ones((4, 5), bool),
                                             ((3, 16), (6, 20)))),
    "all anomalous": (rng.random(shape), np.ones(shape, bool)),
    "none anomalous": (rng.random(shape), np.zeros(shape, bool)),
    "one row": (rng.random((1, 40)), blobs((1, 40), .3)),
    "one column": (rng.random((40, 1)), blobs((40, 1), .3)),
}
for name, (x, y) in cases.items():
    x = np.asarray(x, np.float32)
    y = x > 0 if y is None else y
    row = table(run("score", "--per-image", "--metrics", "aupro",
                    scratch("s.pfm", pfm(x)),
                    scratch("m.pgm", pgm(255 * y))))[0]
    ok(close(row["aupro"], aupro([x], [y])), f"AUPRO of {name}")

maps = [rng.integers(0, 30, shape).astype(np.float32) for _ in range(7)]
masks = [blobs(shape, .04) for _ in range(7)]
masks[3][:] = masks[5][:] = False
within = [rng.random(shape) < .7 for _ in range(7)]
s = scratch("s.pfm", pfm(*maps))
m = scratch("m.pgm", pgm(*(255 * x for x in masks)))
w = scratch("w.pgm", pgm(*(255 * x for x in within)))
row = table(run("score", "--pooled", "--metrics", "aupro", s, m))[0]
ok(close(row["value"], aupro(maps, masks)), "AUPRO pooled over all regions")
rows = table(run("score", "--per-image", "--metrics", "aupro", "--within", w,
                 s, m))
ok(all(close(r["aupro"], aupro([x], [y], [k]))
       for r, x, y, k in zip(rows, maps, masks, within)),
   "AUPRO within a mask, whose edge cuts regions")
# Two pixels that touch at a corner are one region: half of it, not one of two.
x = np.array([[9, 0, 0], [0, 1, 0], [0, 0, 0]], np.float32)
y = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]], bool)
row = table(run("score", "--per-image", "--metrics", "aupro",
                scratch("c.pfm", pfm(x)), scratch("c.pgm", pgm(255 * y))))[0]
# Found: half before any false one, all before the zeros, which tie: (0, 1),
# then on to (1, 1).  Area up to .3: .3.
ok(close(row["aupro"], 1), "a perfect ranking has AUPRO 1, by hand")
# On perfect maps rounding must not lift it above 1.
perfect = [rng.random((11, 9)) < .35 for _ in range(200)]
s = scratch("s.pfm", pfm(*(3. * y for y in perfect)))
m = scratch("m.pgm", pgm(*(255 * y for y in perfect)))
rows = table(run("score", "--per-image", "--metrics", "aupro", s, m))
ok(all(1 - 1e-12 < float(r["aupro"]) <= 1 for r in rows),
   "AUPRO of perfect maps is 1, never more")
run("score", "--metrics", "aupro", "--require", "aupro<=1", s, m)


def pimo(maps, masks, within=None):
    """Recall against the mean rate of the normal images, every threshold."""
    keep = [np.ones(m.shape, bool) for m in maps] if within is None else within
    normal = [x[k] for x, y, k in zip(maps, masks, keep)
              if not (y & k).any() and k.any()]
    if not normal:
        return [None] * len(maps)
    values = []
    for x, y, k in zip(maps, masks, keep):
        positive = x[y & k]
        if not positive.size:
            values.append(None)
            continue
        levels = np.unique(np.concatenate(normal + [positive]))[::-1]
        rate = np.mean([np.searchsorted(np.sort(-n), -levels, "right") / n.size
                        for n in normal], axis=0)
        recall = np.searchsorted(np.sort(-positive), -levels,
                                 "right") / positive.size
        # Nothing is below the first rate but the recall that goes with none.
        none = rate == 0
        first = recall[none][-1] if none.any() else 0
        log = np.log(np.concatenate([[1e-9, rate[~none][0]], rate[~none]]))
        recall = np.concatenate([[first, first], recall[~none]])
        low, high = np.log(1e-5), np.log(1e-4)
        inside = (log > low) & (log < high)
        # Interpolated where the curve has one value: at a rate with several
        # recalls, the last before and the first after it.
        at = np.concatenate([[low], log[inside], [high]])
        before, after = np.argmax(log >= high), np.flatnonzero(log <= low)[-1]
        end = recall[before - 1] + (recall[before] - recall[before - 1]) * \
            (high - log[before - 1]) / (log[before] - log[before - 1])
        begin = recall[after] + (recall[after + 1] - recall[after]) * \
            (low - log[after]) / (log[after + 1] - log[after])
        ys = np.concatenate([[begin], recall[inside], [end]])
        values.append(np.trapz(ys, at) / np.log(10))
    return values


# 40,000 pixels a map: the rates from 1e-5 to 1e-4 are a few pixels.
big = (200, 200)
maps = [rng.normal(0, 1, big).astype(np.float32) for _ in range(6)]
masks = [np.zeros(big, bool) for _ in range(6)]
for i in (1, 2, 4):
    masks[i][20 * i:20 * i + 30, 40:70] = True
    maps[i][masks[i]] += 2 + .5 * i
s = scratch("s.pfm", pfm(*maps))
m = scratch("m.pgm", pgm(*(255 * x for x in masks)))
rows = table(run("score", "--per-image", "--metrics", "aupimo", s, m))
want = pimo(maps, masks)
ok(all(close(r["aupimo"], v) for r, v in zip(rows, want)) and
   .01 < min(v for v in want if v is not None) and
   max(v for v in want if v is not None) < .99,
   "AUPIMO of each image")
row = table(run("score", "--metrics", "aupimo,ap", s, m))[0]
ok(close(row["mean"], np.mean([v for v in want if v is not None])) and
   row["n"] == "3" and row["n_undefined"] == "3",
   "AUPIMO averages over the anomalous images")
coarse = [np.round(x * 3) / 3 for x in maps]
rows = table(run("score", "--per-image", "--metrics", "aupimo",
                 scratch("t.pfm", pfm(*coarse)), m))
ok(all(close(r["aupimo"], v) for r, v in zip(rows, pimo(
    [np.float32(x) for x in coarse], masks))), "AUPIMO with ties")
within = [rng.random(big) < p for p in (.9, .5, .7, .2, .6, .4)]
within[0][:] = False
w = scratch("w.pgm", pgm(*(255 * x for x in within)))
rows = table(run("score", "--per-image", "--metrics", "aupimo", "--within", w,
                 s, m))
ok(all(close(r["aupimo"], v) for r, v in
       zip(rows, pimo(maps, masks, within))), "AUPIMO within a mask")
few = [x[:9, :9] for x in maps]
marks = [np.zeros((9, 9), bool) for _ in few]
marks[2][4:, 4:] = True
rows = table(run("score", "--per-image", "--metrics", "aupimo",
                 scratch("f.pfm", pfm(*few)),
                 scratch("f.pgm", pgm(*(255 * x for x in marks)))))
ok(all(close(r["aupimo"], v) for r, v in zip(rows, pimo(few, marks))),
   "AUPIMO of maps with fewer pixels than 1/1e-4")
# The reference implementation's vectors: of 10^6 pixels, 10^5, 10^4, ... 1
# score 2, 3, ... 7 or more.
steps = np.ones(10 ** 6, np.float32)
for level in range(2, 8):
    steps[:10 ** (7 - level)] = level
steps = steps.reshape(1000, 1000)
rows = table(run("score", "--per-image", "--metrics", "aupimo",
                 scratch("v.pfm", pfm(steps, steps, steps)),
                 scratch("v.pgm", pgm(np.zeros((1000, 1000)),
                                      np.full((1000, 1000), 255),
                                      255 * (steps > 1)))))
ok(rows[0]["aupimo"] == "nan" and close(rows[1]["aupimo"], 5.5e-5, 1e-15) and
   close(rows[2]["aupimo"], 5.5e-4, 1e-14),
   "AUPIMO of the reference implementation's two vectors")

full = [~x for x in masks]
rows = table(run("score", "--per-image", "--metrics", "aupimo", s,
                 scratch("a.pgm", pgm(*(255 * x for x in full)))))
ok(all(r["aupimo"] == "nan" for r in rows),
   "no image without anomaly: AUPIMO is undefined")

# Scores of whole images.
n = 25
maps = [rng.gamma(2, 1, shape).astype(np.float32) * (1 + .3 * rng.random())
        for _ in range(n)]
masks = [blobs(shape, .05) & (rng.random() < .5) for _ in range(n)]
within = [rng.random(shape) < .6 for _ in range(n)]
truth = np.array([y.any() for y in masks])
s = scratch("s.pfm", pfm(*maps))
m = scratch("m.pgm", pgm(*(255 * x for x in masks)))
w = scratch("w.pgm", pgm(*(255 * x for x in within)))


def top(q):
    def score(x):
        x = np.sort(x)[::-1].astype(float)
        return x[:max(1, int(np.ceil(round(q * x.size, 9))))].mean()
    return score


rules = {"mean": lambda x: x.astype(float).mean(), "max": np.max,
         "std": lambda x: x.astype(float).std(), "top:0.01": top(.01),
         "top:0.5": top(.5), "top:1": top(1), "top:1e-9": top(1e-9)}
for rule, f in rules.items():
    rows = {r["metric"]: r for r in table(run(
        "score", "--metrics", "image_auroc,image_ap", "--image-score", rule,
        s, m))}
    score = np.array([f(x.ravel()) for x in maps])
    ok(close(rows["image_auroc"]["mean"], roc_auc_score(truth, score)) and
       close(rows["image_ap"]["mean"], average_precision_score(truth, score)),
       f"AUROC and AP of images by {rule}")
    rows = table(run("score", "--per-image", "--metrics", "image_ap",
                     "--within", w, "--image-score", rule, s, m))
    ok(all(close(r["image_score"], f(x[k]), 1e-9 * max(1, f(x[k])))
           for r, x, k in zip(rows, maps, within)),
       f"the scores of images by {rule}, within a mask")

# 7 of 100 pixels: .07 * 100 is above 7 in binary.
ramp = np.arange(100, dtype=np.float32).reshape(10, 10)
row = table(run("score", "--per-image", "--metrics", "image_ap",
                "--image-score", "top:0.07", scratch("r.pfm", pfm(ramp)),
                scratch("r.pgm", pgm(0 * ramp))))[0]
ok(float(row["image_score"]) == 96, "the top 7 % of 100 pixels are 7, by hand")

# Ties of whole images, and the bootstrap by image and by subject.
flat = [np.full((2, 2), v, np.float32) for v in rng.integers(0, 4, 30)]
marks = [np.full((2, 2), rng.random() < .4) for _ in flat]
truth = np.array([y.any() for y in marks])
score = np.array([x[0, 0] for x in flat])
s = scratch("s.pfm", pfm(*flat))
m = scratch("m.pgm", pgm(*(255 * x for x in marks)))
subject = np.arange(30) // 3
g = scratch("g.tsv", "image\tsubject\n" + "".join(
    f"{i}\ts{k}\n" for i, k in enumerate(subject)))
for name, extra, units in [("images", [], np.arange(30)),
                           ("subjects", ["--groups", g], subject)]:
    rows = {r["metric"]: r for r in table(run(
        "score", "--metrics", "image_auroc,image_ap", "--bootstrap", 20000,
        "--interval", "percentile",
        *extra, s, m))}
    members = [np.flatnonzero(units == u) for u in np.unique(units)]
    draws = []
    for _ in range(1500):
        i = np.concatenate([members[u] for u in
                            rng.integers(len(members), size=len(members))])
        if truth[i].any() and not truth[i].all():
            draws.append((roc_auc_score(truth[i], score[i]),
                          average_precision_score(truth[i], score[i])))
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    ok(close(rows["image_auroc"]["mean"], roc_auc_score(truth, score)) and
       close(rows["image_ap"]["mean"],
             average_precision_score(truth, score)) and
       all(close(rows[k]["ci_low"], low[i], .02) and
           close(rows[k]["ci_high"], high[i], .02)
           for i, k in enumerate(["image_auroc", "image_ap"])),
       f"ties, and intervals by {name} as a bootstrap in numpy")
done()
