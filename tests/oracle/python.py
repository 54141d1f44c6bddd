"""blindspot.py against the C reader and programs: every format and size, cut
at every byte, damaged in many ways; tables; run."""
import ctypes
import io
import os
import struct
import subprocess

import numpy as np

from blindspot_io import BIN, blindspot, done, ok, pfm, pgm, run, scratch

rng = np.random.default_rng(17)


class CError(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("errnum", ctypes.c_int),
                ("stream", ctypes.c_char_p), ("image", ctypes.c_int64),
                ("byte", ctypes.c_int64), ("text", ctypes.c_char * 512)]


class CImage(ctypes.Structure):
    _fields_ = [("rows", ctypes.c_size_t), ("cols", ctypes.c_size_t),
                ("data", ctypes.POINTER(ctypes.c_float)),
                ("capacity", ctypes.c_size_t)]


def c_read(data, masks=False):
    """Images and the message, by the C library."""
    e, image = CError(), CImage()
    reader = LIBRARY.bsp_reader_open_memory(
        data, len(data), b"stream", int(masks), ctypes.byref(e))
    out = []
    while (r := LIBRARY.bsp_reader_next(reader, ctypes.byref(image),
                                        ctypes.byref(e))) == 1:
        n = image.rows * image.cols
        out.append(np.ctypeslib.as_array(image.data, (n,)).reshape(
            image.rows, image.cols).copy())
    LIBRARY.bsp_image_free(ctypes.byref(image))
    LIBRARY.bsp_reader_close(reader)
    return out, "" if r == 0 else (f"stream: image {e.image}: byte {e.byte}: "
                                   + e.text.decode("latin-1"))


def p_read(data, masks=False):
    """The same by blindspot.py."""
    out = []
    try:
        for image in blindspot.read(io.BytesIO(data), masks):
            out.append(image)
    except blindspot.Error as e:
        return out, str(e)
    return out, ""


def same(data, masks=False):
    ours, said = p_read(data, masks)
    theirs, wanted = c_read(data, masks)
    equal = said == wanted and len(ours) == len(theirs) and all(
        a.dtype == np.float32 and a.flags.c_contiguous and
        a.shape == b.shape and a.tobytes() == b.tobytes()
        for a, b in zip(ours, theirs))
    if not equal:
        print("#", data[:60], masks, len(ours), len(theirs), repr(said),
              repr(wanted))
    return equal


def plain(a, maxval, comment=b""):
    lines = b"\n".join(b" ".join(b"%d" % v for v in row) for row in a)
    return b"P2 %s\n%d\t%d\r%d\n" % (comment, a.shape[1], a.shape[0],
                                    maxval) + lines + b"\n"


def pam(a, maxval):
    kind = ">u2" if maxval > 255 else "u1"
    return (b"P7\n# one\nHEIGHT %d\n\nWIDTH %d\nDEPTH 1\nMAXVAL %d\n"
            b"TUPLTYPE GRAYSCALE\nENDHDR\n" % (*a.shape, maxval) +
            a.astype(kind).tobytes())


def bits(a):
    return b"P4\n%d %d\n" % (a.shape[1], a.shape[0]) + \
        np.packbits(a > 0, axis=1).tobytes()


def plain_bits(a, between):
    return b"P1\n# x\n%d %d\n" % (a.shape[1], a.shape[0]) + between.join(
        b"01"[int(v > 0):][:1] for v in a.ravel()) + b"\n"


def whole(maxval):
    return lambda shape: rng.integers(0, maxval + 1, shape)


FORMATS = {  # how samples are drawn, and an image made of them
    "P5, 255": (whole(255), pgm),
    "P5, 100": (whole(100), lambda a: pgm(a, maxval=100)),
    "P5, 65535": (whole(65535), lambda a: pgm(a, maxval=65535)),
    "P5, 1000": (whole(1000), lambda a: pgm(a, maxval=1000)),
    "P2, 255": (whole(255), lambda a: plain(a, 255)),
    "P2, 65535, a comment": (whole(65535), lambda a: plain(
        a, 65535, b"# 1 2 3 ")),
    "P7, 255": (whole(255), lambda a: pam(a, 255)),
    "P7, 999": (whole(999), lambda a: pam(a, 999)),
    "Pf": (rng.random, pfm),
    "Pf, big-endian": (rng.random, lambda a: pfm(a, endian=">")),
    "Pf, scale 3": (rng.random, lambda a: pfm(a, scale=3.)),
    "Pf, big-endian, scale .1": (rng.random, lambda a: pfm(
        a, endian=">", scale=.1)),
    "P4": (whole(1), bits),
    "P1": (whole(1), lambda a: plain_bits(a, b"")),
    "P1, spaced": (whole(1), lambda a: plain_bits(a, b" \n")),
}
SIZES = [(1, 1), (1, 9), (8, 1), (5, 3)]
LARGE = [(2, 17), (31, 8), (97, 131)]

