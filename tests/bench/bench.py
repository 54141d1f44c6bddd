"""Time and memory of the filters, as ratios against named references.

Each ratio is of medians of interleaved repetitions in one run, so that a
machine that slows down slows both sides.  Nothing is asserted.

KINDS in the environment names the parts to run, all by default; TSV the file
to write the figures to, with facts about the machine above them.
"""

import ctypes
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import nibabel
import numpy as np
import scipy
import skimage
import sklearn
from scipy.ndimage import (gaussian_filter, label as regions_of, maximum,
                           median_filter)
from skimage.metrics import structural_similarity
from sklearn.metrics import average_precision_score

BIN = os.environ["BIN"]
LIB = ctypes.CDLL(os.path.abspath(os.environ["LIB"]))
LIB.stage_degrade.restype = LIB.stage_residual.restype = ctypes.c_void_p
LIB.run_metric.restype = ctypes.c_double
SIZE = 256
IMAGES = 320


def array(a):
    """A float32 array as C sees it."""
    return a.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def stage(kind, spec):
    """A kind with its parameters, as tests/bench/stages.c takes it."""
    made = getattr(LIB, f"stage_{kind}")(spec.encode())
    if not made:
        sys.exit(f"bench: no {kind} {spec}")
    return ctypes.c_void_p(made)


def degrade(spec, x, y):
    """A function that makes y the reconstruction of x."""
    made = stage("degrade", spec)
    args = made, array(x), *map(ctypes.c_size_t, x.shape), array(y)
    return lambda: LIB.run_degrade(*args)


