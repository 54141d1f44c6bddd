"""Every number of a diagnosis, and of its sentence, from the filters' outputs, by
numpy, scipy and scikit-learn."""

import json
import os
import random
import re
import subprocess

import numpy as np
from scipy.ndimage import label
from scipy.stats import norm, t as student
from sklearn.metrics import average_precision_score

from blindspot_io import BIN, done, images, ok, pfm, run, scratch, table

HERE = os.path.dirname(os.path.abspath(__file__))
BLINDSPOT = os.path.join(HERE, "..", "..", "pipelines", "blindspot")
SEED, B, BELOW = 5, 40, 0.5
INTENSITIES, RADII, LEAD_RADIUS = np.linspace(0, 1, 6), (3, 5), 5
SCORES = {"abs": ["abs"], "abs:median=3": ["abs", "--median", "3"],
          "equalized": ["equalized"]}
SIGMAS = np.linspace(0, 3, 4)
MODEL = ["blur", "--sigma", "1.5"]
OTHER = ["median", "--size", "3"]
SUBJECT = np.array([0, 0, 1, 1, 2, 2, 3])
COUNT = len(SUBJECT)

healthy = scratch("healthy.pfm", run("brain-phantom", "--size", 32, "--count",
                                     COUNT))
index = scratch("index.tsv", "subject\timage\n" + "".join(
    f"s{s}\t{i}\n" for i, s in enumerate(SUBJECT)))
# Scored: the foreground but for some columns.
BRAIN = np.array(images(run("recon-degrade", "none", healthy))) > 0
BRAIN[:, :, 20:23] = False
brain_masks = scratch("brain.pgm", b"".join(
    b"P5\n32 32\n255\n" + np.uint8(255 * b).tobytes() for b in BRAIN))
LESION_SUBJECT = np.array([0, 0, 1, 2, 2])
lesions = scratch("lesions.pfm")
truth = scratch("truth.pgm")
with open(lesions, "wb") as file:
    file.write(run("anom-inject", "shuffle", "--radius", 4, "--count", 2,
                   "--mask", truth, data=run("brain-phantom", "--size", 32,
                                             "--seed", 8, "--count", 5)))
# A subject of two volumes, and a volume of two slices.
LESION_VOLUME = np.array([0, 0, 1, 2, 3])
VOLUME_SUBJECT = np.array([0, 1, 2, 2])
RATES = (.01, .1)
lesion_index = scratch("lesion-index.tsv", "image\tsubject\tvolume\n" +
                       "".join(f"{i}\tp{s}\t{v}\n" for i, (s, v) in enumerate(
                           zip(LESION_SUBJECT, LESION_VOLUME))))
normal = scratch("normal.pfm", run("brain-phantom", "--size", 32, "--seed", 77,
                                   "--count", 3))
results = scratch("results")
said = subprocess.run(
    [BLINDSPOT, "diagnose", "MODEL=recon-degrade " + " ".join(MODEL),
     "OTHER=recon-degrade " + " ".join(OTHER), "NAME=M", "OTHER_NAME=O",
     f"IMAGES={healthy}", f"INDEX={index}", f"WITHIN={brain_masks}", "INTENSITIES=0:1:6",
     "RADII=3 5", "RADIUS=5", "SCORES=" + " ".join(SCORES), "SIGMAS=0:3:4",
     "TEXTURES=shuffle", "STEPS=3", f"REPLICATES={B}", f"SEED={SEED}",
     f"NORMAL={normal}", "FPR=0.01,0.1", f"LESIONS={lesions}", f"MASKS={truth}", f"LESION_INDEX={lesion_index}",
     f"RESULTS={results}"], check=False, stdout=subprocess.PIPE,
    stderr=open(scratch("said"), "w"), env=dict(
        os.environ, BLINDSPOT_BIN=os.path.abspath(BIN),
        PATH="/usr/bin:" + os.environ["PATH"])).stdout.decode()
print("# " + open(scratch("said")).read().replace("\n", "\n# "))
with open(os.path.join(results, "report.json"), encoding="utf-8") as file:
    report = json.load(file)

# ------------------------------------------------------------- what it should be

x = np.array(images(run("recon-degrade", "none", healthy)))
recon = scratch("recon.pfm", run("recon-degrade", *MODEL, healthy))
other = scratch("other.pfm", run("recon-degrade", *OTHER, healthy))
tissue = x[BRAIN & (x > 0)].astype(float)