ODD = [
    b"", b"P", b"Q", b"P5", b"P5\n", b"P5 ", b"Pf\n", b"Pf", b"P2\n", b"P7\n",
    b"P5\n\n", b"Pf\n\n", b"P5\n# no end", b"P5#x\n1 1 255\na",
    b"P5\n1#x\n1#y\r255#z\na", b"P5\n1 1\n255#z\nab", b"P5 1 1 255 a",
    b"P5\v1\f1\r255\ta", b"P5x1 1 255 a", b"P5\n0 1\n255\n", b"P5\n1 0\n255\n",
    b"P5\n-1 1\n255\n", b"P5\n+1 1\n255\na", b"P5\n1.0 1\n255\na",
    b"P5\n1e0 1\n255\na", b"P5\n01 1\n255\na", b"P5\n1 1\n0\na",
    b"P5\n1 1\n65536\na", b"P5\n1 1\n65535\nab", b"P5\n1 1\n00255\nab",
    b"P5\n99999999999999999999999 1\n255\na", b"P5\n2147483648 1\n255\na",
    b"P5\n2147483647 2147483647\n255\na", b"P5\n18446744073709551616 1\n1\n",
    b"P5\n" + b"1" * 60 + b" 1\n255\n", b"P5\n1\x00 1\n255\na",
    b"P5\n\xff 1\n255\na", b"P5\n2 1\n7\n\x03\x09", b"P5\n2 1\n7\n\x09",
    b"P5\n2 1\n300\n\x00\x01\x01\xff", b"P5\n1 1\n255\na\n\n \t\r\v\f",
    b"P5\n1 1\n255\na\n\nP5\n1 1\n255\nb", b"P5\n1 1\n255\naP2\n1 1\n9\n3",
    b"P5\n1 1\n255\na#", b"P5\n1 1\n255\naP5\n", b"P5\n1 1\n255\naPf\n",
    b" P5\n1 1\n255\na", b"P2\n2 1\n9\n3 4", b"P2\n2 1\n9\n3 4 ",
    b"P2\n2 1\n9\n3 ", b"P2\n2 1\n9\n3", b"P2\n2 1\n9\n3 10 ",
    b"P2\n2 1\n9\n3 0004 ", b"P2\n2 1\n9\n3 000000000000000004 ",
    b"P2\n2 1\n9\n3 " + b"0" * 5000 + b"4 ", b"P2\n2 1\n9\n-3 4 ",
    b"P2\n2 1\n9\n3 +4 ", b"P2\n2 1\n9\n3 4x", b"P2\n2 1\n9\n3# 4\n",
    b"P2\n2 1\n9\n3 1_0 ", b"P2\n2 1\n9\n3\v4\f", b"P2\n1 1\n9\n3P2\n",
    b"P2\n1 1\n9\n3 P2\n1 1\n9\n4\nPf\n", b"P2\n1 1\n9\n3\0",
    b"P1\n2 1\n01", b"P1\n2 1\n01 ", b"P1\n2 1\n01x", b"P1\n2 1\n012",
    b"P1\n2 1\n0", b"P1\n2 1\n0 2", b"P1\n2 1\n0-1", b"P1\n2 1\n01P1\n",
    b"P1\n2 2\n0 1\n1 0\nP4\n9 1\n\xff\x80", b"P4\n9 2\n\xff\x80\x01",
    b"P7 WIDTH 1\nENDHDR\n", b"P7\r\nENDHDR\n", b"P7\nENDHDR\n",
    b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nENDHDR\nabc",
    b"P7\nWIDTH 1\nWIDTH 1\nENDHDR\n", b"P7\nWIDTH\nENDHDR\n",
    b"P7\nWIDTH 1 2\nENDHDR\n", b"P7\n  WIDTH \t 1  \nHEIGHT 1\nDEPTH 1\n"
    b"MAXVAL 9\r\nENDHDR \r\n\x04", b"P7\nCOLOR 1\nENDHDR\n",
    b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nENDHDR\n", b"P7\n" + b"#" * 254 +
    b"\nENDHDR\n", b"P7\n" + b"#" * 256 + b"\nENDHDR\n",
    b"P7\nWIDTH 1\x00\nENDHDR\n", b"P7\nWIDTH 1", b"P7\nMAXVAL 65536\nENDHDR",
    b"P7\nTUPLTYPE\nTUPLTYPE x y\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 9\n"
    b"#ENDHDR\nENDHDR\n\x09", b"P7\n#\n\n \nWIDTH 0\n",
    b"Pf\n1 1\n-1\n", b"Pf\n1 1\n0\nabcd", b"Pf\n1 1\n-0.0\nabcd",
    b"Pf\n1 1\n-1e-400\nabcd", b"Pf\n1 1\n1e400\nabcd", b"Pf\n1 1\nnan\nabcd",
    b"Pf\n1 1\ninf\nabcd", b"Pf\n1 1\n0x1p3\nabcd", b"Pf\n1 1\n1.0\r\nabcd",
    b"Pf\n1 1\n1.0\rabcd", b"Pf\n1 1\n1_0\nabcd", b"Pf\n1 1\n.5\nabcd",
    b"Pf\n1 1\n5.\nabcd", b"Pf\n1 1\n.\nabcd", b"Pf\n1 1\n+1e1\nabcd",
    b"Pf\n1 1\n1e\nabcd", b"Pf\n1 1\n-1e-300\nabcd", b"Pf\n#1 1\n1\nabcd",
    b"Pf\n1 #1\n1\nabcd", b"Pf 1 1 -1 abcd", b"Pf\r\n1 1\n-1\nabcd",
    b"Pf\n2 2\n-1.0\n" + struct.pack("<4f", 1, np.nan, 3, np.inf),
    b"Pf\n2 2\n1.0\n" + struct.pack(">4f", 1, 2, -np.inf, 3),
    b"Pf\n1 2\n-1.0\n" + struct.pack("<2f", 3e38, 3e38),
    b"Pf\n2 1\n-.01\n" + struct.pack("<2f", 1, 3e38),
    b"Pf\n2 1\n-1.0\n" + struct.pack("<2f", 1e-45, -0.),
    b"P3\n1 1\n", b"P6\n1 1\n", b"PF\n1 1\n", b"\x89PNG\r\n", b"\xff\xd8\xff",
    b"II*\0", b"MM\0*", b"GIF89a", b"BM12", b"\x93NUMPY", b"PK\3\4",
    b"\x89HDF", b"\x5c\x01\0\0", b"\x1f\x8b\x08", b"\xfd7zXZ", b"\x28\xb5\x2f",
    b"BZh9", b"\0" * 128 + b"DICM", b"\0" * 128 + b"DIC", b"P8\n", b"hello\n",
    b"P\n", b"P\x00", b"\n\nP5\n1 1\n255\na",
]

