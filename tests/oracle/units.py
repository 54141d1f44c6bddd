"""Volumes, lesions, FROC, thresholds and pooled intervals against
scikit-learn, scipy.ndimage.label and brute force."""

import itertools
import json

import numpy as np
from scipy import stats
from scipy.ndimage import label
from sklearn.metrics import (average_precision_score, roc_auc_score,
                             roc_curve)

from blindspot_io import Random, done, ok, pfm, pgm, run, scratch, table

rng = np.random.default_rng(18)


def near(a, b, tolerance=1e-12):
    a = float(a)
    if b is None or np.isnan(b):
        return np.isnan(a)
    return abs(a - b) <= tolerance * max(1, abs(b))


def index(units, subject=None, name="index.tsv", mm=None):
    """The index of volumes given as lists of slices."""
    rows = ["image\tsubject\tvolume" +
            ("\trow_mm\tcol_mm\tslice_mm" if mm else "")]
    i = 0
    for v, u in enumerate(units):
        for _ in u:
            rows.append(f"{i}\ts{subject[v] if subject else v}\tv{v}" +
                        (f"\t{mm[0]}\t{mm[1]}\t{mm[2]}" if mm else ""))
            i += 1
    return scratch(name, "\n".join(rows) + "\n")


def save(name, units, kind=pfm):
    return scratch(name, kind(*itertools.chain(*units)))


# ------------------------------------------------- volumes against sklearn
volumes = [np.round(rng.random((d, 7, 6)), 2).astype(np.float32)
           for d in (3, 1, 5, 2)]
truth = [(rng.random(v.shape) < .15).astype(np.uint8) for v in volumes]
inside = [(rng.random(v.shape) < .8).astype(np.uint8) for v in volumes]
truth[3][:] = 0
maps, masks, within = (save("map", volumes), save("mask", truth, pgm),
                       save("within", inside, pgm))
ix = index(volumes)
for name, extra in ("", []), (" within a mask", ["--within", within]):
    keep = [w.ravel() > 0 if extra else np.ones(w.size, bool) for w in inside]
    rows = table(run("score", "--per-volume", "--volumes", ix, "--metrics",
                     "ap,auroc,fpr95,mean_residual,image_auroc",
                     "--image-score", "max", *extra, maps, masks))
    good = len(rows) == 4
    for r, v, t, k, n in zip(rows, volumes, truth, keep, range(4)):
        v, t = v.ravel()[k], t.ravel()[k]
        some = t.any()
        fpr, tpr, _ = roc_curve(t, v, drop_intermediate=False) if some else (
            np.array([np.nan]), np.array([1]), 0)
        good &= (near(r["ap"], average_precision_score(t, v) if some
                      else None) and
                 near(r["auroc"], roc_auc_score(t, v) if some else None) and
                 near(r["fpr95"], fpr[np.argmax(tpr >= .95)]) and
                 near(r["mean_residual"], v.astype(float).mean()) and
                 float(r["image_score"]) == v.max() and
                 int(r["pixels"]) == k.sum() and
                 r["volume"] == f"v{n}" and r["subject"] == f"s{n}" and
                 int(r["images"]) == len(volumes[n]))
    ok(good, "volumes are ranked as sklearn ranks their pixels" + name)


def aupro(t, v, structure):
    """The mean share of each region found, to an FPR of .3, by trapezoids."""
    regions, n = label(t, structure)
    if n == 0 or t.all():
        return None
    points = [(0., 0.)]
    for s in np.unique(v)[::-1]:
        found = v >= s
        points.append((found[t == 0].mean(), np.mean(
            [found[regions == i + 1].mean() for i in range(n)])))
    x, y = np.array(points).T
    end = np.searchsorted(x, .3, side="right")
    if end < len(x):
        yend = y[end - 1] + (y[end] - y[end - 1]) * (.3 - x[end - 1]) / (
            x[end] - x[end - 1])
        x, y = np.append(x[:end], .3), np.append(y[:end], yend)
    return np.trapz(y, x) / .3


cube, plane = np.ones((3, 3, 3)), np.zeros((3, 3, 3))
plane[1] = 1
rows = table(run("score", "--per-volume", "--volumes", ix, "--metrics",
                 "aupro", maps, masks))
ok(all(near(r["aupro"], aupro(t, v, cube))
       for r, t, v in zip(rows, truth, volumes)),
   "AUPRO of volumes: regions go through slices")
