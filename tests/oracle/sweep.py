"""Whole grids against the four filters; textures and equalisation."""

import hashlib
import os
import subprocess
import tempfile

import numpy as np
from scipy.stats import chisquare
from skimage.exposure import equalize_hist

from blindspot_io import done, images, ok, pfm, pgm, run, table

rng = np.random.default_rng(11)
os.chdir(tempfile.mkdtemp())


def keep(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


def picture(rows, cols):
    """A random image with ties, background and a disk-like foreground."""
    x = rng.random((rows, cols))
    if rng.random() < .5:
        x = np.round(x * 8) / 8
    if rng.random() < .7:
        r, c = np.mgrid[:rows, :cols]
        x *= (r - rows / 2) ** 2 / rows ** 2 + \
            (c - cols / 2) ** 2 / cols ** 2 < .2
    x[rng.integers(rows), rng.integers(cols)] = .5
    return x.astype(np.float32)


# ------------------------------------------------ random cells, bit for bit

METRICS = "ap,auroc,dice,dice_threshold,fpr95,mean_residual"
SIZES = [(1, 1), (1, 9), (7, 5), (13, 13), (31, 40), (64, 47), (5, 33)]
TEXTURES = ["disk", "source", "sink", "shuffle"]
SWEPT = {"sprites": "sprites:mean=3:5:2", "coarse-noise":
         "coarse-noise:grid=8,sigma=.1:.3:2", "cutpaste":
         "cutpaste:area-low=.03,aspect=.4:.6:2", "lesion":
         "lesion:blend=.5:1:2,intensity=.7", "smooth-intensity":
         "smooth-intensity", "bend-sink": "bend-sink", "bend-source":
         "bend-source", "fpi": "fpi", "pii": "pii", "nsa": "nsa", "perlin":
         "perlin:threshold=.2:.5:2"}
LARGE = [(31, 40), (64, 47), (40, 33)]


def random_grid(inject):
    """One of every stage, its fixed parameters as options of the filters."""
    radius = float(rng.choice([.5, 1, 2.5, 4, 9, 30]))
    a = float(np.round(rng.random(), 3))
    lo, hi = sorted(np.round(rng.random(2) * 4, 2))
    residual = str(rng.choice(
        ["abs", "square", "signed", "positive", "negative"] * 2 +
        ["ssim", "ssim:sigma=.6", "ssim-structure:sigma=2", "gradient",
         "abs:foreground", "square:erode=1", "abs:median=3",
         "positive:erode=2,median=3,smooth=.7", "gradient:smooth=.4",
         "ssim-ensemble", "mahalanobis:samples=2", "equalized",
         "clahe-abs:tiles=2", "gmm:components=2"]))
    spec = SWEPT.get(inject) or f"{inject}:radius={radius}" + \
        (f",intensity={a}:1.5:3" if inject == "disk" else "")
    degrade = "none" if rng.random() < .1 else f"blur:sigma={lo}:{hi + 1}:3"
    return spec, degrade, residual


def healthy_maps(recon_degrade, residual, source, within):
    """Options of score: thresholds from maps without anomalies, each twice,
    for score refuses the very maps that it scores."""
    keep("healthy-recon.pfm", run(*recon_degrade, source))
    keep("healthy.pfm", run(*residual, source, *["healthy-recon.pfm"] * (
        residual[1] not in ("equalized", "gmm"))))
    keep("healthy.pfm", 2 * open("healthy.pfm", "rb").read())
    if not within:
        return ["--healthy", "healthy.pfm"]
    keep("healthy.pgm", 2 * open(within[1], "rb").read())
    return ["--healthy", "healthy.pfm", "--healthy-within", "healthy.pgm"]


def by_numbers(score, healthy, rates):
    """Where score takes the healthy maps for another score's, because ranges
    do not meet: thresholds as numbers, one after another."""
    keep("none.pgm", pgm(*[np.zeros(x.shape, "u1") for x in images(
        open("healthy.pfm", "rb").read())]))
    out = []
    for q in rates.split(","):
        run("score", *healthy, "--fpr", q, "--save-threshold", "t.tsv",
            "--bootstrap", "0", "healthy.pfm", "none.pgm")
        t = table(open("t.tsv", "rb").read())[0]["threshold"]
        for row in table(run(*score, f"--threshold={t}", "map.pfm",
                             "mask.pgm")):
            name, at, _ = row["metric"].partition("@")
            row["metric"] = name + (at and f"@fpr={q}")
            out.append(row)
    return out


def by_filters(spec, row, degrade, residual, source, seed, equalize,
               anomalous, beside, within, metrics, fpr):
    """The same cell, as the four filters give it."""
    kind, _, rest = spec.partition(":")
    options = []
    for setting in filter(None, rest.split(",")):
        key, value = setting.split("=")
        options += [f"--{key}", row.get(f"inject.{key}", value)]
    if equalize:
        source = keep("eq.pfm", run("fg-equalize", source))
    keep("anom.pfm", run("anom-inject", kind, *options, "--seed", str(seed),
                         *beside, *within, "--mask", "mask.pgm", source))
    blur = [] if degrade == "none" else ["--sigma", row["degrade.sigma"]]
    recon_degrade = ["recon-degrade", degrade.split(":")[0], *blur,
                     *(["--samples", "2"] if "samples" in residual else [])]
    keep("recon.pfm", run(*recon_degrade, "anom.pfm" if anomalous else
                          source))
    kind, _, rest = residual.partition(":")
    map_of = ["residual", kind,
              *[f"--{setting}" for setting in rest.split(",") if setting]]
    keep("map.pfm", run(*map_of, "anom.pfm", *["recon.pfm"] * (
        kind not in ("equalized", "gmm"))))
    healthy = healthy_maps(recon_degrade, map_of, source, within) if fpr \
        else []
    score = ["score", "--bootstrap", "0", "--metrics", metrics, *within]
    try:
        out = table(run(*score, *healthy, *fpr, "map.pfm", "mask.pgm"))
    except subprocess.CalledProcessError:
        out = by_numbers(score, healthy, fpr[1])
    return {r["metric"]: (r["mean"], r["sd"], r["n_undefined"]) for r in out}


def beside_of(inject, size):
    """Fewer donors or shapes than images; of the donors' only size."""
    if inject in ("fpi", "pii", "nsa") or inject == "perlin" and \
            rng.random() < .5:
        keep("donors.pfm", pfm(*[rng.permutation(
            picture(*size).ravel()).reshape(size) for _ in range(2)]))
        return ["--donors", "donors.pfm"]
    if inject == "lesion":
        keep("shapes.pgm", pgm(*[np.full((3, 4), 9, "u1"),
                                 np.full((5, 2), 9, "u1")]))
        return ["--shapes", "shapes.pgm"]
    return []


def within_of(pictures, ragged):
    """A mask for each image, with some of its foreground; or none at all."""
    if rng.random() < .6:
        return []
    masks = []
    for x in pictures:
        mask = np.zeros(x.shape, bool)
        if ragged:
            mask = rng.random(x.shape) < rng.choice([.2, .6, .95])
            mask[np.unravel_index(rng.choice(np.flatnonzero(x > 0)),
                                  x.shape)] = True
        else:
            mask[2:-1, 1:-4] = True
        masks.append((mask * rng.integers(1, 255)).astype("u1"))
    keep("within.pgm", pgm(*masks))
    return ["--within", "within.pgm"]


def places_of(pictures, textured):
    """Several anomalies in some grids, and places of a table in some."""
    count = int(rng.choice([1, 1, 2, 3]))
    options = ["--count", str(count)] if count > 1 else []
    if not textured or rng.random() < .7:
        return options
    rows = [f"{i}\t{rng.integers(x.shape[0])}\t{rng.integers(x.shape[1])}\t"
            f"{k}\n" for i, x in enumerate(pictures) for k in range(count)]
    rng.shuffle(rows)
    keep("places", ("image\trow\tcol\tanomaly\n" + "".join(rows)).encode())
    return options + ["--positions", "places"]


def points_of():
    """Metrics at thresholds, in half of all grids: names and options."""
    if rng.random() < .5:
        return METRICS, []
    at = "dice_at,sensitivity,precision,fpr"
    if rng.random() < .3:
        at = "false_regions,lesion_sensitivity,fpr"
    rates = [str(q) for q in rng.choice([.001, .02, .1, .37, .9], 2, False)]
    return f"{METRICS},{at}", ["--fpr", ",".join(rates)]


def whole(size):
    """An image without background and ties, in which every kind fits."""
    return (rng.random(size) * .9 + .1).astype("f4")


cells = wrong = confined = at_points = several = placed = 0
used = set()
while cells < 600:
    inject = str(rng.choice(TEXTURES if cells < 300 else list(SWEPT)))
    used.add(inject)
    if inject in TEXTURES:
        shape = SIZES[rng.integers(len(SIZES))]
        pictures = [picture(*shape) for _ in range(3)] + [picture(8, 8)]
    else:
        shape = LARGE[rng.integers(len(LARGE))]
        pictures = [whole(shape) for _ in range(3)]
    source = keep("in.pfm", pfm(*pictures))
    seed = int(rng.integers(1000))
    spec, degrade, residual = random_grid(inject)
    beside = beside_of(inject, shape)
    within = within_of(pictures, inject in TEXTURES)
    confined += len(within) > 0
    extra = ["--equalize"] if rng.random() < .3 else []
    anomalous = rng.random() < .3
    extra += ["--on", "anomalous"] if anomalous else []
    places = places_of(pictures, inject in TEXTURES)
    several += "--count" in places
    placed += "--positions" in places
    beside += places
    metrics, fpr = points_of()
    at_points += len(fpr) > 0
    rows = table(run("anom-sweep", "--inject", spec, "--degrade", degrade,
                     "--residual", residual, "--metrics", metrics, "--seed",
                     str(seed), *extra, *beside, *within, *fpr, source))
    for row in rows:
        want = by_filters(spec, row, degrade, residual, source, seed,
                          "--equalize" in extra, anomalous, beside, within,
                          metrics, fpr)
        got = {m: (row[m], row[m + "_sd"], row[m + "_undefined"])
               for m in want}
        cells += 1
        if got != want:
            wrong += 1
            print(f"# {spec} {degrade} {residual} {extra} {within} {fpr} "
                  f"{beside} "
                  f"seed {seed} "
                  f"{shape}: {got}, expected {want}")
ok(wrong == 0 and confined > 30 and at_points > 30 and
   several > 30 and placed > 10 and
   used == {*TEXTURES, *SWEPT},
   "600 random cells, all anomalies, are those of the four filters, bit for "
   "bit")

# The counts of each image are those of score, in the mask.
source = keep("in.pfm", pfm(*[picture(31, 40) for _ in range(3)]))
within = []
while not within:
    within = within_of([x for x in images(open(source, "rb").read())], True)
run("anom-inject", "disk", "--radius", "9", *within, "--mask", "mask.pgm",
    source)
keep("map.pfm", run("residual", "abs", source, source))
want = table(run("score", "--per-image", "--metrics", "ap", *within,
                 "map.pfm", "mask.pgm"))
got = table(run("anom-sweep", "--inject", "disk:radius=9", "--degrade",
                "none", *within, "--per-image", source))
ok([(r["pixels"], r["anomalous"]) for r in want] ==
   [(r["pixels"], r["anomalous"]) for r in got],
   "pixels and anomalous pixels are those of score --within")

# -------------------------------- threads, memory, shards: the same bytes

source = keep("many.pfm", pfm(*[picture(40, 33) for _ in range(9)]))
grid = ["--inject", "disk:radius=3:7:2,intensity=0:1:5",
        "--degrade", "blur:sigma=0:3:4", "--metrics", "ap,auroc"]
for each in [], ["--per-image"], ["--on", "anomalous"]:
    name = " ".join(each) or "means"
    whole = run("anom-sweep", *grid, *each, source)
    ok(all(run("anom-sweep", *grid, *each, "--threads", str(n), "--memory",
               memory, source) == whole
           for n in (1, 2, 3) for memory in ("1", "20K", "1G")),
       f"{name}: threads and memory change nothing")
    for n in 1, 2, 3, 7, 40:
        parts = [keep(f"part{k}", run("anom-sweep", *grid, *each, "--shard",
                                      f"{k}/{n}", source))
                 for k in range(1, n + 1)]
        rng.shuffle(parts)
        ok(run("anom-sweep", "--merge", *parts) == whole,
           f"{name}: {n} shards merge to the whole")

pieces = run("anom-sweep", *grid, "--per-image", source)
both = []
for first, part in (0, range(0, 4)), (4, range(4, 9)):
    all_images = images(open(source, "rb").read())
    both += table(run("anom-sweep", *grid, "--per-image", "--first-index",
                      str(first), keep("piece.pfm", pfm(
                          *[all_images[i] for i in part]))))
ok(both == table(pieces), "pieces with --first-index give the whole's rows")

# --------------------------------------- textures against a direct version


def centre(seed, image):
    """Where an anomaly of that seed lies: the record says so."""
    run("anom-inject", "disk", "--seed", str(seed), "--record", "r.tsv",
        "--mask", "m.pgm", keep("one.pfm", pfm(image)))
    row = table(open("r.tsv", "rb").read())[0]
    return int(row["row"]), int(row["col"])


def texture(kind, image, r0, c0, radius):
    """The anomaly, pixel by pixel."""
    out, label = image.copy(), np.zeros(image.shape, bool)
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            d2 = (r - r0) ** 2 + (c - c0) ** 2
            if d2 >= radius * radius or image[r, c] <= 0:
                continue
            s = d2 / (radius * radius)
            at = [c0_ + s * (i - c0_) if kind == "source"
                  else i + (1 - s) * (i - c0_)
                  for i, c0_ in ((r, r0), (c, c0))]
            at = [min(max(int(np.round(v)), 0), n - 1)
                  for v, n in zip(at, image.shape)]
            out[r, c] = image[at[0], at[1]]
            label[r, c] = True
    return out, label


for kind in "source", "sink":
    same = True
    for seed in range(30):
        image = picture(*SIZES[rng.integers(1, len(SIZES))])
        radius = float(rng.choice([1, 2.5, 6, 20]))
        r0, c0 = centre(seed, image)
        want, label = texture(kind, image, r0, c0, radius)
        got = images(run("anom-inject", kind, "--radius", str(radius),
                         "--seed", str(seed), "--mask", "m.pgm",
                         keep("one.pfm", pfm(image))))[0]
        mask = images(open("m.pgm", "rb").read())[0] > 0
        same &= np.array_equal(got, want) and np.array_equal(mask, label)
    ok(same, f"{kind} is the direct version, pixel by pixel")

# A row of four different samples, all covered: 24 permutations.
image = np.array([[.1, .2, .3, .4]], np.float32)
n = 2400
stream = keep("perm.pfm", pfm(*[image] * n))
orders = {}
for x in images(run("anom-inject", "shuffle", "--radius", "9", stream)):
    key = hashlib.sha1(x.tobytes()).hexdigest()
    orders[key] = orders.get(key, 0) + 1
    if not np.array_equal(np.sort(x, axis=None), image.ravel()):
        orders["lost"] = 1
ok(len(orders) == 24 and chisquare(list(orders.values())).pvalue > .001,
   "shuffle keeps the samples; all permutations are as frequent")

# ------------------------------------------------------------ equalisation

worst = 0
for _ in range(40):
    image = picture(*SIZES[rng.integers(2, len(SIZES))])
    want = equalize_hist(image, nbins=256, mask=image > 0) * (image > 0)
    got = images(run("fg-equalize", keep("one.pfm", pfm(image))))[0]
    worst = max(worst, np.abs(got - want).max())
ok(worst <= 1e-6, f"equalisation is skimage's (worst {worst:.1e})")
done()