generator = random.Random(SEED)
DRAWS = [[int(generator.random() * 4) for _ in range(4)] for _ in range(B)]
GENERATOR = random.Random(SEED)
DRAWS_OF_BLUR = [[int(GENERATOR.random() * 4) for _ in range(4)]
                 for _ in range(200)]
TAIL = norm.cdf(-np.sqrt(4 / 3) * student.isf(.025, 3))


def anomalous(kind, *options):
    """Images with an anomaly, as a stream, and their masks."""
    name = scratch("mask.pgm")
    stream = run("anom-inject", kind, "--seed", SEED, *options, "--within",
                 brain_masks, "--mask", name, healthy)
    with open(name, "rb") as f:
        return stream, np.array(images(f.read())) > 0


def ap_of(score, stream, masks, by):
    inputs = ["-"] if score == "equalized" else ["-", by]
    maps = images(run("residual", *SCORES[score], *inputs, data=stream))
    return np.array([average_precision_score(m[b], a[b])
                     for a, m, b in zip(maps, masks, BRAIN)])


def drawn(values, draws=None):
    """The mean over the images of drawn subjects, a row a replicate."""
    values = np.asarray(values)
    return np.array([np.mean(np.concatenate(
        [values[SUBJECT == s] for s in draw]), axis=0)
        for draw in draws or DRAWS])


def interval(replicates):
    v = np.array([r for r in replicates if r is not None and np.isfinite(r)])
    return list(np.quantile(v, [TAIL, 1 - TAIL])) \
        if 2 * len(v) >= len(replicates) else None


def crossings(ap):
    """[low, high, cut low, cut high] of each interval below the level."""
    found, low = [], None
    a = INTENSITIES
    for k in range(len(a)):
        if ap[k] < BELOW and low is None:
            low = (a[0], True) if k == 0 else (np.interp(
                BELOW, [ap[k], ap[k - 1]], [a[k], a[k - 1]]), False)
        if ap[k] >= BELOW and low is not None:
            found.append((low[0], np.interp(
                BELOW, [ap[k - 1], ap[k]], [a[k - 1], a[k]]), low[1], False))
            low = None
    if low is not None:
        found.append((low[0], a[-1], low[1], True))
    return found


COUNTS, EDGES = np.histogram(np.clip(tissue, 0, 1), 2000, (0, 1))
CUMULATED = np.concatenate([[0], np.cumsum(COUNTS)]) / COUNTS.sum()


def holds(found):
    """The share of healthy tissue in intervals, linear within 1/2000."""
    return sum(np.interp(f[1], EDGES, CUMULATED) -
               np.interp(f[0], EDGES, CUMULATED) for f in found)


def width(found):
    return sum(f[1] - f[0] for f in found)


CUTS = {(False, False): "none", (True, False): "low", (False, True): "high",
        (True, True): "both"}


def trapezoid(y):
    return np.tensordot(np.diff(INTENSITIES), (y[1:] + y[:-1]) / 2,
                        (0, 0))[()]


def curve(score, radius, by):
    ap, pixels = [], None
    for a in INTENSITIES:
        stream, masks = anomalous("disk", "--radius", radius, "--intensity", a)
        ap.append(ap_of(score, stream, masks, by))
        pixels = masks.sum((1, 2)).mean()
    ap = np.array(ap).T
    mean, again = ap.mean(0), drawn(ap)
    found = crossings(mean)
    each = [crossings(r) for r in again]
    least = np.argmin(mean)
    return ap, {
        "score": score, "radius": radius, "pixels": pixels, "images": COUNT,
        "units": 4,
        "points": [{"intensity": a, "ap": mean[k],
                    "interval": interval(again[:, k]),
                    "sd": ap[:, k].std(ddof=1), "undefined": 0}
                   for k, a in enumerate(INTENSITIES)],
        "blind": [{"low": f[0], "high": f[1],
                   "least": min(mean[(INTENSITIES >= f[0]) &
                                     (INTENSITIES <= f[1])]),
                   "at": INTENSITIES[[k for k in np.argsort(mean, kind="stable")
                                      if f[0] <= INTENSITIES[k] <= f[1]][0]],
                   "cut": CUTS[f[2:]]} for f in found],
        "share": width(found), "mean": trapezoid(mean),
        "least": {"ap": mean[least], "at": INTENSITIES[least],
                  "interval": interval(again[:, least])},
        "tissue": holds(found),
        "intervals": {
            "low": interval([f[0][0] if f else None for f in each]),
            "high": interval([f[-1][1] if f else None for f in each]),
            "share": interval([width(f) for f in each]),
            "tissue": interval([holds(f) for f in each]),
            "mean": interval([trapezoid(r) for r in again])},
        "replicates_blind": np.mean([bool(f) for f in each])}