rows = {r["metric"]: r for r in table(run(
    "score", "--volumes", ix, "--groups", ix, "--metrics", "ap,aupro",
    "--bootstrap", 0, maps, masks))}
want = [average_precision_score(t.ravel(), v.ravel())
        for t, v in zip(truth, volumes) if t.any()]
ok(near(rows["ap"]["mean"], np.mean(want)) and rows["ap"]["n"] == "3" and
   rows["ap"]["n_undefined"] == "1" and rows["ap"]["n_subjects"] == "3",
   "the mean over volumes")

# -------------------------- three units, three numbers, each numpy's own
slices = np.concatenate(volumes), np.concatenate(truth)
by_slice = [average_precision_score(t.ravel(), v.ravel())
            for v, t in zip(*slices) if t.any()]
numbers = [table(run("score", "--metrics", "ap", "--bootstrap", 0, maps,
                     masks))[0]["mean"],
           rows["ap"]["mean"],
           table(run("score", "--metrics", "ap", "--pooled", maps,
                     masks))[0]["value"]]
want = [np.mean(by_slice), np.mean(want), average_precision_score(
    slices[1].ravel(), slices[0].ravel())]
ok(all(map(near, numbers, want)),
   f"slices {want[0]:.4f}, volumes {want[1]:.4f}, pooled {want[2]:.4f}")

# ------------- lesions and false regions at every threshold, by scipy's label
LEVELS = 7
levels = ",".join(str(k / 8) for k in range(1, LEVELS + 1))


def counts(t, v, s, structure, least):
    """tp, fp, lesions found, lesions, false regions at a threshold."""
    lesions, n = label(t, structure)
    found = v >= s
    parts, m = label(found, structure)
    size = np.bincount(parts.ravel(), minlength=m + 1)
    touched = set(parts[t > 0])
    return ((found & (t > 0)).sum(), (found & (t == 0)).sum(),
            len(set(lesions[found & (t > 0)])), n,
            sum(size[k] >= least and k not in touched
                for k in range(1, m + 1)))


