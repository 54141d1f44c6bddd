"""Student's t and expanded percentiles against scipy, and intervals of score
against numpy from the same replicates."""

import ctypes
import os

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from blindspot_io import BIN, Random, done, ok, pfm, pgm, run, scratch, table

if os.environ.get("SANITIZED"):
    print("1..0 # SKIP a sanitized library does not load into Python")
    raise SystemExit

library = ctypes.CDLL(os.path.join(BIN, "../lib/libblindspot.so"))
for name, args in (("normal_cdf", [ctypes.c_double]),
                   ("student_quantile", [ctypes.c_double, ctypes.c_size_t]),
                   ("expanded_level", [ctypes.c_double, ctypes.c_size_t])):
    f = getattr(library, "bsp_" + name)
    f.restype, f.argtypes = ctypes.c_double, args
cdf, student, level = (library.bsp_normal_cdf, library.bsp_student_quantile,
                       library.bsp_expanded_level)


def near(a, b, tolerance=1e-12):
    return abs(a - b) <= tolerance * abs(b)


x = np.concatenate([np.linspace(-37, 8, 2001), [0., 3, -3, 2.9999999]])
ok(all(near(cdf(v), stats.norm.cdf(v)) for v in x), "the normal distribution")
ok(np.isnan(cdf(float("nan"))) and cdf(-50) == 0 and cdf(50) == 1,
   "its ends")
freedom = list(range(1, 130)) + [400, 999, 1000, 1001, 1002, 5000, 10**6]
levels = [.001, .005, .025, .05, .2, .5, .8, .95, .975, .995]
# By scipy's distribution: its quantiles are good to nine digits only.
worst = max(abs((stats.t.cdf if p < .5 else stats.t.sf)(student(p, n), n) /
                min(p, 1 - p) - 1) for n in freedom for p in levels)
ok(worst < 1e-11, f"Student's quantiles: relative error {worst:.1e}")
ok(student(.5, 7) == 0 and all(np.isnan(student(p, n)) for p, n in
   ((0, 5), (1, 5), (-1, 5), (float("nan"), 5), (.1, 0))),
   "its median, and what is no level")
worst = max(abs(level(a, n) / stats.norm.cdf(np.sqrt(n / (n - 1)) * brentq(
    lambda t: stats.t.cdf(t, n - 1) - a, -40, 0, xtol=1e-15)) - 1)
    for n in (2, 3, 5, 10, 20, 100, 1000, 2000) for a in (.025, .05))
ok(worst < 1e-10, f"expanded levels: relative error {worst:.1e}")
ok(np.isnan(level(.025, 1)) and np.isnan(level(.025, 0)), "of one subject")
# Hesterberg 2015, section 4, gives these to two figures.
ok([round(level(.025, n), 4) for n in (5, 10, 20)] == [.001, .0086, .0159],
   "levels of 5, 10 and 20 subjects as published")

# score: subjects with several images, replicates drawn in Python.
rng = np.random.default_rng(3)
subject = [0, 0, 0, 1, 2, 2, 3, 3, 4, 4, 4, 4]
maps = [rng.random((8, 8)).astype(np.float32) for _ in subject]
masks = [(rng.random((8, 8)) < .2).astype(np.uint8) for _ in subject]
masks[5][:] = 0
maps[4] = maps[4] + masks[4]
m, l = scratch("map", pfm(*maps)), scratch("mask", pgm(*masks))
g = scratch("groups", "image\tsubject\n" + "".join(
    f"{i}\ts{s}\n" for i, s in enumerate(subject)))
values = {name: np.array([float(r[name]) for r in table(run(
    "score", "--per-image", "--metrics", "ap,fpr95,mean_residual", m, l))])
    for name in ("ap", "fpr95", "mean_residual")}


def sums(v, groups):
    """Sum and number of the defined values of each subject that has any."""
    out = [(np.nansum(v[i]), np.sum(~np.isnan(v[i]))) for i in
           (np.equal(groups, s) for s in sorted(set(groups)))]
    return np.array([o for o in out if o[1] > 0])


