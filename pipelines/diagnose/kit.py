"""What the scripts of this experiment share: streams as recon-degrade writes
them (little-endian PFM), tables, subjects, and intervals of a mean.

It needs Python 3 alone.  Sums are math.fsum's, which are exact, and numbers are
drawn by random.Random: the same bytes with every release of Python.
"""

import array
import json
import math
import os
import random
import statistics
import subprocess
import sys


# What its messages begin with; scripts that compare runs say its name.
program = os.environ.get("SAID_BY", "diagnose")


def fail(text, status=3):
    """End with one line on standard error."""
    print("%s: %s" % (program, text), file=sys.stderr)
    raise SystemExit(status)


# -------------------------------------------------------------------- streams


def headers(path):
    """(offset, width, height) of each image of a PFM stream; offset is that of
    its samples, 4 * width * height bytes, the bottom row first."""
    found = []
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        while file.tell() < size:
            if file.readline() != b"Pf\n":
                fail(path + " is not the stream that was written there", 4)
            width, height = map(int, file.readline().split())
            file.readline()
            found.append((file.tell(), width, height))
            file.seek(4 * width * height, 1)
    return found


def samples(file, header):
    """The samples of an image as array('f'), the top row first."""
    offset, width, height = header
    file.seek(offset)
    data = array.array("f")
    data.frombytes(file.read(4 * width * height))
    if sys.byteorder == "big":
        data.byteswap()
    rows = array.array("f")
    for row in range(height - 1, -1, -1):
        rows.extend(data[row * width:(row + 1) * width])
    return rows


def extent(header):
    """(first, last) byte of an image with its header, as written in a stream."""
    offset, width, height = header
    start = offset - len(b"Pf\n%d %d\n-1.0\n" % (width, height))
    return start, offset + 4 * width * height


def write_image(file, data, width, height):
    """Write samples, the top row first, as PFM."""
    file.write(b"Pf\n%d %d\n-1.0\n" % (width, height))
    for row in range(height - 1, -1, -1):
        line = array.array("f", data[row * width:(row + 1) * width])
        if sys.byteorder == "big":
            line.byteswap()
        file.write(line.tobytes())


def residual_options(spec):
    """A residual's kind and options, as its program takes them."""
    kind, _, rest = spec.partition(":")
    words = [kind]
    for word in filter(None, rest.split(",")):
        key, has, value = word.partition("=")
        words.append("--" + key)
        if has:
            words.append(value)
    return words


# --------------------------------------------------------------------- tables


class Table:
    """A TSV of ours: rows are dicts of text, facts the `# NAME VALUE` lines."""

    def __init__(self, lines, name="a table"):
        self.rows, self.lines, self.columns = [], [], None
        for line in lines:
            line = line.rstrip("\n")
            if line == "# incomplete":
                fail(name + " is incomplete")
            if line.startswith("#"):
                self.lines.append(line)
                continue
            cells = line.split("\t")
            if self.columns is None:
                self.columns = cells
            else:
                self.rows.append(dict(zip(self.columns, cells)))

    def fact(self, name):
        """The text of the line `# NAME ...`, or None."""
        for line in self.lines:
            if line.startswith("# " + name + " "):
                return line[len(name) + 3:]
        return None


def table(path):
    with open(path, encoding="utf-8") as file:
        return Table(file, path)


def number(text):
    """A number of a table; None where it is undefined."""
    value = float(text)
    return None if math.isnan(value) else value


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def dump(value, file=None):
    """JSON that is the same for the same numbers: shortest decimals, in order."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    (file or sys.stdout).write(text + "\n")


# ------------------------------------------------------------------- subjects


def subjects_of(path, images, name="INDEX"):
    """The subject of each image, as numbers from 0 in the order in which they
    first occur, and their names; without an index each image is its own."""
    if not path:
        return list(range(images)), None
    of = {}
    with open(path, encoding="utf-8-sig") as file:
        rows = Table(file, path).rows
    for row in rows:
        if "image" not in row or "subject" not in row:
            fail(name + ": expected the columns image and subject")
        of[int(row["image"])] = row["subject"].strip(' "')
    names, numbers = [], []
    for image in range(images):
        if not of.get(image):
            fail("%s: no subject for image %d of %d" % (name, image, images))
        if of[image] not in names:
            names.append(of[image])
        numbers.append(names.index(of[image]))
    extra = sorted(set(of) - set(range(images)))
    if extra:
        fail("%s: a row for image %d, but there are %d images" %
             (name, extra[0], images))
    return numbers, names


def draws(subjects, replicates, seed):
    """The subjects of each replicate: the same for every curve of a study."""
    if subjects < 2:
        return []
    generator = random.Random(seed)
    return [[int(generator.random() * subjects) for _ in range(subjects)]
            for _ in range(replicates)]


# ------------------------------------------------------------------ intervals


def incomplete_beta(x, a, b):
    """The regularised incomplete beta function, by its continued fraction
    (Press et al., Numerical Recipes, section 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) +
                     a * math.log(x) + b * math.log1p(-x)) / a
    tiny, c, d = 1e-300, 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 1000):
        for top in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                    -(a + m) * (a + b + m) * x /
                    ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1 + top * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + top / c
            c = c if abs(c) > tiny else tiny
            value *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * value