bad = {"lesions": 0, "points": 0, "froc": 0, "value": 0}
total = thresholds = 0
for batch in range(30):
    flat = batch % 3 == 2   # images, with 8 neighbours
    least = [1, 1, 3, 2][batch % 4]
    structure = plane if flat else cube
    units, truths, counted = [], [], []
    for k in range(10):
        shape = (1 if flat else rng.integers(1, 6), *(
            (6, 7) if batch % 2 else (5, 4)))
        v = rng.integers(0, LEVELS + 1, shape) / 8
        if k % 3 == 0:  # more ties yet, so that regions join late
            v = np.where(rng.random(shape) < .7, 1 / 8, v)
        units.append(v.astype(np.float32))
        truths.append((rng.random(shape) < [.02, .1, .4][k % 3]).astype(
            np.uint8))
        counted.append((rng.random(shape) < .9).astype(np.uint8) if batch % 5
                       else np.ones(shape, np.uint8))
    intensity = [rng.random(v.shape).astype(np.float32) for v in units]
    m, l, w = (save("map", units), save("mask", truths, pgm),
               save("within", counted, pgm))
    ix = index(units, mm=(.5, .25, 3))
    by = [] if flat else ["--volumes", ix]
    common = [*by, "--within", w, "--metrics", "froc", "--min-region", least,
              "--threshold", levels]
    found = scratch("lesions")
    rows = table(run("score", *common, "--per-image" if flat else
                     "--per-volume", "--lesions", found, "--image",
                     save("image", intensity), m, l))
    lesions = table(open(found, "rb").read())
    # What counts alone is there: outside it neither lesion nor alarm.
    truths = [t * c for t, c in zip(truths, counted)]
    scored = [np.where(c > 0, v.astype(float), -1) for v, c in zip(units, counted)]
    at = 0
    events = {s / 8: [0, 0] for s in range(LEVELS + 1)}
    for u, (v, t, c, x, r) in enumerate(zip(scored, truths, counted,
                                            intensity, rows)):
        total += 1
        for s in range(LEVELS + 1):
            tp, fp, hit, n, alarms = counts(t, v, s / 8, structure, least)
            events[s / 8][0] += alarms
            events[s / 8][1] += hit
            if s == 0:
                continue
            thresholds += 1
            p, q = t.sum(), c.sum() - t.sum()
            want = {"dice": 2 * tp / (p + tp + fp) if p else None,
                    "sensitivity": tp / p if p else None,
                    "precision": tp / (tp + fp) if tp + fp else None,
                    "fpr": fp / q if q else None,
                    "lesion_sensitivity": hit / n if n else None,
                    "false_regions": alarms}
            bad["points"] += not all(near(r[f"{k}@{s / 8}"], b)
                                     for k, b in want.items())
        regions, n = label(t, structure)
        for k in range(n):
            r, at = lesions[at], at + 1
            own = regions == k + 1
            where = np.argwhere(own)
            ring = np.zeros(own.shape, bool)
            for s, i, j in where:
                ring[s, max(i - 3, 0):i + 4, max(j - 3, 0):j + 4] = True
            ring &= (t == 0) & (c > 0) & (x > 0)
            contrast = x[own].astype(float).mean() - x[ring].astype(
                float).mean() if ring.any() else None
            good = (r["unit"] == (str(u) if flat else f"v{u}") and
                    int(r["lesion"]) == k and int(r["pixels"]) == own.sum()
                    and (flat or near(r["mm3"], own.sum() * .375)) and
                    all(near(r[a], b) for a, b in zip(
                        ("slice", "row", "col"), where.mean(axis=0))) and
                    all(int(r[a + "_first"]) == b and
                        int(r[a + "_last"]) == d for a, b, d in zip(
                        ("slice", "row", "col"), where.min(axis=0),
                        where.max(axis=0))) and
                    float(r["threshold"]) == v[own].max() and
                    near(r["score_mean"], v[own].mean()) and
                    near(r["intensity"], x[own].astype(float).mean()) and
                    near(r["contrast"], contrast) and
                    all(int(r[f"found@{s / 8}"]) == (v[own].max() >= s / 8)
                        for s in range(1, LEVELS + 1)))
            if not good:
                print("#", r, own.sum(), where.mean(axis=0), v[own].max(),
                      v[own].mean(), x[own].mean(), contrast)
            bad["lesions"] += not good
    bad["lesions"] += at != len(lesions)
    # FROC over the units: a step function of the threshold.
    found = scratch("froc")
    value = {r["metric"]: r for r in table(run(
        "score", *common, "--bootstrap", 0, "--froc", found, m, l))}["froc"]
    curve = [[float(x) for x in r.values()]
             for r in table(open(found, "rb").read())]
    n = at
    for s, (alarms, hit) in events.items():
        here = [r for r in curve if r[0] >= s]
        got = here[-1][1:] if here else [0, 0]
        bad["froc"] += not (near(got[0], alarms / len(units)) and
                            near(got[1], hit / n if n else None))
    means = []
    for f in (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8):
        best = 0
        for s in sorted(events, reverse=True):
            if events[s][0] / len(units) > f:
                break
            best = events[s][1] / n
        means.append(best)
    bad["value"] += not near(value["mean"], np.mean(means))
ok(total == 300 and bad["points"] == 0,
   f"{total} units at {thresholds} thresholds: dice, sensitivity, precision, "
   "fpr, lesions found and false regions")
ok(bad["lesions"] == 0, "lesions: size, place, box, intensity, contrast, "
   "scores")
ok(bad["froc"] == 0, "the FROC curve at every threshold")
ok(bad["value"] == 0, "froc: the mean sensitivity at seven rates")

# ------------------------------------------------ froc by subject, by size
units = [rng.integers(0, 9, (2, 6, 6)).astype(np.float32) / 8
         for _ in range(9)]
truths = [(rng.random(v.shape) < .12).astype(np.uint8) for v in units]
subject = [0, 0, 1, 2, 2, 2, 3, 4, 4]
ix = index(units, subject)
m, l = save("map", units), save("mask", truths, pgm)


def froc(chosen):
    data = [(units[u], truths[u]) for u in chosen]
    lesions = sum(label(t, cube)[1] for _, t in data)
    if lesions == 0:
        return None
    steps = []
    for s in np.arange(8, -1, -1) / 8:
        c = [counts(t, v, s, cube, 1) for v, t in data]
        steps.append((sum(x[4] for x in c) / len(data),
                      sum(x[2] for x in c) / lesions))
    out = []
    for f in (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8):
        best = 0
        for alarms, hit in steps:
            if alarms > f:
                break
            best = hit
        out.append(best)
    return np.mean(out)


