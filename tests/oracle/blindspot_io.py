"""What the oracles share: streams in and out, programs, results as TAP."""

import os
import subprocess
import sys
import tempfile

import numpy as np

BIN = os.environ.get("BIN") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "bin")
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
    out = []
    for image in images:
        a = np.asarray(image, dtype=endian + "f4")
        sign = -scale if endian == "<" else scale
        out.append(b"Pf\n%d %d\n%r\n" % (a.shape[1], a.shape[0], sign))
        out.append(a[::-1].tobytes())
    return b"".join(out)


def pgm(*images, maxval=255):
    """Integer images as a raw PGM stream."""
    out = b""
    for image in images:
        a = np.asarray(image, dtype=">u2" if maxval > 255 else "u1")
        out += b"P5\n%d %d\n%d\n" % (a.shape[1], a.shape[0], maxval)
        out += a.tobytes()
    return out


def images(stream):
    """The images of a raw PFM or PGM stream, PGM as integers."""
    out = []
    at = 0
    while at < len(stream):
        fields = stream[at:at + 64].split(maxsplit=4)
        header = stream.index(fields[3], at + len(fields[0]) + len(fields[1])
                              + len(fields[2])) + len(fields[3]) + 1
        w, h = int(fields[1]), int(fields[2])
        if fields[0] == b"Pf":
            kind = "<f4" if float(fields[3]) < 0 else ">f4"
        else:
            kind = "u1" if int(fields[3]) < 256 else ">u2"
        size = w * h * np.dtype(kind).itemsize
        a = np.frombuffer(stream[header:header + size], kind).reshape(h, w)
        out.append(a[::-1] if fields[0] == b"Pf" else a)
        at = header + size
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
    """A TSV as a list of dictionaries."""
    lines = [line.split("\t") for line in text.decode().splitlines()
             if not line.startswith("#")]
    return [dict(zip(lines[0], row)) for row in lines[1:]]
