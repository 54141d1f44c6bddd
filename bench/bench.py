"""Time and memory of the filters, as ratios against named references.

Each ratio is of medians of interleaved repetitions in one run, so that a
machine that slows down slows both sides.  Nothing is asserted.
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

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity
from sklearn.metrics import average_precision_score

BIN = os.environ["BIN"]
LIB = ctypes.CDLL(os.path.abspath(os.environ["LIB"]))
SIZE = 256
IMAGES = 320


class Image(ctypes.Structure):
    _fields_ = [("rows", ctypes.c_size_t), ("cols", ctypes.c_size_t),
                ("data", ctypes.POINTER(ctypes.c_float)),
                ("capacity", ctypes.c_size_t)]


class Kind(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("summary", ctypes.c_char_p),
                ("source", ctypes.c_char_p), ("inputs", ctypes.c_uint),
                ("params", ctypes.c_void_p), ("pointwise", ctypes.c_bool),
                ("apply", ctypes.c_void_p)]


class Ranking(ctypes.Structure):
    _fields_ = [("room", ctypes.c_size_t * 9)]


class Curve(ctypes.Structure):
    _fields_ = [("room", ctypes.c_size_t * 6)]


def image(a):
    """A float32 array as a struct bsp_image, borrowed."""
    data = a.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    return Image(a.shape[0], a.shape[1], data, a.size)


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


def show(what, ours, reference, goal, unit="ms", scale=1e3):
    ratio = reference / ours
    print(f"{what:44} {ours * scale:9.3f} {reference * scale:9.3f} {unit:3}"
          f" {ratio:7.1f}x  {goal and f'{goal}x' or '-':>5}"
          f"  {'' if not goal else 'met' if ratio >= goal else 'below'}",
          flush=True)


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
    kinds = (Kind * 3).in_dll(LIB, "bsp_degrade_kinds")
    kind = next(k for k in kinds if k.name == b"blur")
    apply = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 5)(kind.apply)
    source, target = image(x), Image()
    job, error = (ctypes.c_char * 64)(), (ctypes.c_char * 4096)()
    for sigma in [.5, 1, 2.5, 5]:
        params = (ctypes.c_double * 1)(sigma)
        refs = [ctypes.addressof(v) for v in (job, params, source, target,
                                              error)]
        ours, theirs = compare(lambda: apply(*refs),
                               lambda: gaussian_filter(x, sigma))
        y = np.ctypeslib.as_array(target.data, x.shape)
        assert np.abs(y - gaussian_filter(x, sigma)).max() <= 1e-6
        show(f"blur, sigma {sigma} / scipy gaussian_filter", ours, theirs, 8)


def bench_ssim(x, y):
    kinds = (Kind * 6).in_dll(LIB, "bsp_residual_kinds")
    kind = next(k for k in kinds if k.name == b"ssim")
    apply = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)(kind.apply)
    pair, target = (image(x), image(y)), Image()
    inputs = (ctypes.c_void_p * 2)(*map(ctypes.addressof, pair))
    params, error = (ctypes.c_double * 4)(1.5, .01, .03, 1), \
        (ctypes.c_char * 4096)()
    refs = [ctypes.addressof(v) for v in (inputs, params, target, error)]

    def reference(a, b):
        return structural_similarity(
            a, b, gaussian_weights=True, sigma=1.5, data_range=1, full=True,
            use_sample_covariance=False)[1]

    a, b = x.astype(float), y.astype(float)
    ours, theirs = compare(lambda: apply(*refs), lambda: reference(a, b))
    z = np.ctypeslib.as_array(target.data, x.shape)
    assert np.abs(1 - z - reference(a, b)).max() <= 1e-6
    show("ssim / scikit-image, both in double", ours, theirs, 10)
    ours, theirs = compare(lambda: apply(*refs), lambda: reference(x, y))
    show("the same / scikit-image in float32", ours, theirs, None)


def bench_throughput(directory):
    """Images a second through each kind, start of the program included."""
    n = 40
    shell(f"head -c $(({n} * (4 * 65536 + 16))) healthy >some; "
          "recon-degrade blur some >recon", directory)
    print(f"\n{'one process, defaults, 256 x 256':44} {'images/s':>9}")

    def rate(name, *command):
        took, _ = min(shell(" ".join(command) + " >/dev/null", directory)
                      for _ in range(3))
        print(f"{name:44} {n / took:9.0f}", flush=True)

    for program, inputs in [("anom-inject", "some"), ("recon-degrade", "some"),
                            ("residual", "some recon")]:
        words = subprocess.run([f"{BIN}/{program}", "--complete"], text=True,
                               stdout=subprocess.PIPE, check=True).stdout
        for kind in words.split():
            if not kind.startswith("-"):
                rate(f"{program} {kind}", program, kind, inputs)
    rate("fg-equalize", "fg-equalize", "some")
    rate("brain-phantom", "brain-phantom", "--count", str(n))


def bench_ap(maps):
    LIB.bsp_average_precision.restype = ctypes.c_double
    ranking, curve = Ranking(), Curve()
    error = (ctypes.c_char * 4096)()

    for name, scores, labels in maps:
        a, b = image(scores), image(labels)
        refs = [ctypes.byref(v) for v in (ranking, a, b)]

        def ours():
            LIB.bsp_ranking_clear(refs[0])
            LIB.bsp_ranking_add(*refs, None, error)
            LIB.bsp_ranking_curve(refs[0], ctypes.byref(curve), error)
            return LIB.bsp_average_precision(ctypes.byref(curve))

        def theirs():
            return average_precision_score(labels.ravel(), scores.ravel())

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
SWEEP = f"""/usr/bin/time -f %M -o memory anom-sweep \\
    --inject disk:radius=20,intensity=0:1:{GRID} \\
    --degrade blur:sigma=0:5:{GRID} healthy >sweep.tsv"""


def bench_sweep(healthy, directory):
    """The whole plane, against the published protocol on sampled cells."""
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:SIZE, :SIZE]
    took = []
    for _ in range(200):
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
    ours, _ = shell(SWEEP, directory)
    with open(os.path.join(directory, "memory")) as f:
        memory = int(f.read()) / 1024
    show(f"{GRID} x {GRID} x {IMAGES} cells, 2 cores / one process", ours,
         statistics.mean(took) * GRID * GRID * IMAGES, 1000, "s", 1)
    print(f"{'its peak memory, MiB':44} {memory:9.1f}     goal 500  "
          f"{'met' if memory < 500 else 'above'}", flush=True)


def bench_start():
    empty = os.devnull
    ours, theirs = compare(
        lambda: subprocess.run([f"{BIN}/recon-degrade", "none", empty],
                               stdout=subprocess.PIPE),
        lambda: subprocess.run(["/bin/true"], stdout=subprocess.PIPE))
    show("start and end of a filter / true", ours, theirs, None)


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
        print(f"{name:44} {few:9.1f} {many:9.1f}     goal 16  "
              f"{'met' if many < 16 else 'above'}", flush=True)


def main():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f
                      if line.startswith("model name")), platform.machine())
    print(f"{model}, {os.cpu_count()} cores\n")
    print(f"{'what / reference':44} {'ours':>9} {'reference':>9}     "
          f"{'ratio':>8}  {'goal':>5}")
    healthy = brains(IMAGES)
    x = healthy[0]
    bench_blur(x)
    bench_ssim(x, gaussian_filter(x, 2))
    rng = np.random.default_rng(1)
    y, c = np.mgrid[:SIZE, :SIZE]
    disk = ((y - 128) ** 2 + (c - 100) ** 2 < 400).astype(np.float32)
    residual = np.abs(np.where(disk > 0, np.float32(.5), x) -
                      gaussian_filter(x, 2))
    noise = rng.random((SIZE, SIZE), dtype=np.float32)
    bench_ap([("a residual map", residual, disk),
              ("a noise map", noise, disk)])
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "healthy"), "wb") as f:
            for a in healthy:
                f.write(pfm(a))
        bench_cell(directory, healthy)
        bench_sweep(healthy, directory)
        bench_start()
        bench_memory(directory)
        bench_throughput(directory)


if __name__ == "__main__":
    sys.exit(main())