def drawn(n, seed, i):
    r = Random(seed, 4, 0, i)
    return [r.below(n) for _ in range(n)]


def expanded(values, n):
    a = stats.norm.cdf(np.sqrt(n / (n - 1)) * stats.t.ppf(.025, n - 1))
    return np.quantile(values, [a, 1 - a])


members = [[u for u, s in enumerate(subject) if s == k] for k in range(5)]
rows = {r["metric"]: r for r in table(run(
    "score", "--volumes", ix, "--groups", ix, "--metrics", "froc",
    "--threshold", .75, "--by-size", "2:4", "--bootstrap", 60, m, l))}
values = [froc([u for k in drawn(5, 0, i) for u in members[k]])
          for i in range(60)]
low, high = expanded([v for v in values if v is not None], 5)
r = rows["froc"]
ok(near(r["mean"], froc(range(9))) and near(r["ci_low"], low, 1e-9) and
   near(r["ci_high"], high, 1e-9) and r["n_subjects"] == "5",
   "the interval of froc: subjects with their volumes, recomputed")
good = True
for name, least, most in ("1-1", 1, 1), ("2-3", 2, 3), ("4-", 4, 999):
    found = []
    for u, (v, t) in enumerate(zip(units, truths)):
        regions, n = label(t, cube)
        for k in range(n):
            own = regions == k + 1
            if least <= own.sum() <= most:
                found.append((subject[u], v[own].max() >= .75))
    r = rows[f"lesion_sensitivity@0.75:{name}"]
    good &= near(r["mean"], np.mean([f for _, f in found])) and \
        int(r["n"]) == len(found) and \
        int(r["n_subjects"]) == len({s for s, _ in found})
ok(good, "lesion sensitivity by size")

# Student's interval of false regions, a number: not below 0, nor clipped at 1.
far = [np.zeros((1, 5, 5), np.float32) for _ in range(4)]
far[3][0, ::2, ::2] = 1
zeros = [np.zeros(x.shape, np.uint8) for x in far]
run_t = ("score", "--metrics", "false_regions", "--threshold", .5,
         "--interval", "t", "--bootstrap", 0, save("f", far),
         save("z", zeros, pgm))
r = table(run(*run_t))[0]
low, high = stats.t.interval(.95, 3, 9 / 4, stats.sem([0, 0, 0, 9]))
ok(low < 0 and float(r["mean"]) == 9 / 4 and float(r["ci_low"]) == 0 and
   near(r["ci_high"], high), "Student's interval of false regions ends at 0")
ok(b"\n# groups none: images were taken for subjects\n" in run(*run_t),
   "an interval without groups says so where nothing is drawn")

# ------------------------------------------------------ thresholds, brute force
bad = 0
for i in range(40):
    shape = (int(rng.integers(1, 5)), 5, 4)
    h = (rng.integers(0, [3, 30, 10 ** 6][i % 3], shape) / 16).astype(
        np.float32)
    w = (rng.random(shape) < .8).astype(np.uint8)
    w[0, 0, 0] = 1
    q = [.01, .05, .1, .25, .5, .9][i % 6]
    f = scratch("t.tsv")
    a = scratch("one", pfm(np.array([[h.min(), h.max()]])))
    b = scratch("two", pgm(np.array([[0, 1]])))
    run("score", "--healthy", scratch("h", pfm(*h)), "--healthy-within",
        scratch("hw", pgm(*w)), "--fpr", q, "--save-threshold", f,
        "--metrics", "ap", "--bootstrap", 0, a, b)
    r = table(open(f, "rb").read())[0]
    x = h[w > 0]
    fit = [t for t in np.unique(x) if (x >= t).mean() <= q]
    t = fit[0] if fit else np.nextafter(x.max(), np.float32(np.inf))
    bad += not (float(r["threshold"]) == t and
                near(r["achieved"], (x >= t).mean()) and
                (x >= t).mean() <= q and int(r["pixels"]) == x.size)