def predicted(*words):
    stream = run("anom-predict", *words, "--intensity", "0:1:6", "--seed", SEED)
    facts = {name: float(re.search(f"^# {name} (.*)$", stream.decode(), re.M)
                         .group(1))
             for name in ("half_width", "median", "mode")}
    rows = table(stream)
    found = crossings([float(r["ap"]) for r in rows])
    return {**facts, "points": [{"intensity": float(r["intensity"]),
                        "ap": float(r["ap"])} for r in rows],
            "blind": [{"low": f[0], "high": f[1], "cut": CUTS[f[2:]]}
                      for f in found]}


def chance(masks, within):
    """Mean AP of scores in random order, of images that have an anomaly."""
    of = [(m[w].sum(), w.sum()) for m, w in zip(masks, within)]
    return np.mean([(p - 1) / (n - 1) + (n - p) / (n * (n - 1)) *
                    np.sum(1 / np.arange(1, n + 1)) for p, n in of if p])


def prediction(radius):
    _, masks = anomalous("disk", "--radius", radius)
    return {"radius": radius, **predicted(
        "--radius", radius, "--within", brain_masks, healthy, recon),
            "chance": chance(masks, BRAIN)}


def blur(ap):
    plane = []
    for s in SIGMAS:
        by = scratch("blurred.pfm", run("recon-degrade", "blur", "--sigma", s,
                                        healthy))
        plane.append(curve("abs", LEAD_RADIUS, by)[0])
    plane = np.array(plane)

    def nearest(draw):
        of = [v if draw is None else drawn(v, [draw])[0] for v in (ap, *plane)]
        of = [v.mean(0) if draw is None else v for v in of]
        return np.argmin([np.abs(of[0] - v).sum() for v in of[1:]])
    best = nearest(None)
    return {"sigma": SIGMAS[best],
            "difference": np.abs(ap.mean(0) - plane[best].mean(0)).mean(),
            "interval": interval([SIGMAS[nearest(d)] for d in DRAWS_OF_BLUR]),
            "points": [{"intensity": a, "ap": plane[best].mean(0)[k]}
                       for k, a in enumerate(INTENSITIES)],
            "step": 1, "most": 3}


def seen(ap):
    least = int(np.argmin(ap.mean(0)))
    at = sorted({least, 0, len(INTENSITIES) - 1} if least not in (0, 5)
                else {0, 5, None})
    rows, without, copied = [], [], []
    for k in at:
        stream, masks = anomalous("disk", "--radius", LEAD_RADIUS,
                                  "--intensity", INTENSITIES[k])
        by = scratch("seen.pfm", run("recon-degrade", *MODEL, data=stream))
        rows.append(ap_of("abs", stream, masks, by))
        with open(by, "rb") as f:
            copied.append([r[m].mean(dtype=float)
                           for r, m in zip(images(f.read()), masks)])
        without.append(ap[:, k])
    a = INTENSITIES[at]
    rows, without, copied = (np.array(v).T for v in (rows, without, copied))
    lost = without - rows

    def loss(v):
        return np.sum((v[1:] + v[:-1]) / 2 * np.diff(a)) / (a[-1] - a[0])

    def slope(v):
        return np.polyfit(a, v, 1)[0]

    def of(function, values):
        return {"value": function(values.mean(0)),
                "interval": interval([function(v) for v in drawn(values)])}
    return {"points": [{"intensity": a[k], "without": without[:, k].mean(),
                        "ap": rows[:, k].mean(),
                        "interval": interval(drawn(rows)[:, k])}
                       for k in range(len(a))],
            "loss": of(loss, lost), "copied": of(slope, copied)}