if not os.environ.get("SANITIZED"):
    LIBRARY = ctypes.CDLL(os.path.join(BIN, "../lib/libblindspot.so"))
    LIBRARY.bsp_reader_open_memory.restype = ctypes.c_void_p
    LIBRARY.bsp_reader_open_memory.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_int,
        ctypes.c_void_p]
    LIBRARY.bsp_reader_next.argtypes = [ctypes.c_void_p] * 3
    LIBRARY.bsp_reader_close.argtypes = [ctypes.c_void_p]
    LIBRARY.bsp_image_free.argtypes = [ctypes.c_void_p]
    for name, (draw, make) in FORMATS.items():
        stream = b"".join(make(draw(size)) for size in SIZES)
        good = all(same(stream[:n], masks) for n in range(len(stream) + 1)
                   for masks in (False, True))
        ok(good, f"{name}: the C reader's verdict at each of {len(stream)} "
           "cuts")
        stream = b"".join(make(draw(size)) for size in LARGE)
        cuts = {len(stream)} | set(rng.integers(0, len(stream), 12).tolist())
        ok(all(same(stream[:n], masks) for n in cuts
               for masks in (False, True)),
           f"{name}: whole and cut, up to 97 x 131")
        small = make(draw((3, 4))) + make(draw((2, 2)))
        good = True
        for _ in range(150):
            bad = bytearray(small)
            for _ in range(rng.integers(1, 4)):
                at = rng.integers(len(bad)) if rng.random() < .5 else \
                    rng.integers(min(len(bad), 20))
                bad[at] = rng.choice(list(b"0159 \n\r\t#Pf-+.ex\0\xff"))
            good = same(bytes(bad), True) and same(bytes(bad)) and good
        ok(good, f"{name}: with damage, the C reader's verdict")
    for data in ODD:
        ok(same(data) and same(data, True), f"odd: {data[:40]!r}")
    mixed = [make(draw((4, 3))) for draw, make in FORMATS.values()]
    rng.shuffle(mixed)
    ok(same(b" \n".join(mixed), True), "formats mixed in one stream")