ok(bad == 0, "thresholds: never more than Q, ties included")
# Three tenths of 10 are 3; a third of 3, cut off, is not yet 1.
good = True
for n, q, t in ((10, ".3", 8), (10, ".7", 4), (3, ".333333333333", None),
                (3, ".3333333333333333", 3), (3, ".6666666666666666", 2),
                (100, ".29", 72), (100, ".57", 44), (100, ".58", 43)):
    a = scratch("one", pfm(np.array([[1, n]])))
    run("score", "--healthy", scratch("h", pfm(np.arange(1., n + 1)[None])),
        "--fpr", q, "--save-threshold", f, "--metrics", "ap", "--bootstrap",
        0, a, b)
    r = table(open(f, "rb").read())[0]
    good &= float(r["achieved"]) <= float(q) and float(r["threshold"]) == (
        t if t else float(np.nextafter(np.float32(n), np.float32(np.inf))))
ok(good, "shares that are whole numbers, or next to one")
pairs = json.loads(run("score", "--json", "--healthy", scratch("h", pfm(
    np.arange(1., 11)[None])), "--fpr", ".1,.2", "--bootstrap", 0,
    scratch("one", pfm(np.array([[1, 10]]))), b),
    object_pairs_hook=lambda p: p)
names = [k for k, _ in pairs]
ok(len(names) == len(set(names)) and
   [t.split(",")[0] for t in dict(pairs)["threshold"]] == [
       "fpr=0.1: 10", "fpr=0.2: 9"], "JSON: an array of two thresholds")

# ---------------------------- the pooled bootstrap, recomputed from scratch
bad = 0
for study in range(50):
    n = int(rng.integers(2, 6))
    count = int(rng.integers(n, 9))
    subject = list(range(n)) + list(rng.integers(0, n, count - n))
    tie = [3, 12, 1000][study % 3]
    units = [(rng.integers(0, tie, (1, 4, 4)) / 8).astype(np.float32)
             for _ in range(count)]
    truths = [(rng.random((1, 4, 4)) < .2).astype(np.uint8)
              for _ in range(count)]
    truths[0][0, 0, 0] = 1
    ix = index(units, subject)
    m, l = save("map", units), save("mask", truths, pgm)
    rows = {r["metric"]: r for r in table(run(
        "score", "--pooled", "--groups", ix, "--metrics",
        "ap,auroc,dice,fpr95,mean_residual,aupro", "--threshold", .25,
        "--bootstrap", 12, "--seed", study, m, l))}
    got = {name: [] for name in rows}
    members = [[u for u, s in enumerate(subject) if s == k]
               for k in range(n)]
    for i in range(12):
        chosen = [u for k in drawn(n, study, i) for u in members[k]]
        data = scratch("rm", pfm(*(units[u][0] for u in chosen))), scratch(
            "rl", pgm(*(truths[u][0] for u in chosen)))
        v = np.concatenate([units[u].ravel() for u in chosen])
        t = np.concatenate([truths[u].ravel() for u in chosen])
        found = v >= .25
        got["mean_residual"].append(v.astype(float).mean())
        c = [counts(truths[u], units[u], .25, plane, 1)
             for u in chosen]
        sums = np.sum(c, axis=0)
        got["false_regions@0.25"].append(sums[4] / len(chosen))
        if sums[0] + sums[1]:
            got["precision@0.25"].append(sums[0] / (sums[0] + sums[1]))
        got["fpr@0.25"].append(sums[1] / (t == 0).sum())
        if not t.any():
            continue
        got["dice@0.25"].append(2 * sums[0] / (t.sum() + found.sum()))
        got["sensitivity@0.25"].append(sums[0] / t.sum())
        got["lesion_sensitivity@0.25"].append(sums[2] / sums[3])
        got["ap"].append(average_precision_score(t, v))
        got["auroc"].append(roc_auc_score(t, v))
        fpr, tpr, _ = roc_curve(t, v, drop_intermediate=False)
        got["fpr95"].append(fpr[np.argmax(tpr >= .95)])
        got["dice"].append(max(2 * (t[v >= s]).sum() / (
            t.sum() + (v >= s).sum()) for s in np.unique(v)))
        # Regions of each image by itself: a wide gap between the images.
        wide_t = np.zeros((6 * len(chosen), 4), int)
        wide_v = np.full((6 * len(chosen), 4), -1.)
        keep = np.zeros(wide_t.shape, bool)
        for k, u in enumerate(chosen):
            wide_t[6 * k:6 * k + 4] = truths[u][0]
            wide_v[6 * k:6 * k + 4] = units[u][0]
            keep[6 * k:6 * k + 4] = True
        regions, number = label(wide_t, np.ones((3, 3)))
        points = [(0., 0.)]
        for s in np.unique(v)[::-1]:
            f = wide_v >= s
            points.append((f[keep & (wide_t == 0)].mean(), np.mean(
                [f[regions == k + 1].mean() for k in range(number)])))
        x, y = np.array(points).T
        end = np.searchsorted(x, .3, side="right")
        if end < len(x):
            yend = y[end - 1] + (y[end] - y[end - 1]) * (
                .3 - x[end - 1]) / (x[end] - x[end - 1])
            x, y = np.append(x[:end], .3), np.append(y[:end], yend)
        got["aupro"].append(np.trapz(y, x) / .3)
    for name, v in got.items():
        low, high = expanded(v, n) if v else (None, None)
        if not (near(rows[name]["ci_low"], low, 1e-9) and
                near(rows[name]["ci_high"], high, 1e-9)):
            print("#", study, name, rows[name], low, high)
            bad += 1
