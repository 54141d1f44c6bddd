"""What the oracles share: streams in and out, programs, results as TAP."""

import io
import os
import subprocess
import sys
import tempfile

import numpy as np

_here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(_here, "..", "..", "lib", "python"))
import blindspot  # noqa: E402

BIN = os.environ.get("BIN") or os.path.join(_here, "..", "..", "build", "bin")
_count = 0
_failed = 0
_scratch = tempfile.TemporaryDirectory()


def ok(passed, name):
    """Print one result."""
    global _count, _failed
    _count += 1
    _failed += not passed
    print(f"{'' if passed else 'not '}ok {_count} - {name}", flush=True)


def done():
    """Print the plan and end the program."""
    print(f"1..{_count}", flush=True)
    sys.exit(_failed > 0)


def pfm(*images, endian="<", scale=1.0):
    """Images (2-D arrays, top row first) as a PFM stream."""
    out = io.BytesIO()
    for image in images:
        a = np.asarray(image, dtype=endian + "f4")
        if (endian, scale) == ("<", 1) and np.isfinite(a).all():
            blindspot.write(out, a)
            continue
        sign = -scale if endian == "<" else scale
        out.write(b"Pf\n%d %d\n%r\n" % (a.shape[1], a.shape[0], sign))
        out.write(a[::-1].tobytes())
    return out.getvalue()


def pgm(*images, maxval=255):
    """Integer images as a raw PGM stream."""
    out = b""
    for image in images:
        a = np.asarray(image, dtype=">u2" if maxval > 255 else "u1")
        out += b"P5\n%d %d\n%d\n" % (a.shape[1], a.shape[0], maxval)
        out += a.tobytes()
    return out


def images(stream):
    """The images of a stream, PGM as integers."""
    out = []
    reader = blindspot._Reader(blindspot._Source(
        io.BytesIO(stream).readinto1, "a stream"))
    while (a := reader.next()) is not None:
        maxval = reader.header.maxval
        out.append(np.rint(a * maxval).astype("u1" if maxval < 256 else "u2")
                   if maxval else a)
    return out


def scratch(name, data=None):
    """The path of a scratch file, holding data if given."""
    path = os.path.join(_scratch.name, name)
    if data is not None:
        with open(path, "wb" if isinstance(data, bytes) else "w") as f:
            f.write(data)
    return path


def run(program, *args, data=b""):
    """Standard output of a program of the kit; its failure is an error."""
    return subprocess.run([os.path.join(BIN, program), *map(str, args)],
                          input=data, stdout=subprocess.PIPE,
                          check=True).stdout


class Random:
    """The kit's random numbers, from their definition: Philox4x32-10 (Salmon
    et al. 2011) keyed by the seed, counting {draw, purpose and number, image
    index}."""

    def __init__(self, seed, purpose, number, index):
        self.key = [seed & 0xffffffff, seed >> 32]
        self.counter = [0, purpose << 24 | number, index & 0xffffffff,
                        index >> 32]
        self.words = []

    def _block(self):
        x, key = list(self.counter), list(self.key)
        for _ in range(10):
            p, q = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
            x = [q >> 32 ^ x[1] ^ key[0], q & 0xffffffff,
                 p >> 32 ^ x[3] ^ key[1], p & 0xffffffff]
            key = [(key[0] + 0x9E3779B9) & 0xffffffff,
                   (key[1] + 0xBB67AE85) & 0xffffffff]
        self.counter[0] += 1
        return x

    def word(self):
        """64 bits, the low half first."""
        if not self.words:
            x = self._block()
            self.words = [x[0] | x[1] << 32, x[2] | x[3] << 32]
        return self.words.pop(0)

    def below(self, n):
        """A uniform integer below n."""
        word = self.word()
        while word < 2 ** 64 % n:
            word = self.word()
        return word % n

    def uniform(self):
        """A uniform number in [0, 1)."""
        return (self.word() >> 11) * 2.0 ** -53

    def normal(self):
        """A normal deviate, by Box and Muller's cosine."""
        radius = np.sqrt(-2 * np.log(1 - self.uniform()))
        return radius * np.cos(2 * np.pi * self.uniform())


def table(text):
    """A TSV as a list of dictionaries of text."""
    (header, *rows), _ = blindspot._rows(text, "a table")
    return [dict(zip(header, row)) for row in rows]