def replicates(units, seed, count):
    out = []
    for i in range(count):
        r = Random(seed, 4, 0, i)
        drawn = units[[r.below(len(units)) for _ in units]].sum(axis=0)
        out.append(drawn[0] / drawn[1])
    return np.array(out)


def agrees(rows, make, groups):
    for r in rows:
        units = sums(values[r["metric"]], groups)
        want = make(r["metric"], units)
        if not (near(float(r["ci_low"]), want[0], 1e-9) and
                near(float(r["ci_high"]), want[1], 1e-9) and
                int(r["n_subjects"]) == len(units)):
            print("#", r, want, len(units))
            return False
    return True


def percentiles(expanded):
    def make(_, units):
        n = len(units)
        a = stats.norm.cdf(np.sqrt(n / (n - 1)) * stats.t.ppf(.025, n - 1)) \
            if expanded else .025
        return np.quantile(replicates(units, 7, 300), [a, 1 - a])
    return make


def student_interval(metric, units):
    n, mean = len(units), units[:, 0].sum() / units[:, 1].sum()
    d = units[:, 0] - mean * units[:, 1]
    error = np.sqrt((d ** 2).sum() / (n * (n - 1))) / units[:, 1].mean()
    out = mean + stats.t.ppf([.025, .975], n - 1) * error
    return out if metric == "mean_residual" else np.clip(out, 0, 1)


alone = list(range(len(subject)))
common = ("--metrics", "ap,fpr95,mean_residual", "--bootstrap", 300,
          "--seed", 7, m, l)
ok(agrees(table(run("score", "--groups", g, *common)), percentiles(True),
          subject), "expanded percentiles by subject are numpy's")
ok(agrees(table(run("score", *common)), percentiles(True), alone),
   "expanded percentiles of images")
ok(agrees(table(run("score", "--groups", g, "--interval", "percentile",
                    *common)), percentiles(False), subject),
   "plain percentiles")
ok(agrees(table(run("score", "--groups", g, "--interval", "t", *common)),
          student_interval, subject), "Student's interval of a ratio")
ok(agrees(table(run("score", "--interval", "t", "--bootstrap", 0,
                    *common[:2], m, l)), student_interval, alone),
   "and of images, for which nothing is drawn")
# Equal numbers of images: the classical interval of the subjects' means.
g = scratch("equal", "image\tsubject\n" + "".join(
    f"{i}\ts{i // 3}\n" for i in range(12)))
r = table(run("score", "--groups", g, "--interval", "t", "--metrics",
              "mean_residual", m, l))[0]
means = values["mean_residual"].reshape(4, 3).mean(axis=1)
want = stats.t.interval(.95, 3, means.mean(), stats.sem(means))
ok(near(float(r["ci_low"]), want[0], 1e-12) and
   near(float(r["ci_high"]), want[1], 1e-12),
   "scipy's interval of the subjects' means")

# score-compare: the same of differences.
a = scratch("a", run("score", "--per-image", m, l))
b = scratch("b", run("score", "--per-image", l, l))
g = scratch("groups", "image\tsubject\n" + "".join(
    f"{i}\ts{s}\n" for i, s in enumerate(subject)))
first = {r["image"]: float(r["ap"]) for r in table(open(a, "rb").read())}
second = {r["image"]: float(r["ap"]) for r in table(open(b, "rb").read())}
values["ap"] = np.array([first[str(i)] - second[str(i)]
                         for i in range(len(subject))])
for kind, make in (("expanded", percentiles(True)),
                   ("percentile", percentiles(False))):
    rows = [r for r in table(run("score-compare", "--groups", g,
            "--interval", kind, "--bootstrap", 300, "--seed", 7, a, b))
            if r["metric"] == "ap"]
    rows[0]["n_subjects"] = rows[0]["units"]
    ok(agrees(rows, make, subject), f"score-compare: {kind}")
done()