def texture(score):
    stream, masks = anomalous("shuffle", "--radius", LEAD_RADIUS)
    ap = ap_of(score, stream, masks, recon)
    return {"texture": "shuffle", "spec": "shuffle:radius=5", "score": score,
            "ap": ap.mean(), "interval": interval(drawn(ap)),
            "pixels": masks.sum((1, 2)).mean(), "undefined": 0}


def paired(a, b):
    over_a, over_b = trapezoid(a.T), trapezoid(b.T)
    difference = over_a - over_b
    sums = np.array([difference[SUBJECT == s].sum() for s in range(4)])
    signs = np.array([[1 - 2 * (k >> s & 1) for s in range(4)]
                      for k in range(16)])
    totals = np.abs(signs @ sums)
    return {"points": [{
        "intensity": INTENSITIES[k], "a": a[:, k].mean(), "b": b[:, k].mean(),
        "difference": (a - b)[:, k].mean(),
        "interval": interval(drawn(a)[:, k] - drawn(b)[:, k])}
        for k in range(len(INTENSITIES))],
        "mean": {"mean_a": over_a.mean(), "mean_b": over_b.mean(),
                 "difference": difference.mean(),
                 "p": np.mean(totals >= totals[0] * (1 - 1e-12)),
                 "units": 4, "wins": np.sum(difference > 0),
                 "ties": np.sum(difference == 0),
                 "losses": np.sum(difference < 0)}}


def error():
    with open(recon, "rb") as f:
        e = np.abs(np.float32(x) - np.array(images(f.read())))[BRAIN]
    counts = np.histogram(np.clip(e, 0, 1), 2000, (0, 1))[0]
    above = 1 - np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
    last = np.flatnonzero(counts)[-1]
    at = sorted({round(i * (last + 1) / 80) for i in range(81)})
    return {"quantiles": [{"share": q, "error":
                           np.flatnonzero(above <= 1 - q + 1e-12)[0] / 2000}
                          for q in (.5, .9, .99, .999)],
            "tail": [{"error": k / 2000, "share": above[k]} for k in at]}


def shares(stream):
    with open(stream, "rb") as f:
        values = np.array(images(f.read()))[BRAIN]
    return np.histogram(np.clip(values, 0, 1), 50, (0, 1))[0] / len(values)


# -------------------------------------------------------------- the real lesions


def read(name):
    with open(name, "rb") as f:
        return np.array(images(f.read()))


SIZES = (1, 2), (3, 9), (10, 99), (100, None)