def student_quantile(level, freedom):
    """t with P(T > t) = level, for level below one half, by bisection."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        above = incomplete_beta(freedom / (freedom + middle * middle),
                                freedom / 2, 0.5) / 2
        low, high = (middle, high) if above > level else (low, middle)
    return (low + high) / 2


def tail_level(subjects):
    """The expanded percentile that stands for 2.5 % (Hesterberg, The American
    Statistician 2015, section 4): a plain one is too narrow for few subjects."""
    t = student_quantile(0.025, subjects - 1)
    return statistics.NormalDist().cdf(
        -math.sqrt(subjects / (subjects - 1)) * t)


def quantile(ordered, share):
    """Linearly interpolated between the order statistics, as numpy's."""
    at = share * (len(ordered) - 1)
    k = min(int(at), len(ordered) - 2)
    if k < 0:
        return ordered[0]
    return ordered[k] + (at - k) * (ordered[k + 1] - ordered[k])


def interval(values, subjects):
    """The 95 % interval [low, high] of replicates, or None: it needs two
    subjects, and a value in at least half of the replicates."""
    defined = sorted(v for v in values if v is not None)
    if subjects < 2 or len(defined) < 2 or 2 * len(defined) < len(values):
        return None
    level = tail_level(subjects)
    return [quantile(defined, level), quantile(defined, 1 - level)]


def mean(values):
    return math.fsum(values) / len(values) if values else None


class Cluster:
    """The values of one quantity, summed by subject, for its mean over images
    and over the images of drawn subjects."""

    def __init__(self, values, subject_of, subjects):
        self.values = [v for v in values if v is not None]
        by = [[] for _ in range(subjects)]
        for value, subject in zip(values, subject_of):
            if value is not None:
                by[subject].append(value)
        self.sums = [math.fsum(v) for v in by]
        self.counts = [len(v) for v in by]

    def mean(self):
        return mean(self.values)

    def drawn(self, subjects):
        count = sum(map(self.counts.__getitem__, subjects))
        if not count:
            return None
        return math.fsum(map(self.sums.__getitem__, subjects)) / count


# ----------------------------------------------------------------------- sweeps


class Sweep:
    """What anom-sweep --per-image wrote: clusters of AP by the values of the
    swept parameters, as their text."""

    def __init__(self, path, index):
        text = table(path)
        last = text.columns.index("image")
        cells, self.pixels = {}, {}
        for row in text.rows:
            values = list(row.values())
            image = int(row["image"])
            cells.setdefault(tuple(values[:last]), {})[image] = \
                number(row["ap"])
            self.pixels[image] = int(row["anomalous"])
        self.images = sorted(self.pixels)
        subject_of, _ = subjects_of(index, len(self.images))
        self.subjects = len(set(subject_of))
        self.clusters = {
            key: Cluster([of[i] for i in self.images], subject_of,
                         self.subjects) for key, of in cells.items()}
        # What a table says of these images, for those who compare tables.
        self.head = [line for line in text.lines if not line.startswith(
            ("# blindspot", "# reconstructions"))]


def cell(value):
    return "nan" if value is None else repr(value)


def blind_interval(lines, *options):
    """The table that blind-interval makes of a table."""
    done = subprocess.run(["bin/blind-interval", *options],
                          input="\n".join(lines) + "\n",
                          capture_output=True, text=True)
    if done.returncode:
        fail(done.stderr.strip(), done.returncode)
    return Table(done.stdout.split("\n")[:-1], "blind-interval's table")
