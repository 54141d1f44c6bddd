"""score-compare against scipy's permutation test and cases worked by hand."""

import json

import numpy as np
from scipy.stats import permutation_test, sem, t

from blindspot_io import done, ok, run, scratch, table

rng = np.random.default_rng(8)


def write(name, **columns):
    """A table as score --per-image writes it."""
    n = len(next(iter(columns.values())))
    columns = {"image": range(n), "pixels": [9] * n, "anomalous": [2] * n,
               **columns}
    lines = ["# blindspot", "\t".join(columns)]
    for row in zip(*columns.values()):
        lines.append("\t".join("nan" if v != v else repr(v).replace(
            "np.float64(", "").rstrip(")") for v in row))
    return scratch(name, "\n".join(lines) + "\n")


def compare(a, b, *options):
    return {r["metric"]: r for r in table(run("score-compare", *options, a,
                                              b))}


def exact(difference):
    """scipy's p of the mean of paired differences, all sign flips."""
    return permutation_test(
        (difference, np.zeros(len(difference))), lambda x, y, axis:
        np.mean(x - y, axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=np.inf).pvalue


# All patterns: up to 2^13 of them.
for n in (2, 5, 13):
    x, y = np.round(rng.random((2, n)), 3).astype(float)
    r = compare(write("a", ap=list(x)), write("b", ap=list(y)))["ap"]
    ok(abs(float(r["p"]) - exact(x - y)) < 1e-12 and
       abs(float(r["difference"]) - (x - y).mean()) < 1e-15 and
       abs(float(r["mean_a"]) - x.mean()) < 1e-15 and
       abs(float(r["mean_b"]) - y.mean()) < 1e-15 and
       int(r["wins"]) == (x > y).sum() and int(r["losses"]) == (x < y).sum()
       and int(r["ties"]) == (x == y).sum() and int(r["n"]) == n,
       f"{n} images: exact p as scipy's, means, wins and losses")

# Ties of the statistic, and differences of 0.
d = np.array([.25, -.25, .5, 0, .25, 0])
r = compare(write("a", ap=list(.5 + d)), write("b", ap=[.5] * 6))["ap"]
ok(abs(float(r["p"]) - exact(d)) < 1e-12 and r["ties"] == "2",
   "equal differences and zeros")
r = compare(write("a", ap=[.1, .2]), write("b", ap=[.1, .2]))["ap"]
ok(r["p"] == "1" and r["ties"] == "2" and r["difference"] == "0",
   "a method against itself: p = 1")

# Drawn patterns: 40 images, p near that of many more patterns in numpy.
x = rng.normal(.05, .15, 40)
r = compare(write("a", ap=list(x)), write("b", ap=[0.] * 40),
            "--permutations", 100000, "--bootstrap", 20000,
            "--interval", "percentile")["ap"]
flips = rng.choice([-1, 1], (200000, 40)) @ x
p = (np.abs(flips) >= abs(x.sum()) - 1e-12).mean()
means = rng.choice(x, (100000, 40)).mean(axis=1)
low, high = np.percentile(means, [2.5, 97.5])
ok(r["units"] == "40" and float(r["p_min"]) == 1 / 100001,
   "drawn patterns give p at least 1/100001")
ok(abs(float(r["p"]) - p) < 4 * np.sqrt(p / 1e5) + 1e-5,
   f"drawn patterns: p {r['p']}, in numpy {p}")
ok(abs(float(r["ci_low"]) - low) < .002 and
   abs(float(r["ci_high"]) - high) < .002, "the interval is numpy's")

# By subject: the sums of three images each are what is flipped.
x = np.round(rng.normal(.1, .3, 12), 2)
g = scratch("g", "image\tsubject\n" + "".join(
    f"{i}\ts{i % 4}\n" for i in range(12)))
r = compare(write("a", ap=list(x)), write("b", ap=[0.] * 12),
            "--groups", g)["ap"]
sums = np.array([x[i::4].sum() for i in range(4)])
ok(abs(float(r["p"]) - exact(sums)) < 1e-12 and r["units"] == "4" and
   float(r["p_min"]) == .125, "p by subject: 16 patterns, at least .125")

# The same where the tables say the subjects, or one of them does.
told = [f"s{i % 4}" for i in range(12)]
own = [f"t{i}" for i in range(12)]


def text(columns):
    return "\t".join(columns) + "\n" + "".join(
        "\t".join(map(str, row)) + "\n" for row in zip(*columns.values()))


for both in True, False:
    a = scratch("a", text({"image": range(12), "subject": told, "ap": x}))
    b = {"image": range(12), "subject": told, "ap": [0] * 12}
    if not both:
        del b["subject"]
    b = scratch("b", text(b))
    for pair in (a, b), (b, a):
        out = run("score-compare", *pair)
        r = table(out)[0]
        ok(abs(float(r["p"]) - exact(sums)) < 1e-12 and r["units"] == "4" and
           b"# groups none" not in out and "4 subjects" in r["words"],
           "p by the subjects of " + ("both tables" if both else "one"))
a = scratch("a", text({"image": range(12), "subject": own, "ap": x}))
r = table(run("score-compare", "--groups", g, a, b))[0]
ok(abs(float(r["p"]) - exact(sums)) < 1e-12 and r["units"] == "4",
   "--groups goes before what a table says")

# Undefined on either side; lower is better for fpr95; Holm over three.
a = write("a", ap=[.9, float("nan"), .8, .7], fpr95=[.1, .2, .3, .4],
          dice=[.5, .5, .5, .6], extra=[1, 2, 3, 4])
b = write("b", dice=[.5, .4, .4, .4], ap=[.8, .5, float("nan"), .9],
          fpr95=[.2, .3, .4, .3])
rows = compare(a, b)
ok(rows["ap"]["n"] == "2" and rows["ap"]["n_undefined"] == "2" and
   abs(float(rows["ap"]["mean_a"]) - .8) < 1e-15 and
   abs(float(rows["ap"]["difference"]) + .05) < 1e-15,
   "images undefined on either side are left out of both")
ok((rows["fpr95"]["wins"], rows["fpr95"]["losses"]) == ("3", "1"),
   "a lower false-positive rate wins")
ok(list(rows) == ["ap", "fpr95", "dice"], "metrics of both, in A's order")
# p: ap of .1 and -.2: all 4 patterns reach .1: 1.  fpr95: -.1 -.1 -.1 .1:
# |sum| >= .2 in 10 of 16.  dice 0 .1 .1 .2: |sum| = .4 in 4 of 16.
p = [float(rows[k]["p"]) for k in rows]
h = [float(rows[k]["p_holm"]) for k in rows]
ok(p == [1, .625, .25] and h == [1, 1, .75], "p and Holm's p by hand")

# The order of rows says nothing.
lines = open(a).read().splitlines()
shuffled = scratch("c", "\n".join(lines[:2] + lines[:1:-1]) + "\n")
again = compare(shuffled, b)
for r in (*again.values(), *rows.values()):
    del r["a"]
ok(again == rows, "rows in any order")
text = json.loads(run("score-compare", "--json", a, b))
ok(text["rows"][0]["metric"] == "ap" and text["rows"][0]["n"] == 2,
   "JSON holds the same")

# Three tables: each against the first, Holm over all.
x, y, z = np.round(rng.random((3, 6)), 3).astype(float)
a = write("a", ap=list(x), dice=list(y))
b = write("b", ap=list(y), dice=list(z))
c = write("c", ap=list(z))
rows = table(run("score-compare", "--margin", .2, a, b, c))
p = np.array([exact(x - y), exact(y - z), exact(x - z)])
order = np.argsort(p)
holm = np.empty(3)
holm[order] = np.minimum(1, np.maximum.accumulate(p[order] * [3, 2, 1]))
ok([(r["metric"], r["b"]) for r in rows] == [("ap", b), ("dice", b),
                                             ("ap", c)] and
   all(abs(float(r["p_holm"]) - h) < 1e-12 for r, h in zip(rows, holm)),
   "three tables: Holm over all comparisons")

# Equivalence: the bounds are those of a 90 % interval; Student's by scipy.
d = rng.normal(.01, .05, 25)
a, b = write("a", ap=list(.5 + d)), write("b", ap=[.5] * 25)
low, high = t.interval(.9, 24, d.mean(), sem(d))
for margin in (high * 1.01, high * .99):
    r = table(run("score-compare", "--interval", "t", "--margin", margin,
                  a, b))[0]
    ok(abs(float(r["one_low"]) - low) < 1e-9 and
       abs(float(r["one_high"]) - high) < 1e-9 and
       r["equivalent"] == str(int(-margin < low and high < margin)) and
       ("; equivalent" in r["words"]) == (r["equivalent"] == "1"),
       f"equivalence within {margin:.3f}: {r['words']}")

# Volumes, whose subjects the tables tell, and metrics at a threshold.
v = "volume\tsubject\tpixels\tanomalous\tdice@fpr=0.01\tdice@fpr=0.1\n"
x, y = np.round(rng.random((2, 6)), 3).astype(float)
a = scratch("a", v + "".join(f"v{i}\ts{i // 2}\t9\t2\t{x[i]}\t0\n"
                             for i in range(6)))
b = scratch("b", v.replace("0.1\n", "0.2\n") + "".join(
    f"v{i}\ts{i // 2}\t9\t2\t{y[i]}\t0\n" for i in range(5, -1, -1)))
rows = table(run("score-compare", a, b))
sums = (x - y).reshape(3, 2).sum(axis=1)
ok(len(rows) == 1 and rows[0]["metric"] == "dice@fpr=0.01" and
   rows[0]["units"] == "3" and abs(float(rows[0]["p"]) - exact(sums)) < 1e-12,
   "volumes by subject, at thresholds of one name")

# False alarms under the null hypothesis come at the rate of the level.
alarms = 0
for i in range(200):
    x, y = rng.random((2, 12))
    r = compare(write("a", ap=list(x)), write("b", ap=list(y)),
                "--bootstrap", 0)["ap"]
    alarms += float(r["p"]) <= .1
ok(8 <= alarms <= 34, f"{alarms} of 200 comparisons of nothing at level .1")
done()