def operating_points(score, by, y, mask, brain, within):
    """Lesions found at thresholds of the healthy maps, by volume; the intervals
    are those of score, which has its own test."""
    inputs = [] if score == "equalized" else [scratch("normal-recon.pfm", run(
        "recon-degrade", *MODEL, normal))]
    at_rest = scratch("rest.pfm", run("residual", *SCORES[score], normal,
                                      *inputs))
    z = read(normal)
    healthy_within = scratch("rest.pgm", b"".join(
        b"P5\n32 32\n255\n" + np.uint8(255 * (i > 0)).tobytes() for i in z))
    ill = scratch("ill.pfm", run("residual", *SCORES[score], lesions,
                                 *([by] if inputs else [])))
    maps, rest = read(ill), np.sort(read(at_rest)[z > 0])
    lesion_table = scratch("lesions-of.tsv")
    told = {r["metric"]: r for r in table(run(
        "score", "--healthy", at_rest, "--healthy-within", healthy_within,
        "--within", within, "--fpr", "0.01,0.1", "--by-size", "3:10:100",
        "--groups", lesion_index, "--volumes", lesion_index, "--seed", SEED,
        "--bootstrap", B, "--lesions", lesion_table, "--image", lesions, ill,
        truth))}
    with open(lesion_table, "rb") as f:
        contrasts = [float(r["contrast"]) for r in table(f.read())]

    def of(values, name, subjects=VOLUME_SUBJECT):
        values = np.array(values, float)
        has = np.isfinite(values)
        ends = [float(told[name]["ci_" + end]) for end in ("low", "high")]
        return {"value": values[has].mean() if has.any() else None,
                "interval": ends if np.isfinite(ends).all() else None,
                "n": has.sum(), "subjects": len(set(subjects[has]))}

    volumes = []
    for v in range(4):
        at = LESION_VOLUME == v
        volumes.append((maps[at], (mask & brain)[at], brain[at], y[at]))

    def best_dice(m, truth_, inside, _):
        t = np.unique(m[inside])[:, None]
        hit = m[inside][None] >= t
        both = (hit & truth_[inside]).sum(1)
        return (2 * both / (hit.sum(1) + truth_[inside].sum())).max()
    cube = np.ones((3, 3, 3))
    regions, points = [], []
    for v, (m, truth_, inside, x_) in enumerate(volumes):
        parts, n = label(truth_, cube)
        regions += [(v, m[parts == k], x_[parts == k].astype(float))
                    for k in range(1, n + 1)]
    for rate in RATES:
        # The least of these that at most that share reaches.
        t = next(v for v in np.unique(rest) if np.mean(rest >= v) <= rate)
        rows = []
        for m, truth_, inside, _ in volumes:
            hit = (m >= t) & inside
            tp, fp = (hit & truth_).sum(), (hit & ~truth_).sum()
            p, n = truth_.sum(), (inside & ~truth_).sum()
            parts, count = label(truth_, cube)
            wrong, several = label(hit, cube)
            touching = set(wrong[truth_]) - {0}
            rows.append([2 * tp / (p + tp + fp), tp / p,
                         tp / (tp + fp) if tp + fp else np.nan, fp / n,
                         np.mean([m[parts == k].max() >= t
                                  for k in range(1, count + 1)]),
                         several - len(touching)])
        name = f"fpr={rate:g}"
        classes = []
        for low, high in SIZES:
            some = [(v, s.max() >= t) for v, s, _ in regions
                    if low <= s.size <= (high or 1e9)]
            if some:
                classes.append({"low": low, "high": high, **of(
                    [f for _, f in some], f"lesion_sensitivity@{name}:{low}-"
                    f"{high or ''}", VOLUME_SUBJECT[[v for v, _ in some]])})
        points.append({
            "name": f"{rate:g}", "fpr": rate, "threshold": t,
            "healthy_share": np.mean(rest >= t), "healthy_pixels": rest.size,
            "metrics": {what: of([r[k] for r in rows], f"{what}@{name}")
                        for k, what in enumerate((
                            "dice", "sensitivity", "precision", "fpr",
                            "lesion_sensitivity", "false_regions"))},
            "sizes": classes})
    return {"score": score, "healthy": "NORMAL", "unit": "volume",
            "best_dice": of([best_dice(*v) for v in volumes], "dice"),
            "points": points}, [
                {"unit": v, "subject": f"p{VOLUME_SUBJECT[v]}",
                 "pixels": s.size, "intensity": values.mean(),
                 "contrast": contrast,
                 "found": [bool(s.max() >= p["threshold"]) for p in points]}
                for (v, s, values), contrast in zip(regions, contrasts)]