# What programs say and write, from a file and a pipe.
def program(data, name="recon-degrade"):
    p = subprocess.run([os.path.join(BIN, name), "none"], input=data,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p.returncode, p.stdout, p.stderr.decode()


def copy(data, *more):
    return subprocess.run(
        ["/usr/bin/python3", blindspot.__file__, "check", *more], input=data,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


image = rng.random((9, 7)).astype("f4")
many = pfm(*(rng.random((r, c)).astype("f4") for r, c in LARGE))
for data in [many, many[:-3], many[:40], b"", b"Pf\n", b"P2\n2 1\n9\n3 44 ",
             pfm(image)[:-4] + struct.pack("<f", np.nan), many + b"x"]:
    status, out, said = program(data)
    p = copy(data)
    ok((p.returncode, p.stdout, p.stderr.decode().replace(
        "blindspot check:", "recon-degrade:")) == (status, out, said),
       f"check writes what recon-degrade none does, status {status}")
for maxval in (255, 65535):
    data = pgm(rng.integers(0, maxval, (5, 4)), rng.integers(
        0, maxval, (3, 3)), maxval=maxval)
    ok(copy(data).stdout == data, f"check gives PGM of {maxval} back")
path = scratch("many.pfm", many)
ok(all(np.array_equal(a, b) for a, b in zip(
    blindspot.read(path), blindspot.read(io.BytesIO(many)))),
   "read takes a path")
for bad, says in [("/nosuch", "/nosuch: open: No such file"),
                  (io.StringIO("P5"), "opened as text")]:
    try:
        list(blindspot.read(bad))
        ok(False, says)
    except blindspot.Error as e:
        ok(says in str(e), f"refused: {says}")

# What write makes of values, against numpy, and what it refuses.
x = np.concatenate([rng.random(997), [0, 1, 1e-9]]).astype("f4")
for form, maxval in [("pgm8", 255), ("pgm16", 65535)]:
    file = io.BytesIO()
    blindspot.write(file, x.reshape(10, 100), form)
    _, out, _ = program(pfm(x.reshape(10, 100)))
    wanted = run("recon-degrade", "none", "--format", form,
                 data=pfm(x.reshape(10, 100)))
    ok(file.getvalue() == wanted, f"write in {form} as recon-degrade does")
file = io.BytesIO()
blindspot.write(file, x.reshape(10, 100) > .5, "pgm8")
ok(file.getvalue() == pgm(255 * (x.reshape(10, 100) > .5)),
   "a mask is 0 and 255")
for array, form, says in [
        (np.zeros(3), "pfm", "[rows, columns]"),
        (np.zeros((1, 3, 3)), "pfm", "shape (1, 3, 3)"),
        (np.zeros((0, 3)), "pfm", "shape (0, 3)"),
        ([["a"]], "pfm", "expected numbers"),
        (np.full((2, 2), 1j), "pfm", "complex128"),
        ([[1, 2], [3, np.nan]], "pfm", "row 1, column 1: nan"),
        ([[1, 2], [np.inf, 3]], "pfm", "row 1, column 0: inf"),
        ([[1e39]], "pfm", "row 0, column 0: 1e+39"),
        ([[0, 1.5]], "pgm8", "column 1: 1.5 cannot"),
        ([[-.1]], "pgm16", "-0.1 cannot"),
        ([[np.nan]], "pgm8", "nan cannot"),
        ([[0]], "png", "expected 'pfm'")]:
    file = io.BytesIO()
    try:
        blindspot.write(file, array, form)
        ok(False, f"write refuses {says}")
    except blindspot.Error as e:
        ok(says in str(e) and not file.getvalue(), f"write refuses: {e}")

# run against what the shell does.
names = {}
for name in ("x", "mask"):
    names[name] = scratch(name)
stack = rng.random((5, 24, 20)).astype("f4")
scratch("x", pfm(*stack))
wanted = run("anom-inject", "disk", "--radius", 3, "--mask", names["mask"],
             names["x"])
anom, masks = blindspot.run("anom-inject", "disk", stack, radius=3,
                            mask=blindspot.OUTPUT)
with open(names["mask"], "rb") as f:
    ok(pfm(*anom) == wanted and pgm(*[(255 * m).astype(int) for m in masks])
       == f.read(), "run: an array in, two streams out")
maps = blindspot.run("residual", "abs", anom, list(stack), median=3)
scratch("anom", wanted)
ok(pfm(*maps) == run("residual", "abs", "--median", 3, scratch("anom"),
                     names["x"]), "run: two arrays in")
got = blindspot.run("score", maps, [m > 0 for m in masks], metrics="ap,auroc")
text = run("score", "--metrics", "ap,auroc", scratch("m", pfm(*maps)),
           names["mask"]).decode()
rows = [line.split("\t") for line in text.splitlines() if line[0] != "#"]
ok(list(got) == rows[0] and got["mean"].tolist() == [
    float(row[1]) for row in rows[1:]] and list(got["metric"]) == [
        "ap", "auroc"] and got["n"].dtype == np.int64 and
   got.provenance[0].startswith("blindspot "), "run: a table")
data = blindspot.run("score", maps, masks, metrics="ap", json=True)
ok(data["rows"][0]["mean"] == got["mean"][0], "run: JSON")
big = [np.full((512, 512), i / 9, "f4") for i in range(9)]
out = blindspot.run("residual", "abs", (i for i in big), iter(big[::-1]))
ok(len(out) == 9 and all((o == np.abs(a - b)).all() for o, a, b in zip(
    out, big, big[::-1])), "run: streams larger than pipes, from iterators")
ok(len(blindspot.run("recon-degrade", "none", stdin=stack[:2])) == 2,
   "run: standard input")


def breaking():
    yield image
    raise RuntimeError("mine")


before = len(os.listdir("/proc/self/fd"))
for words, options, kind, says in [
        (("residual", "abs", stack, stack[:3]), {}, blindspot.Error,
         "ends after 3 images"),
        (("residual", "abs", stack, stack[:, :9]), {}, blindspot.Error,
         "expected the size"),
        (("recon-degrade", "nosuch", stack), {}, blindspot.Error, "nosuch"),
        (("nosuch-program", stack), {}, blindspot.Error, "no program"),
        (("recon-degrade", "blur", stack), {"sgma": 2}, blindspot.Error,
         "sgma"),
        (("recon-degrade", "blur", stack * np.nan), {}, blindspot.Error,
         "nan cannot be written"),
        (("recon-degrade", "blur", np.zeros(4)), {}, blindspot.Error, "[4]"),
        (("recon-degrade", "blur", breaking()), {}, RuntimeError, "mine"),
        (("recon-degrade", "blur", stack), {"format": "pgm8", "sigma": -1},
         blindspot.Error, "sigma")]:
    try:
        blindspot.run(*words, **options)
        ok(False, f"run: {says}")
    except kind as e:
        ok(says in str(e) and "\n" not in str(e), f"run: {e}")
ok(len(os.listdir("/proc/self/fd")) == before, "run leaves no pipe open")


# Tables.
def tabled(data):
    try:
        return blindspot.table(scratch("table", data))
    except blindspot.Error as e:
        return str(e).replace(scratch("table") + ": ", "")


t = tabled(b"\xef\xbb\xbf# one\n#two\na\tb\tc\td\r\n1\t.5\t007\t \"x\"\r\n"
           b"# three\n-2\tnan\t008\t\"y \"\"z\"\"\"\n")
ok(t["a"].tolist() == [1, -2] and t["a"].dtype == np.int64 and
   t["b"][0] == .5 and np.isnan(t["b"][1]) and
   t["c"].tolist() == ["007", "008"] and t["d"].tolist() == [
       '"x"', 'y "z"'] and t.provenance == ["one", "two", "three"],
   "a table: integers, floats, names, comments")
ok(list(tabled(b"a\n")) == ["a"], "a table without rows")
for data, says in [
        (b"", "line 1: an empty table"), (b"# x\n", "an empty table"),
        (b"a\tb\n1\t2\n# incomplete\n", "line 3: the table is not whole"),
        (b"# incomplete\n", "not whole"), (b"a\n1", "ends inside a line"),
        (b"a\tb\n1\n", "line 2: another number"), (b"a\n\n1\t2\n", "line 3"),
        (b"a\ta\n1\t2\n", "called 'a'"), (b"a\n\0\n", "zero byte"),
        (b"a\n\"x\n", "line 2: a quote"), (b"a\n\"x\"y\n", "a quote")]:
    ok(isinstance(said := tabled(data), str) and says in said,
       f"a table refused: {says}")
try:
    blindspot.table("/nosuch")
    ok(False, "no table")
except blindspot.Error as e:
    ok(e.status == 4 and "/nosuch" in str(e), "no table")
done()