def residual(spec, x, recons, y):
    """A function that makes y the map of x and its reconstructions."""
    made = stage("residual", spec)
    args = (made, array(x), array(recons), ctypes.c_size_t(
        recons.size // x.size), *map(ctypes.c_size_t, x.shape), array(y))
    return lambda: LIB.run_residual(*args)


def metric(name, scores, labels):
    """A function that scores an image."""
    args = (name.encode(), array(scores), array(labels),
            *map(ctypes.c_size_t, scores.shape))
    return lambda: LIB.run_metric(*args)


def timed(f, at_least=.02):
    """Seconds a call, over as many calls as fill a moment."""
    f()
    n, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < at_least:
        f()
        n += 1
    return took / n


def compare(ours, reference, rounds=9, measure=timed):
    """Medians of both, measured in turn."""
    a, b = [], []
    for _ in range(rounds):
        a.append(measure(ours))
        b.append(measure(reference))
    return statistics.median(a), statistics.median(b)


FIGURES = []


def verdict(value, goal, lower=False):
    if goal is None:
        return ""
    if value <= goal if lower else value >= goal:
        return "met"
    return "above" if lower else "below"


def note(what, value, unit, goal=None, lower=False, ours="", reference=""):
    """Keep a figure for the table; the verdict on it."""
    met = verdict(value, goal, lower)
    FIGURES.append([what, f"{value:.6g}", unit, goal or "", met,
                    ours and f"{ours:.6g}", reference and f"{reference:.6g}"])
    return met


def show(what, ours, reference, goal, unit="ms", scale=1e3):
    ratio = reference / ours
    met = note(what, ratio, "x", goal, False, ours, reference)
    print(f"{what:44} {ours * scale:9.3f} {reference * scale:9.3f} {unit:3}"
          f" {ratio:7.1f}x  {goal and f'{goal}x' or '-':>5}  {met}",
          flush=True)


def show_most(what, value, unit, goal):
    """A figure that is to be at most the goal."""
    print(f"{what + ', ' + unit:44} {value:9.3f}     goal {goal}  "
          f"{note(what, value, unit, goal, True)}", flush=True)


def brains(n):
    """Images of smooth tissue, folds and noise on a background of 0."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE / 2 + .5
    out = []
    for _ in range(n):
        a, b = rng.uniform(.36, .46, 2) * SIZE
        tissue = gaussian_filter(rng.standard_normal((SIZE, SIZE)), 3)
        tissue = .4 + .15 * np.sign(tissue)
        tissue += .03 * rng.standard_normal((SIZE, SIZE))
        inside = (y / a) ** 2 + (x / b) ** 2 < 1
        out.append(np.where(inside, np.clip(tissue, .01, 1), 0)
                   .astype(np.float32))
    return out


def pfm(a):
    return b"Pf\n%d %d\n-1.0\n" % (a.shape[1], a.shape[0]) + \
        a[::-1].tobytes()


def bench_blur(x):
    y = np.empty_like(x)
    for sigma in [.5, 1, 2.5, 5]:
        ours, theirs = compare(degrade(f"blur:sigma={sigma}", x, y),
                               lambda: gaussian_filter(x, sigma))
        assert np.abs(y - gaussian_filter(x, sigma)).max() <= 1e-6
        show(f"blur, sigma {sigma} / scipy gaussian_filter", ours, theirs, 8)


def bench_median(x):
    y = np.empty_like(x)
    for size in [5, 11, 21]:
        ours, theirs = compare(degrade(f"median:size={size}", x, y),
                               lambda: median_filter(x, size), 3)
        assert (y == median_filter(x, size)).all()
        show(f"median of {size} x {size} / scipy median_filter", ours, theirs,
             8)


def bench_ood(directory):
    """Histograms and components of all images against numpy."""
    def loop():
        histograms = []
        with open(os.path.join(directory, "healthy"), "rb") as f:
            for _ in range(IMAGES):
                f.readline(), f.readline(), f.readline()
                x = np.frombuffer(f.read(4 * SIZE * SIZE), "<f4")
                low, high = np.quantile(x.astype(float), [.005, .995])
                x = (np.clip(x, low, high) - low) / (high - low)
                histograms.append(np.histogram(x, 500, (0, 1),
                                               density=True)[0])
        histograms -= np.mean(histograms, axis=0)
        np.linalg.svd(histograms, full_matrices=False)

    ours, theirs = compare(
        lambda: shell("ood-histogram fit --model ood healthy", directory),
        loop, 3)
    show(f"ood-histogram fit, {IMAGES} images / numpy", ours, theirs, 1, "s",
         1)


def bench_ssim(x, recon):
    y = np.empty_like(x)

    def reference(a, b):
        return structural_similarity(
            a, b, gaussian_weights=True, sigma=1.5, data_range=1, full=True,
            use_sample_covariance=False)[1]

    a, b = x.astype(float), recon.astype(float)
    ssim = residual("ssim", x, recon, y)
    ours, theirs = compare(ssim, lambda: reference(a, b))
    assert np.abs(1 - y - reference(a, b)).max() <= 1e-6
    show("ssim / scikit-image, both in double", ours, theirs, 10)
    ours, theirs = compare(ssim, lambda: reference(x, recon))
    show("the same / scikit-image in float32", ours, theirs, None)


def bench_mahalanobis(x):
    """The K x K system against numpy doing the same."""
    k, eps = 10, .01
    rng = np.random.default_rng(3)
    recons = np.stack([gaussian_filter(x, 1 + .2 * i) + np.float32(.05) *
                       rng.standard_normal(x.shape, np.float32)
                       for i in range(k)])
    y = np.empty_like(x)
    spec = f"mahalanobis:samples={k},minmax=0,sigma=0,ssim-sigma=0"

    def reference():
        r = recons.reshape(k, -1).astype(float)
        mu = r.mean(axis=0)
        r -= mu
        d = x.ravel().astype(float) - mu
        inner = np.linalg.solve((k - 1) * eps * np.eye(k) + r @ r.T, r @ d)
        a = (d - r.T @ inner) / eps
        return np.where(x.ravel() > 0, np.sqrt(np.maximum(a * d, 0)), 0)

    bare = residual(spec, x, recons, y)
    ours, theirs = compare(bare, reference)
    assert np.abs(y.ravel() - reference()).max() <= 1e-5 * y.max()
    show("mahalanobis, K = 10, bare / numpy", ours, theirs, None)
    took = statistics.median(timed(residual(f"mahalanobis:samples={k}", x,
                                            recons, y)) for _ in range(5))
    show_most("mahalanobis with all its steps", took * 1e3, "ms", 20)


def bench_aupro(scores, labels):
    """Against a loop over a thousand thresholds, as it is often done."""
    numbers, n = regions_of(labels, np.ones((3, 3)))
    regions = [scores[numbers == i + 1] for i in range(n)]
    normal = scores[labels == 0]

    def loop():
        points = [(0., 0.)]
        for t in np.linspace(scores.max(), scores.min(), 1000):
            points.append(((normal >= t).mean(),
                           np.mean([(r >= t).mean() for r in regions])))
        fpr, pro = np.array(points).T
        x = np.append(fpr[fpr < .3], .3)
        return np.trapz(np.interp(x, fpr, pro), x) / .3

    ours = metric("aupro", scores, labels)
    assert abs(ours() - loop()) < .005
    show(f"aupro, {n} regions / numpy, 1000 thresholds",
         *compare(ours, loop, 3), None)


RATE = 100  # images a second


def bench_throughput(directory):
    """Images a second through each kind, start of the program included."""
    n = 40
    shell(f"head -c $(({n} * (4 * 65536 + 16))) healthy >some; "
          f"tail -c $(({n} * (4 * 65536 + 16))) healthy >other; "
          "recon-degrade blur some >recon; "
          "recon-degrade noise --samples 10 recon >samples; "
          "anom-inject disk --mask disks some >/dev/null; "
          "residual zscore --fit model other", directory)
    beside = {"anom-inject": "{} some", "recon-degrade": "{} some",
              "residual": "{} some recon", "fpi": "{} --donors other some",
              "pii": "{} --donors other some",
              "nsa": "{} --donors other some",
              "lesion": "{} --shapes disks some",
              "inpaint": "{} --mask disks some",
              "mahalanobis": "{} --samples 10 some samples",
              "mahalanobis-diagonal": "{} --samples 10 some samples",
              "zscore": "{} --model model some", "equalized": "{} some",
              "gmm": "{} some"}
    print(f"\n{'one process, defaults, 256 x 256':44} {'images/s':>9}"
          f"     goal {RATE}")

    def rate(name, *command):
        took, _ = min(shell(" ".join(command) + " >/dev/null", directory)
                      for _ in range(3))
        print(f"{name:44} {n / took:9.0f}     "
              f"{note(name, n / took, 'images/s', RATE)}", flush=True)

    for program in ["anom-inject", "recon-degrade", "residual"]:
        words = subprocess.run([f"{BIN}/{program}", "--complete"], text=True,
                               stdout=subprocess.PIPE, check=True).stdout
        for kind in words.split():
            if not kind.startswith("-"):
                rate(f"{program} {kind}", program,
                     beside.get(kind, beside[program]).format(kind))
    rate("residual abs --median 11", "residual abs --median 11 some recon")
    rate("fg-equalize", "fg-equalize", "some")
    rate("ood-histogram fit", "ood-histogram fit --model ood some")
    rate("brain-phantom", "brain-phantom", "--count", str(n))


def bench_ap(maps):
    for name, scores, labels in maps:
        def theirs():
            return average_precision_score(labels.ravel(), scores.ravel())

        ours = metric("ap", scores, labels)
        assert abs(ours() - theirs()) < 1e-12
        show(f"AP of {name} / scikit-learn", *compare(ours, theirs), 20)


def shell(command, directory):
    """Seconds that a shell command takes, and its standard output."""
    start = time.perf_counter()
    out = subprocess.run(["bash", "-euo", "pipefail", "-c", command],
                         cwd=directory, check=True, stdout=subprocess.PIPE,
                         env={**os.environ, "PATH": os.path.abspath(BIN) +
                              ":" + os.environ["PATH"]}).stdout
    return time.perf_counter() - start, out


# The mask goes through a FIFO, so that all four filters work at once.
CELL = """anom-inject disk --intensity 0.5 --mask mask healthy |
    residual abs - <(recon-degrade blur --sigma 2 healthy) |
    score --metrics ap --bootstrap 0 - mask"""


def bench_cell(directory, healthy):
    positions = os.path.join(directory, "positions")
    shell("anom-inject disk --record positions healthy >/dev/null", directory)
    with open(positions) as f:
        rows = [line.split("\t") for line in f if line[0] not in "#i"]
    y, x = np.mgrid[:SIZE, :SIZE]

    def loop():
        """The same cell, as the published scripts do it."""
        start = time.perf_counter()
        values = []
        with open(os.path.join(directory, "healthy"), "rb") as f:
            for row in rows:
                f.readline(), f.readline(), f.readline()
                n = np.frombuffer(f.read(4 * SIZE * SIZE), "<f4")
                n = n.reshape(SIZE, SIZE)[::-1]
                r, c = int(row[2]), int(row[3])
                disk = ((y - r) ** 2 + (x - c) ** 2 < 400) & (n > 0)
                anomalous = np.where(disk, np.float32(.5), n)
                score = np.abs(anomalous - gaussian_filter(n, 2))
                values.append(average_precision_score(disk.ravel(),
                                                      score.ravel()))
        return time.perf_counter() - start, np.mean(values)

    ours, theirs, copies = [], [], []
    os.mkfifo(os.path.join(directory, "mask"))
    for _ in range(3):
        took, table = shell(CELL, directory)
        ours.append(took)
        took, mean = loop()
        theirs.append(took)
        took, _ = shell("cat healthy | cat | cat | cat >/dev/null; "
                        "cat healthy | cat >/dev/null", directory)
        copies.append(took)
    got = float(table.decode().splitlines()[-1].split("\t")[1])
    assert abs(got - mean) < 1e-12, (got, mean)
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    show(f"a cell over {IMAGES} images / numpy loop", ours, theirs, 10, "s",
         1)
    show("the same / cat moving its bytes", ours, statistics.median(copies),
         None, "s", 1)


GRID = 100
PLANE = (f"--inject disk:radius=20,intensity=0:1:{GRID} "
         f"--degrade blur:sigma=0:5:{GRID}")
SWEEP = f"""/usr/bin/time -f %M -o memory anom-sweep {PLANE} healthy \\
    >sweep.tsv"""


def published_cells(healthy, rng, cells):
    """Seconds a cell of the published protocol, on random ones."""
    y, x = np.mgrid[:SIZE, :SIZE]
    took = []
    for _ in range(cells):
        n = healthy[rng.integers(len(healthy))]
        i, k = rng.integers(GRID, size=2)
        inside = np.argwhere(n > 0)
        r, c = inside[rng.integers(len(inside))]
        start = time.perf_counter()
        disk = ((y - r) ** 2 + (x - c) ** 2 < 400) & (n > 0)
        anomalous = np.where(disk, np.float32(i / (GRID - 1)), n)
        recon = gaussian_filter(n, 5 * k / (GRID - 1))
        average_precision_score(disk.ravel(),
                                np.abs(anomalous - recon).ravel())
        took.append(time.perf_counter() - start)
    return statistics.mean(took)


def bench_sweep(healthy, directory):
    """The whole plane, against the published protocol on sampled cells."""
    rng = np.random.default_rng(2)
    ours, theirs = [], []
    for _ in range(3):
        theirs.append(published_cells(healthy, rng, 100))
        ours.append(shell(SWEEP, directory)[0])
    with open(os.path.join(directory, "memory")) as f:
        memory = int(f.read()) / 1024
    show(f"{GRID} x {GRID} x {IMAGES} cells, {os.cpu_count()} cores / one "
         "process", statistics.median(ours),
         statistics.median(theirs) * GRID * GRID * IMAGES, 2000, "s", 1)
    show_most("its peak memory", memory, "MiB", 500)


def bench_bands(directory):
    """A plane with an interval in each cell, against the plane without."""
    plane = """anom-sweep --inject disk:radius=20,intensity=0:1:50 \\
        --degrade blur:sigma=0:5:50 %s healthy >sweep.tsv"""
    with_bands, without = [], []
    for _ in range(5):
        with_bands.append(shell(plane % "--bootstrap 1000 2>/dev/null",
                                directory)[0])
        without.append(shell(plane % "", directory)[0])
    show(f"50 x 50 x {IMAGES} cells with intervals / without",
         statistics.median(with_bands), statistics.median(without), .77, "s",
         1)


def bench_engine(directory):
    """The plane as an experiment makes it, against one anom-sweep; and what
    it takes to merge many shards."""
    blindspot = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../../pipelines/blindspot")
    engine = (f"BLINDSPOT_BIN={os.path.abspath(BIN)} {blindspot} experiment1 "
              "IMAGES=healthy RESULTS=engine FIGURES=no")
    in_parts, at_once = [], []
    for _ in range(3):
        shell("rm -rf engine", directory)
        in_parts.append(shell(engine, directory)[0])
        at_once.append(shell(SWEEP, directory)[0])
    show(f"{GRID} x {GRID} x {IMAGES} cells, one anom-sweep / engine",
         statistics.median(in_parts), statistics.median(at_once), .97, "s", 1)
    shell(f"""head -c $((2 * (4 * 65536 + 16))) healthy >two
        for i in $(seq 1000); do
            anom-sweep --shard $i/1000 {PLANE} two >shard.$i
        done""", directory)
    took = shell("anom-sweep --merge shard.* >merged", directory)[0]
    show_most("merge of 1,000 shards of the plane", took, "s", 10)
    show_most("its peak memory", peak(
        "/usr/bin/time -f %M $BIN/anom-sweep --merge shard.* >merged",
        directory), "MiB", 200)


def volume(rng, side):
    """A smooth map of a cube with lesions in it, as streams of slices."""
    score = rng.random((side, side, side), dtype=np.float32)
    score += gaussian_filter(score, 2) * 8
    lesion = np.zeros(score.shape, np.uint8)
    for z, y, x in rng.integers(0, side - 12, (12, 3)):
        lesion[z:z + 9, y:y + 9, x:x + 9] = 1
        score[z:z + 9, y:y + 9, x:x + 9] += .3
    return score, lesion


def froc_by_labels(score, lesion, thresholds):
    """Lesions found and false regions at thresholds, by scipy."""
    whole = np.ones((3, 3, 3))
    lesions, count = regions_of(lesion, whole)
    most = maximum(score, lesions, range(1, count + 1))
    curve = []
    for t in thresholds:
        regions, n = regions_of(score >= t, whole)
        hit = np.unique(regions[lesion > 0])
        curve.append(((most >= t).sum(), n - (hit > 0).sum()))
    return curve


def bench_froc(directory):
    """FROC of a volume of 256^3 against scipy at 100 thresholds."""
    rng = np.random.default_rng(3)
    side = 256
    score, lesion = volume(rng, side)
    with open(os.path.join(directory, "maps"), "wb") as f:
        for a in score:
            f.write(pfm(a))
    with open(os.path.join(directory, "lesions"), "wb") as f:
        for a in lesion:
            f.write(b"P5\n%d %d\n1\n" % (side, side) + a.tobytes())
    with open(os.path.join(directory, "one.tsv"), "w") as f:
        f.write("image\tsubject\tvolume\n")
        f.writelines(f"{i}\ts\t0\n" for i in range(side))
    command = ("/usr/bin/time -f %M -o memory score --volumes one.tsv "
               "--metrics {} --bootstrap 0 maps lesions >/dev/null")
    ours = statistics.median(shell(command.format("froc"), directory)[0]
                             for _ in range(3))
    some = np.quantile(score, np.linspace(.5, .9999, 5))
    start = time.perf_counter()
    froc_by_labels(score, lesion, some)
    theirs = (time.perf_counter() - start) / len(some) * 100
    show("FROC of 256^3 voxels / scipy, 100 thresholds", ours, theirs, 50,
         "s", 1)
    # Eight such volumes, one at a time.
    shell("for i in 1 2 3 4 5 6 7 8; do cat maps; done >many; "
          "for i in 1 2 3 4 5 6 7 8; do cat lesions; done >many-lesions; "
          "{ head -n 1 one.tsv; for i in $(seq 0 2047); do "
          "printf '%d\\ts\\t%d\\n' $i $((i / 256)); done; } >eight.tsv",
          directory)
    memory = []
    for name in "one.tsv maps lesions", "eight.tsv many many-lesions":
        shell(f"/usr/bin/time -f %M -o memory score --bootstrap 0 --volumes "
              f"{name} >/dev/null", directory)
        with open(os.path.join(directory, "memory")) as f:
            memory.append(int(f.read()) / 1024)
    show_most("score --volumes, memory of 8 volumes / of one",
              memory[1] / memory[0], "x", 1.1)


def slices_by_nibabel(path):
    """A volume scaled to 0 to 1, as slices to nowhere."""
    v = np.asanyarray(nibabel.load(path).dataobj).astype("f4")
    v = (v - v.min()) / (v.max() - v.min())
    with open(os.devnull, "wb") as out:
        for k in range(v.shape[2]):
            out.write(pfm(v[:, :, k].T))


def bench_nifti(directory):
    """nii-slices of 256^3 voxels against nibabel and numpy."""
    rng = np.random.default_rng(4)
    v = gaussian_filter(rng.random((256, 256, 256), dtype=np.float32), 1)
    v = np.maximum(v - .45, 0) * 20000
    for kind, name in [("u1", "v.nii"), ("i2", "v.nii"), ("f4", "v.nii"),
                       ("f8", "v.nii"), ("i2", "v.nii.gz")]:
        path = os.path.join(directory, name)
        nibabel.save(nibabel.Nifti1Image((v / 20 if kind == "u1" else v)
                                         .astype(kind), np.eye(4)), path)
        ours, theirs = compare(
            lambda: shell(f"nii-slices {name} >/dev/null", directory),
            lambda: slices_by_nibabel(path), 5)
        show(f"nii-slices {name}, {kind} / nibabel", ours, theirs, 1, "s", 1)


def bench_start():
    empty = os.devnull
    ours, theirs = compare(
        lambda: subprocess.run([f"{BIN}/recon-degrade", "none", empty],
                               stdout=subprocess.PIPE),
        lambda: subprocess.run(["/bin/true"], stdout=subprocess.PIPE))
    show("start and end of a filter / true", ours, theirs, None)


PYTHON = """import sys, time, blindspot
images = list(blindspot.read("healthy"))
start = time.process_time()
n = sum(image.nbytes for image in blindspot.read("healthy"))
read = time.process_time() - start
with open("/dev/null", "wb") as file:
    start = time.process_time()
    for image in images:
        blindspot.write(file, image)
print(n / read, n / (time.process_time() - start))"""
SERVE = "import blindspot; blindspot.serve(lambda x: x, batch=16)"


def bench_python(directory):
    """blindspot.py: bytes a second of a processor, and an identity between
    two pipes against cat."""
    lib = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                       "lib", "python")
    with open(os.path.join(directory, "identity.py"), "w") as f:
        f.write(SERVE)
    with open(os.path.join(directory, "speed.py"), "w") as f:
        f.write(PYTHON)
    python = f"PYTHONPATH='{os.path.abspath(lib)}' /usr/bin/python3"
    rates = [[float(x) / 1e6 for x in shell(f"{python} speed.py", directory)[
        1].split()] for _ in range(5)]
    for what, rate in zip(["read", "write"], zip(*rates)):
        rate = statistics.median(rate)
        print(f"{f'blindspot.{what}, PFM, MB/s':44} {rate:9.0f}     goal 500  "
              f"{note(f'blindspot.{what}', rate, 'MB/s', 500)}", flush=True)
    feed = ("{ for i in 1 2 3 4 5 6; do cat healthy; done; "
            f"head -c $((80 * (4 * {SIZE * SIZE} + 16))) healthy; }} |")
    ours, theirs = [], []
    for _ in range(5):
        ours.append(shell(f"{feed} {python} identity.py | cat >/dev/null",
                          directory)[0])
        theirs.append(shell(f"{feed} cat | cat >/dev/null", directory)[0])
    show("serve, identity, 2000 images / cat", statistics.median(ours),
         statistics.median(theirs), .5, "s", 1)


def peak(command, directory):
    """Peak memory of a program in MiB, fed by a shell pipeline."""
    out = subprocess.run(["bash", "-c", command], cwd=directory,
                         stderr=subprocess.PIPE, check=True,
                         env={**os.environ, "BIN": os.path.abspath(BIN)})
    return int(out.stderr.split()[-1]) / 1024


def bench_memory(directory):
    feed = "for i in $(seq %d); do cat ten; done |"
    tail = {
        "anom-inject": "anom-inject disk --mask /dev/null >/dev/null",
        "recon-degrade": "recon-degrade blur >/dev/null",
        "residual": "residual abs - <(for i in $(seq %d); do cat ten; done) "
                    ">/dev/null",
        "score": "score - <(for i in $(seq %d); do cat ten.mask; done) "
                 ">/dev/null",
    }
    shell("head -c $((10 * (4 * 65536 + 16))) healthy >ten; "
          "anom-inject disk --mask ten.mask ten >/dev/null", directory)
    print(f"\n{'peak memory, MiB':44} {'20':>9} {'2000':>9} images")
    for name, command in tail.items():
        few, many = (peak((feed + " /usr/bin/time -f %%M $BIN/" + command) %
                          ((n,) * (1 + command.count("%d"))), directory)
                     for n in (2, 200))
        met = note(f"{name}, peak memory", many, "MiB", 16, True)
        print(f"{name:44} {few:9.1f} {many:9.1f}     goal 16  {met}",
              flush=True)


PARTS = ["blur", "median", "ssim", "ap", "mahalanobis", "aupro", "ood",
         "cell", "sweep", "bands", "engine", "froc", "nifti",
         "start", "python", "memory", "throughput"]


def chosen():
    """The parts that KINDS names; learn is a script of its own."""
    words = os.environ.get("KINDS", "").replace(",", " ").split()
    for word in words:
        if word not in [*PARTS, "learn"]:
            sys.exit(f"bench: KINDS: no part {word}, expected some of "
                     f"{' '.join(PARTS)} learn")
    return words or PARTS


def facts():
    """What a figure depends on besides the code."""
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f
                      if line.startswith("model name")), platform.machine())
    version = subprocess.run([f"{BIN}/score", "--version"], text=True,
                             stdout=subprocess.PIPE, check=True).stdout
    return {"processor": model, "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.release()}",
            "load": " ".join(f"{x:.2f}" for x in os.getloadavg()),
            "version": version.strip(), "python": platform.python_version(),
            "numpy": np.__version__, "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
            "scikit-image": skimage.__version__}


def write_figures(path, machine):
    with open(path, "w") as f:
        for name, value in machine.items():
            print(f"# {name} {value}", file=f)
        for row in [["figure", "value", "unit", "goal", "met", "seconds",
                     "seconds_of_reference"], *FIGURES]:
            print(*row, sep="\t", file=f)


def main():
    parts, machine = chosen(), facts()
    print(f"{machine['processor']}, {machine['cores']} cores, load "
          f"{machine['load']}\n")
    print(f"{'what / reference':44} {'ours':>9} {'reference':>9}     "
          f"{'ratio':>8}  {'goal':>5}")
    healthy = brains(IMAGES)
    x = healthy[0]
    rng = np.random.default_rng(1)
    y, c = np.mgrid[:SIZE, :SIZE]
    disk = ((y - 128) ** 2 + (c - 100) ** 2 < 400).astype(np.float32)
    residual_map = np.abs(np.where(disk > 0, np.float32(.5), x) -
                          gaussian_filter(x, 2))
    noise = rng.random((SIZE, SIZE), dtype=np.float32)
    blobs = (gaussian_filter(rng.standard_normal((SIZE, SIZE)), 4) > .09)
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "healthy"), "wb") as f:
            for a in healthy:
                f.write(pfm(a))
        run = {
            "blur": lambda: bench_blur(x),
            "median": lambda: bench_median(x),
            "ood": lambda: bench_ood(directory),
            "ssim": lambda: bench_ssim(x, gaussian_filter(x, 2)),
            "ap": lambda: bench_ap([("a residual map", residual_map, disk),
                                    ("a noise map", noise, disk)]),
            "mahalanobis": lambda: bench_mahalanobis(x),
            "aupro": lambda: bench_aupro(residual_map,
                                         blobs.astype(np.float32)),
            "cell": lambda: bench_cell(directory, healthy),
            "sweep": lambda: bench_sweep(healthy, directory),
            "bands": lambda: bench_bands(directory),
            "engine": lambda: bench_engine(directory),
            "froc": lambda: bench_froc(directory),
            "nifti": lambda: bench_nifti(directory),
            "start": bench_start,
            "python": lambda: bench_python(directory),
            "memory": lambda: bench_memory(directory),
            "throughput": lambda: bench_throughput(directory),
        }
        for part in PARTS:
            if part in parts:
                run[part]()
    if path := os.environ.get("TSV"):
        write_figures(path, machine)


if __name__ == "__main__":
    sys.exit(main())