def ladder(curve):
    y, mask = read(lesions), read(truth) > 0
    brain = y > 0
    sham = np.zeros_like(mask)
    for i in range(len(y)):
        columns = np.flatnonzero(brain[i].any(0))
        both = columns[0] + columns[-1]
        for c in range(32):
            if 0 <= both - c < 32:
                sham[i][:, c] = mask[i][:, both - c]
    sham &= brain & ~mask
    blurred = images(run("recon-degrade", "blur", "--sigma", 2, lesions))

    def filled(name, where):
        by = scratch("by.pgm", b"".join(
            b"P5\n32 32\n255\n" + np.uint8(255 * m).tobytes()
            for m in where))
        smooth = images(run("recon-degrade", "inpaint", "--mask", by, lesions))
        out = np.array(y)
        for i in range(len(y)):
            columns = np.flatnonzero(brain[i].any(0))
            both = columns[0] + columns[-1]
            for r, c in zip(*np.nonzero(where[i] & brain[i])):
                o = both - c
                texture = float(y[i][r, o]) - float(blurred[i][r, o]) if \
                    0 <= o < 32 and brain[i][r, o] and not mask[i][r, o] else 0
                out[i][r, c] = max(smooth[i][r, c] + texture, 1e-6)
        return scratch(name, pfm(*out))
    fill, sham_fill = filled("fill.pfm", mask), filled("sham.pfm", sham)

    def model(name, stream):
        return scratch(name, run("recon-degrade", *MODEL, stream))
    by = {"model": model("by-m.pfm", lesions), "filled": model("by-f.pfm", fill),
          "filled-sham": model("by-s.pfm", sham_fill), "fill": fill,
          "fill-sham": sham_fill}
    generator = random.Random(SEED)
    draws = [[int(generator.random() * 3) for _ in range(3)]
             for _ in range(B)]
    tail = norm.cdf(-np.sqrt(3 / 2) * student.isf(.025, 2))

    def over(values):
        again = [np.mean([values[s] for s in d]) for d in draws]
        return list(np.quantile(again, [tail, 1 - tail]))

    def rung(name, score, maps, labels, within):
        values, chances = [], []
        for s in range(3):
            at = LESION_SUBJECT == s
            inside = within[at]
            v = labels[at][inside]
            values.append(average_precision_score(v, maps[at][inside]))
            p, n = v.sum(), v.size
            chances.append((p - 1) / (n - 1) + (n - p) / (n * (n - 1)) *
                           np.sum(1 / np.arange(1, n + 1)))
        return {"rung": name, "score": score, "ap": np.mean(values),
                "interval": over(values), "chance": np.mean(chances),
                "subjects": values}
    rungs = [rung("raw", "", y, mask, brain)]
    for score in ("abs", "abs:median=3"):
        for name, r in by.items():
            maps = np.array(images(run("residual", *SCORES[score], lesions,
                                       r)))
            rungs.append(rung(name, score, maps, *(
                (sham, brain & ~mask) if "sham" in name else (mask, brain))))
    of = {(r["rung"], r["score"]): r["subjects"] for r in rungs}
    lost = {s: np.subtract(of["filled", s], of["model", s])
            for s in ("abs", "abs:median=3")}
    within = scratch("within.pgm", b"".join(
        b"P5\n32 32\n255\n" + np.uint8(255 * w).tobytes() for w in brain))
    at_places = predicted("--mask", truth, "--within", within, fill,
                          by["filled"])
    at_places["chance"] = chance(mask & brain, brain)

    def blind(v):
        return np.any([(b["low"] <= v) & (v <= b["high"])
                       for b in curve["blind"]], axis=0)
    operating, found = [], []
    for k, score in enumerate(SCORES):
        one, table_of = operating_points(score, by["model"], y, mask, brain,
                                         within)
        operating.append(one)
        if k == 0:
            found = [dict(row, blind=bool(blind(row["intensity"])))
                     for row in table_of]
    inside = y[mask].astype(float)
    sizes = []
    for low, high in SIZES:
        some = [r for r in found if low <= r["pixels"] <= (high or 1e9)]
        if some:
            sizes.append({"low": low, "high": high, "lesions": len(some),
                          "intensity": np.mean([r["intensity"] for r in some]),
                          "blind": np.mean([r["blind"] for r in some])})
    return {"images": 5, "subjects": 3, "named": True, "lesions": found,
            "operating": operating, "predicted": at_places,
            "pixels": inside.size, "blind": blind(inside).mean(),
            "histogram": np.histogram(np.clip(inside, 0, 1), 50, (0, 1))[0] /
            inside.size, "sizes": sizes, "rungs": rungs,
            "copying": {s: {"value": v.mean(), "interval": over(v)}
                        for s, v in lost.items()}}


lead, lead_curve = curve("abs", LEAD_RADIUS, recon)
rival, rival_curve = curve("abs", LEAD_RADIUS, other)
expected = {
    "name": "M", "model": "recon-degrade blur --sigma 1.5", "score": "abs",
    "radius": 5, "below": .5, "seed": SEED, "replicates": B,
    "images": {"images": COUNT, "side": 32, "subjects": 4,
               "subject_of": SUBJECT,
               "sizes": [{"width": 32, "height": 32, "images": COUNT}],
               "least": x.min(), "most": x.max(),
               "background": np.mean(x == 0), "scored": BRAIN.mean()},
    "curves": [curve(s, r, recon)[1] for r in RADII for s in SCORES],
    "predictions": [prediction(r) for r in RADII],
    "histograms": {"tissue": shares(healthy), "reconstruction": shares(recon)},
    "error": error(), "blur": blur(lead),
    "textures": [texture(s) for s in SCORES], "seen": seen(lead),
    "other": {"name": "O", "curve": rival_curve, "blur": blur(rival),
              "paired": paired(lead, rival)},
    "lesions": ladder(lead_curve),
}
ok(set(re.findall(r"^@\w+\{(\w+),$", report["bibtex"], re.M)) == {
    "blindspot", "meissen2022pitfalls", "meissen2021challenging",
    "manning2008introduction", "dice1945measures", "yerushalmy1947statistical",
    "bunch1977free", "hesterberg2015bootstrap", "cochran1977sampling",
    "good2005permutation", "holm1979simple", "schuirmann1987comparison"},
    "BibTeX of what was used")