ok(bad == 0, "50 studies: pooled intervals are those of pixels put together "
   "anew")

# One subject that is large, among so many that, drawn each time, it would be
# more pixels than there may be.
large = np.zeros((1024, 2100), np.float32)
large[0, :9] = 1
rest = [np.array([[x]], np.float32) for x in range(2100)]
ix = scratch("g", "image\tsubject\n" + "".join(
    f"{i}\ts{i:04}\n" for i in range(2101)))
r = table(run("score", "--pooled", "--groups", ix, "--bootstrap", 9,
              "--metrics", "mean_residual", scratch("lmap", pfm(large, *rest)),
              scratch("lmask", pgm(*((x > 0).astype(np.uint8)
                                    for x in (large, *rest))))))[0]
means = []
for i in range(9):
    n = np.bincount(drawn(2101, 0, i), minlength=2101)
    means.append((9 * n[0] + n[1:] @ np.arange(2100.)) / (
        n[0] * large.size + n[1:].sum()))
low, high = expanded(means, 2101)
ok(near(r["ci_low"], low, 1e-9) and near(r["ci_high"], high, 1e-9) and
   r["n_subjects"] == "2101", "a subject that is large among many")

# ------------------------------------------------------------ exact curves
f = scratch("curve")
# Normal pixels alone below the last lesion, and normal pixels alone.
low = scratch("low", pfm(np.array([[3, 1, .5, -2]])))
for mask, want in (([1, 0, 0, 0], [(3, 1, 0, 1, 0), (-2, 1, 3, 1, 1)]),
                   ([0, 0, 0, 1], [(np.nextafter(np.float32(-2),
                                                 np.float32(0)), 0, 3, 0, 1),
                                   (-2, 1, 3, 1, 1)]),
                   ([0, 0, 0, 0], [(-2, 0, 4, np.nan, 1)])):
    run("score", "--pooled", "--curve", f, low,
        scratch("lm", pgm(np.array([mask]))))
    got = [[float(r[k]) for k in ("threshold", "tp", "fp", "recall", "fpr")]
           for r in table(open(f, "rb").read())]
    ok(np.array_equal(got, np.array(want, float), equal_nan=True),
       f"the curve of {mask} goes to the least score")
inner = scratch("li", pgm(np.array([[1, 1, 1, 0]])))
run("score", "--pooled", "--curve", f, "--within", inner, low,
    scratch("lm", pgm(np.array([[1, 0, 0, 0]]))))
ok(table(open(f, "rb").read())[-1]["threshold"] == "0.5",
   "the least score of what counts")
run("score", "--pooled", "--curve", f, m, l)
rows = table(open(f, "rb").read())
v = np.concatenate([u.ravel() for u in units])
t = np.concatenate([u.ravel() for u in truths])
good = all(int(r["tp"]) == t[v >= float(r["threshold"])].sum() and
           int(r["fp"]) == (1 - t[v >= float(r["threshold"])].astype(int)).sum()
           and near(r["recall"], int(r["tp"]) / t.sum()) and
           near(r["fpr"], int(r["fp"]) / (t == 0).sum()) for r in rows)
r = {(float(r["fpr"]), float(r["recall"])) for r in rows}
x, y = np.array(sorted(r | {(0., 0.)})).T
ok(good and near(np.trapz(y, x), roc_auc_score(t, v)) and
   all(float(s) in {float(r["threshold"]) for r in rows}
       for s in np.unique(v[t > 0])), "curves: every threshold, and their area")
done()