# What holds no number of the study; score-compare's interval has its own test.
for text in ("blindspot", "told", "fingerprint", "within", "bibtex",
             "notes", "missing",
             "commands"):
    del report[text]
low = report["other"]["paired"]["mean"].pop("ci_low")
high = report["other"]["paired"]["mean"].pop("ci_high")
ok(low <= report["other"]["paired"]["mean"]["difference"] <= high,
   "the interval of the difference is around it")

compared = 0


def differences(found, wanted, where):
    """Where they differ, as text."""
    global compared
    if isinstance(wanted, dict):
        if not isinstance(found, dict) or set(found) != set(wanted):
            return [f"{where}: {found} for {wanted}"]
        return sum((differences(found[k], v, f"{where}.{k}")
                    for k, v in wanted.items()), [])
    if isinstance(wanted, (list, tuple, np.ndarray)):
        if not isinstance(found, list) or len(found) != len(wanted):
            return [f"{where}: {found} for {wanted}"]
        return sum((differences(f, w, f"{where}[{k}]")
                    for k, (f, w) in enumerate(zip(found, wanted))), [])
    compared += 1
    if wanted is None or isinstance(wanted, (str, bool)):
        return [] if found == wanted else [f"{where}: {found} for {wanted}"]
    return [] if isinstance(found, (int, float)) and \
        abs(found - wanted) <= 1e-9 * max(1, abs(wanted)) \
        else [f"{where}: {found} for {wanted}"]


wrong = differences(report, expected, "report")
for line in wrong[:20]:
    print("# " + line)
ok(not wrong, "every number of report.json")
ok(compared > 900, f"these are many: {compared}")

with open(os.path.join(results, "lesions.tsv"), "rb") as file:
    rows = table(file.read())
ok([r["score"] for r in rows[::len(rows) // 3]] == list(SCORES) and
   [float(r["intensity"]) for r in rows[:len(rows) // 3]] ==
   [r["intensity"] for r in report["lesions"]["lesions"]],
   "lesions.tsv has the lesions of each score")

# ------------------------------------------------------------------ the sentence

flat = " ".join(said.split())


def two(v):
    return re.sub("^0", "", f"{v:.2f}")


c, p = lead_curve, expected["predictions"][1]
for what, text in {
    "pixels and radius": f"lesions, disks of {c['pixels']:.0f} pixels (radius 5)",
    "blind interval": "intensities " + " and ".join(
        f"{two(b['low'])} to {two(b['high'])}" for b in c["blind"]),
    "its ends": "[{}, {}] and [{}, {}]".format(*map(
        two, c["intervals"]["low"] + c["intervals"]["high"])),
    "healthy tissue": "{:.0f} % [{:.0f} %, {:.0f} %] of healthy".format(*[
        100 * v for v in [c["tissue"]] + c["intervals"]["tissue"]]),
    "worst AP": "worst AP {} [{}, {}] at {}".format(*map(two, [
        c["least"]["ap"], *c["least"]["interval"], c["least"]["at"]])),
    "chance": f"chance {two(p['chance'])}",
    "blur": f"σ = {expected['blur']['sigma']:g} [",
    "what AP is": "is blind (average precision, AP, < .5) to intensities",
    "unit of the blur": "] pixels",
    "loss": "costs another {} [{}, {}] of AP".format(*map(two, [
        expected["seen"]["loss"]["value"],
        *expected["seen"]["loss"]["interval"]])),
    "lesions found": "finds {} [".format(two(
        expected["lesions"]["operating"][0]["points"][0]["metrics"]
        ["lesion_sensitivity"]["value"])),
    "theory": "predicts " + " and ".join(
        f"{two(b['low'])} to {two(b['high'])}" for b in p["blind"]),
}.items():
    ok(text in flat, f"the sentence: {what}: {text}")
done()
