"""Image streams of blindspot in Python: read, write, serve a model, run
programs, read tables.  See blindspot-python(3) and blindspot-stream(5).

An image is a float32 array [rows, columns], the top row first.  Failures are
exceptions of type Error, whose text says what was found and what was expected;
nothing here prints, but serve and the commands, which end the program.

    python3 -m blindspot check [COMMAND]     a stream, or a model
    python3 -m blindspot weights FILE        PyTorch weights to safetensors
"""

from __future__ import annotations

import collections
import fcntl
import io
import json
import math
import os
import pickle
import queue
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
import zipfile
from typing import Any, BinaryIO, Callable, Iterable, Iterator, Optional, Union

try:
    import numpy as np
except ImportError:
    if __name__ != "__main__":
        raise
    sys.stderr.write("blindspot: needs numpy; the Debian package "
                     "python3-numpy has it\n")
    sys.exit(4)

__version__ = "0.2.0"
__all__ = ["Error", "OUTPUT", "Table", "read", "run", "serve", "table",
           "write"]

USAGE, DATA, SYSTEM = 2, 3, 4


class Error(Exception):
    """What went wrong, in one line.  status is that of a program: 2 what was
    asked for makes no sense, 3 bad data, 4 the system."""

    def __init__(self, text: str, status: int = DATA):
        super().__init__(text)
        self.status = status


# ------------------------------------------------------------------- bytes in

_SPACE = b" \t\n\v\f\r"
_HEAD = 4096        # bytes read for a header
_BLOCK = 1 << 18    # and for plain samples
_PIPE = 1 << 20     # what a pipe may hold
_GROW = 1 << 24     # memory is claimed as data arrives


def _wide_pipe(fd: int) -> None:
    """A pipe that holds an image lets both sides work; if refused, less."""
    try:
        fcntl.fcntl(fd, 1031, _PIPE)  # F_SETPIPE_SZ
    except OSError:
        pass


def _read_fd(fd: int) -> Callable[[memoryview], int]:
    def some(view: memoryview) -> int:
        while True:
            try:
                return os.readv(fd, [view])
            except BlockingIOError:
                select.select([fd], [], [])
    return some


def _read_file(file: Any) -> Callable[[memoryview], int]:
    """A function that reads some bytes of an open file into a view: what is
    there, without waiting for more."""
    if isinstance(file, io.TextIOBase):
        raise Error("found a file opened as text, expected binary: "
                    "sys.stdin.buffer, or open(path, 'rb')", USAGE)
    into = getattr(file, "readinto1", None) or getattr(file, "readinto", None)
    if into is not None:
        return lambda view: into(view) or 0

    def some(view: memoryview) -> int:
        data = file.read(len(view))
        view[:len(data)] = data
        return len(data)
    return some


class _Source:
    """Bytes that know where they stand: as lib/stream/source.c."""

    def __init__(self, some: Callable[[memoryview], int], name: str):
        self.some = some
        self.name = name
        self.buffer = bytearray(_BLOCK)
        self.view = memoryview(self.buffer)
        self.begin = self.end = self.offset = self.image = 0

    def fill(self, size: int = _HEAD) -> bool:
        """Make buffer[begin] exist; false at the end."""
        if self.begin < self.end:
            return True
        try:
            self.begin, self.end = 0, self.some(self.view[:size])
        except OSError as e:
            raise Error(f"{self.name}: image {self.image}: byte "
                        f"{self.offset}: read: {e.strerror}", SYSTEM) from e
        return self.end > 0

    def byte(self) -> int:
        """The next byte, -1 at the end."""
        if not self.fill():
            return -1
        self.begin += 1
        self.offset += 1
        return self.buffer[self.begin - 1]

    def skip(self, n: int) -> None:
        self.begin += n
        self.offset += n

    def exact(self, view: memoryview) -> int:
        """Fill the view; how many bytes there were before the end."""
        n = len(view)
        got = min(n, self.end - self.begin)
        view[:got] = self.view[self.begin:self.begin + got]
        self.skip(got)
        while got < n:
            try:
                more = self.some(view[got:])
            except OSError as e:
                raise Error(f"{self.name}: image {self.image}: byte "
                            f"{self.offset}: read: {e.strerror}",
                            SYSTEM) from e
            if more == 0:
                break
            got += more
            self.offset += more
        return got

    def error(self, text: str, offset: Optional[int] = None) -> Error:
        at = self.offset if offset is None else offset
        return Error(f"{self.name}: image {self.image}: byte {at}: {text}")


# -------------------------------------------------------------------- headers

_SIDE = 0x7FFFFFFF
_WORD = 48
_LINE = 256
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z",
                     re.ASCII)
_PFM = re.compile(rb"Pf\n([1-9][0-9]{0,6}) ([1-9][0-9]{0,6})\n"
                  rb"(-?[0-9]{1,9}\.[0-9]{1,9})\n")
_PGM = re.compile(rb"P5\n([1-9][0-9]{0,6}) ([1-9][0-9]{0,6})\n"
                  rb"([1-9][0-9]{0,3})\n")

# What else people have at hand, known by its first two bytes.
_STRANGERS = {
    b"P3": ("a colour image (plain PPM)", "ppmtopgm converts it"),
    b"P6": ("a colour image (PPM)", "ppmtopgm converts it"),
    b"PF": ("a colour image (PFM)", "pfmtopam | ppmtopgm converts it"),
    b"P1": ("a bitmap (plain PBM)", "pamdepth 255 converts it"),
    b"P4": ("a bitmap (PBM)", "pamdepth 255 converts it"),
    b"\x89P": ("a PNG", "pngtopam converts it"),
    b"\xff\xd8": ("a JPEG", "jpegtopnm converts it"),
    b"II": ("a TIFF", "tifftopnm converts it"),
    b"MM": ("a TIFF", "tifftopnm converts it"),
    b"GI": ("a GIF", "giftopnm converts it"),
    b"BM": ("a BMP", "bmptopnm converts it"),
    b"\x93N": ("a numpy array (.npy)", "the program in blindspot-stream(5) "
               "writes arrays"),
    b"PK": ("a zip archive (.npz, .pt)", "numpy or PyTorch reads it, and the "
            "program in blindspot-stream(5) writes arrays"),
    b"\x89H": ("an HDF5 file", "h5py reads it, and the program in "
               "blindspot-stream(5) writes arrays"),
    b"\x5c\x01": ("a NIfTI volume", "nii-slices reads it"),
    b"\x1c\x02": ("a NIfTI volume", "nii-slices reads it"),
    b"\x1f\x8b": ("a gzip file", "nii-slices reads .nii.gz, gzip -dc unpacks "
                  "others"),
    b"\xfd7": ("an xz file", "xz -dc unpacks it"),
    b"\x28\xb5": ("a zstd file", "zstd -dc unpacks it"),
    b"BZ": ("a bzip2 file", "bzip2 -dc unpacks it"),
}


class _Header:
    """kind: the byte after the P of the magic number; maxval 0 for floats."""

    __slots__ = ("kind", "rows", "cols", "maxval", "scale", "big")

    def __init__(self, kind: str, rows: int = 0, cols: int = 0,
                 maxval: int = 0, scale: float = 1, big: bool = False):
        self.kind, self.rows, self.cols = kind, rows, cols
        self.maxval, self.scale, self.big = maxval, scale, big


def _cut(source: _Source, wanted: str) -> Error:
    return source.error("the stream ends inside a header, expected " + wanted)


def _pnm_byte(source: _Source) -> int:
    """A byte of a PNM header, where a comment, from # to the end of its line,
    stands for that end of line."""
    c = source.byte()
    if c == 35:
        while c not in (-1, 10, 13):
            c = source.byte()
    return c


def _word(source: _Source, following: Callable[[_Source], int],
          what: str) -> tuple[str, int]:
    """The bytes up to the next white space, which is read too."""
    c = following(source)
    while c >= 0 and c in _SPACE:
        c = following(source)
    word = bytearray()
    while c >= 0 and c not in _SPACE:
        if len(word) + 1 == _WORD:
            raise source.error(f"{what} of more than {len(word)} characters",
                               source.offset - 1)
        if not 32 <= c <= 126:
            raise source.error(f"found byte 0x{c:02x}, expected {what}",
                               source.offset - 1)
        word.append(c)
        c = following(source)
    if c < 0:
        raise _cut(source, what)
    return word.decode("ascii"), c


def _number(source: _Source, what: str, word: str, limit: int) -> int:
    if not re.fullmatch("[0-9]+", word) or int(word) >= 1 << 64:
        raise source.error(f"{what}: found '{word}', expected a whole number "
                           "from 1")
    if not 1 <= int(word) <= limit:
        raise source.error(f"{what}: found {word}, expected 1 to {limit}")
    return int(word)


def _set_size(source: _Source, header: _Header, cols: int, rows: int) -> None:
    if rows > sys.maxsize // 4 // cols:
        raise source.error(f"an image of {cols} x {rows} does not fit into "
                           "memory")
    header.cols, header.rows = cols, rows


def _read_size(source: _Source, header: _Header,
               following: Callable[[_Source], int]) -> None:
    size = [_number(source, what, _word(source, following, what)[0], _SIDE)
            for what in ("width", "height")]
    _set_size(source, header, *size)


def _read_scale(source: _Source, header: _Header) -> None:
    word, space = _word(source, _Source.byte, "scale")
    if space == 13 and source.fill() and source.buffer[source.begin] == 10:
        raise source.error(
            "the scale ends with a carriage return and a newline, expected "
            "one byte of white space before the samples", source.offset - 1)
    scale = float(word) if _NUMBER.match(word) else 0.
    if scale == 0 or math.isinf(scale):
        raise source.error(f"scale: found '{word}', expected a number other "
                           "than 0")
    header.scale, header.big = abs(scale), scale > 0


def _pam_line(source: _Source) -> bytes:
    line = bytearray()
    c = source.byte()
    while c not in (-1, 10):
        if len(line) + 1 == _LINE:
            raise source.error(f"a line of more than {_LINE - 1} characters "
                               "in a PAM header")
        line.append(c or 63)
        c = source.byte()
    if c < 0:
        raise _cut(source, "ENDHDR")
    return bytes(line)


def _read_pam(source: _Source, header: _Header) -> None:
    limit = {"WIDTH": _SIDE, "HEIGHT": _SIDE, "DEPTH": _SIDE, "MAXVAL": 65535}
    given: dict[str, int] = {}
    while True:
        words = _pam_line(source).split(None, 1)
        key = words[0].decode("latin-1") if words else "#"
        value = words[1].strip(_SPACE) if len(words) > 1 else b""
        if key == "ENDHDR":
            break
        if key[0] == "#" or key == "TUPLTYPE":
            continue
        if key not in limit:
            raise source.error(f"unknown PAM header line '{key}'")
        if key in given:
            raise source.error(f"{key} is given twice")
        given[key] = _number(source, key, value.decode("latin-1"), limit[key])
    for key in limit:
        if key not in given:
            raise source.error(f"a PAM header without {key}")
    if given["DEPTH"] != 1:
        raise source.error(
            f"a PAM of depth {given['DEPTH']}, expected 1 (pamchannel 0 takes "
            "the first plane, ppmtopgm turns colour to grey)")
    header.maxval = given["MAXVAL"]
    _set_size(source, header, given["WIDTH"], given["HEIGHT"])


def _show(c: int) -> str:
    return f"'{chr(c)}'" if 32 < c <= 126 else f"0x{c:02x}"


def _wrong_magic(source: _Source, start: int, magic: bytes,
                 masks: bool) -> Error:
    wanted = ("a PGM, PBM, PAM or PFM mask" if masks else
              "a PGM, PAM or PFM image")
    begin = source.begin
    if bytes(source.buffer[begin + 126:min(begin + 130, source.end)]) == \
            b"DICM":
        return source.error(f"found a DICOM file, expected {wanted}; dcm2niix "
                            "makes volumes, which nii-slices reads", start)
    if magic in _STRANGERS:
        what, convert = _STRANGERS[magic]
        return source.error(f"found {what}, expected {wanted}; {convert}",
                            start)
    return source.error(f"found bytes {_show(magic[0])} {_show(magic[1])}, "
                        f"expected the magic number of {wanted}", start)


def _read_header(source: _Source, masks: bool) -> Optional[_Header]:
    """The next header; None where the stream ends before it."""
    if not source.fill():
        return None
    for quick in (_PFM, _PGM):
        m = quick.match(source.buffer, source.begin, source.end)
        scale = float(m[3]) if m else 0
        if m and scale:
            source.skip(m.end() - m.start())
            if quick is _PGM:
                return _Header("5", int(m[2]), int(m[1]), int(m[3]))
            return _Header("f", int(m[2]), int(m[1]), 0, abs(scale),
                           scale > 0)
    return _read_odd_header(source, masks)


def _read_odd_header(source: _Source, masks: bool) -> _Header:
    """Any header, byte by byte."""
    start = source.offset
    first, second = source.byte(), source.byte()
    if second < 0:
        if first != 80:
            raise _wrong_magic(source, start, bytes([first, 0]), masks)
        raise _cut(source, "a magic number")
    kind = chr(second)
    if first != 80 or kind not in ("12457f" if masks else "257f"):
        raise _wrong_magic(source, start, bytes([first, second]), masks)
    bare = kind in "f7"
    space = source.byte() if bare else _pnm_byte(source)
    if space < 0:
        raise _cut(source, "white space")
    if space not in _SPACE or (kind == "7" and space != 10):
        raise source.error(
            f"found byte 0x{space:02x} after the magic number, expected " +
            ("a newline" if kind == "7" else "white space"),
            source.offset - 1)
    # A program of the kit that fails ends its stream with this.
    if kind in "f5" and space == 10 and not source.fill():
        raise source.error("the stream is not whole: the program before "
                           "failed (its message says why)", start)
    header = _Header(kind)
    if kind == "7":
        _read_pam(source, header)
        return header
    _read_size(source, header, _Source.byte if bare else _pnm_byte)
    if kind == "f":
        _read_scale(source, header)
    elif kind in "14":
        header.maxval = 1
    else:
        header.maxval = _number(source, "maxval", _word(
            source, _pnm_byte, "maxval")[0], 65535)
    return header


# -------------------------------------------------------------------- rasters

def _is_finite(a: np.ndarray) -> bool:
    """NaN and infinities stay in a sum; one that overflows decides nothing."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(a.sum())) or bool(np.isfinite(a).all())


_Place = Callable[[int, int], np.ndarray]


def _new(rows: int, cols: int) -> np.ndarray:
    return np.empty((rows, cols), np.float32)


class _Reader:
    """The images of a stream, as lib/stream/reader.c; header is that of the
    last one."""

    def __init__(self, source: _Source, masks: bool = False):
        self.source = source
        self.masks = masks
        self.header = _Header("f")
        self.raw = np.empty(0, np.uint8)

    def next(self, place: _Place = _new) -> Optional[np.ndarray]:
        """The next image, put where place(rows, cols) says; None at the
        end."""
        source = self.source
        while source.image > 0 and source.fill() and \
                source.buffer[source.begin] in _SPACE:
            source.skip(1)
        header = _read_header(source, self.masks)
        if header is None:
            return None
        self.header = header
        read = {"f": self._floats, "5": self._integers, "7": self._integers,
                "4": self._bits, "2": self._plain, "1": self._plain_bits}
        image = read[header.kind](place)
        if self.masks:
            np.not_equal(image, 0, out=image, casting="unsafe")
        source.image += 1
        return image

    def _cut(self, done: int) -> Error:
        h = self.header
        return self.source.error(
            f"the stream ends after {done} of {h.rows * h.cols} samples of an "
            f"image of {h.cols} x {h.rows}")

    def _bad(self, sample: int, offset: int, what: str, wanted: str) -> Error:
        row, col = divmod(sample, self.header.cols)
        return self.source.error(f"row {row}, column {col}: {what}, expected "
                                 f"{wanted}", offset)

    def _above(self, sample: int, offset: int) -> Error:
        return self._bad(sample, offset, "a sample above maxval",
                         "one of 0 to maxval")

    def _bytes(self, n: int) -> tuple[np.ndarray, int]:
        """n bytes of the raster, and how many of them there were."""
        room = min(n, max(_GROW, len(self.raw)))
        if len(self.raw) < room:
            self.raw = np.empty(room, np.uint8)
        got = self.source.exact(memoryview(self.raw)[:room])
        while got == room < n:
            room = min(n, 2 * room)
            grown = np.empty(room, np.uint8)
            grown[:got] = self.raw[:got]
            self.raw = grown
            got += self.source.exact(memoryview(grown)[got:])
        return self.raw[:n], got

    def _floats(self, place: _Place) -> np.ndarray:
        h, start = self.header, self.source.offset
        raw, got = self._bytes(4 * h.rows * h.cols)
        if got < 4 * h.rows * h.cols:
            raise self._cut(got // 4)
        stored = raw.view(">f4" if h.big else "<f4").reshape(h.rows, h.cols)
        image = place(h.rows, h.cols)
        with np.errstate(all="ignore"):
            if h.scale == 1:
                image[...] = stored[::-1]
            else:
                image[...] = stored[::-1].astype(np.float64) / h.scale
        if not _is_finite(image):
            at = int(np.flatnonzero(~np.isfinite(image))[0])
            row, col = divmod(at, h.cols)
            raise self._bad(at, start + 4 * ((h.rows - 1 - row) * h.cols +
                                             col),
                            "NaN" if np.isnan(image[row, col]) else
                            "an infinity", "a finite sample")
        return image

    def _integers(self, place: _Place) -> np.ndarray:
        h, start = self.header, self.source.offset
        unit, total = 1 + (h.maxval > 255), h.rows * h.cols
        raw, got = self._bytes(unit * total)
        stored = raw[:got // unit * unit].view(">u2" if unit == 2 else "u1")
        if h.maxval not in (255, 65535) and stored.size and \
                stored.max() > h.maxval:
            at = int(np.flatnonzero(stored > h.maxval)[0])
            raise self._above(at, start + at * unit)
        if got < unit * total:
            raise self._cut(got // unit)
        image = place(h.rows, h.cols)
        np.divide(stored.reshape(h.rows, h.cols), np.float32(h.maxval),
                  out=image, dtype=np.float32, casting="unsafe")
        return image

    def _bits(self, place: _Place) -> np.ndarray:
        h = self.header
        width = (h.cols + 7) // 8
        raw, got = self._bytes(width * h.rows)
        if got < width * h.rows:
            rows, rest = divmod(got, width)
            raise self._cut(rows * h.cols + 8 * rest)
        image = place(h.rows, h.cols)
        image[...] = 1 - np.unpackbits(raw.reshape(h.rows, width),
                                       axis=1)[:, :h.cols]
        return image

    def _not_a_digit(self, done: int, c: int, offset: int) -> Error:
        row, col = divmod(done, self.header.cols)
        return self.source.error(
            f"row {row}, column {col}: found byte 0x{c:02x}, expected a digit"
            + (" (samples are not negative)" if c == 45 else ""), offset)

    def _plain_sample(self, done: int) -> int:
        """One decimal number and the byte after it, byte by byte."""
        source, value = self.source, 0
        total = self.header.rows * self.header.cols
        c = source.byte()
        while c >= 0 and c in _SPACE:
            c = source.byte()
        if c < 0:
            raise self._cut(done)
        start = source.offset - 1
        while c not in _SPACE:
            if not 48 <= c <= 57:
                raise self._not_a_digit(done, c, source.offset - 1)
            value = 10 * value + c - 48
            if value > self.header.maxval:
                raise self._above(done, start)
            c = source.byte()
            if c < 0:
                if done + 1 < total:
                    raise self._cut(done)
                break
        return value

    def _plain_block(self, wanted: int) -> list[int]:
        """The numbers of what is in the buffer, as long as nothing is odd
        about them."""
        source = self.source
        source.fill(_BLOCK)
        block = bytes(source.view[source.begin:source.end])
        last = max(block.rfind(c) for c in (b"\n", b" ", b"\t", b"\r"))
        words = block[:last + 1].split(None, wanted)
        rest = words.pop() if len(words) > wanted else b""
        if not words or not b"".join(words).isdigit() or \
                max(map(len, words)) > 6:
            return []
        values = [int(word) for word in words]
        if max(values) > self.header.maxval:
            return []
        source.skip(last + 1 - len(rest))
        return values

    def _plain(self, place: _Place) -> np.ndarray:
        h = self.header
        total = h.rows * h.cols
        values: list[int] = []
        while len(values) < total:
            values += self._plain_block(total - len(values))
            odd = len(values) < total
            while odd:  # to the end of what is in the buffer
                values.append(self._plain_sample(len(values)))
                odd = len(values) < total and \
                    self.source.begin < self.source.end
        image = place(h.rows, h.cols)
        image[...] = np.array(values, np.float32).reshape(h.rows, h.cols) / \
            np.float32(h.maxval)
        return image

    def _plain_bits(self, place: _Place) -> np.ndarray:
        h, source = self.header, self.source
        total, done = h.rows * h.cols, 0
        parts: list[np.ndarray] = []
        while done < total:
            if not source.fill(_BLOCK):
                raise self._cut(done)
            block = np.frombuffer(source.buffer, np.uint8, source.end -
                                  source.begin, source.begin)
            at = np.flatnonzero((block != 32) & ((block < 9) | (block > 13)))
            at = at[:total - done]
            digits = block[at]
            wrong = np.flatnonzero((digits != 48) & (digits != 49))
            if wrong.size:
                i = int(wrong[0])
                raise self._not_a_digit(done + i, int(digits[i]),
                                        source.offset + int(at[i]))
            parts.append(digits == 48)
            done += len(at)
            source.skip(int(at[-1]) + 1 if done == total else len(block))
        c = source.byte()
        if c >= 0 and c not in _SPACE:
            raise source.error(f"found byte 0x{c:02x} after the last sample, "
                               "expected white space", source.offset - 1)
        image = place(h.rows, h.cols)
        image[...] = np.concatenate(parts).reshape(h.rows, h.cols)
        return image


def _open(file: Any) -> tuple[Callable[[memoryview], int], str, Any]:
    """How to read a file or a path, its name, and what is to be closed."""
    if isinstance(file, (str, os.PathLike)) and os.fspath(file) != "-":
        name = os.fspath(file)
        try:
            opened = open(name, "rb", buffering=0)
        except OSError as e:
            raise Error(f"{name}: open: {e.strerror}", SYSTEM) from e
        _wide_pipe(opened.fileno())
        return _read_fd(opened.fileno()), str(name), opened
    if isinstance(file, (str, os.PathLike)):
        file = sys.stdin.buffer
    name = getattr(file, "name", None)
    if file is getattr(sys.stdin, "buffer", None):
        name = "standard input"
    return _read_file(file), name if isinstance(name, str) else "stream", None


def read(file: Union[str, os.PathLike, BinaryIO],
         masks: bool = False) -> Iterator[np.ndarray]:
    """The images of a stream, one after another, in constant memory.

    file    a path, "-" for standard input, or a file opened as binary
    masks   read masks: PBM too, and a sample that is not 0 is 1

    Yields float32 arrays [rows, columns], the top row first, each a new one;
    sizes may differ.  PGM, PAM, PBM and PFM are read as the programs do, with
    the same refusals.  Raises Error, with the stream, image and byte, where
    the stream is damaged or cut, or a sample is NaN or infinite.
    """
    some, name, opened = _open(file)
    try:
        reader = _Reader(_Source(some, name), masks)
        image = reader.next()
        while image is not None:
            yield image
            image = reader.next()
    finally:
        if opened is not None:
            opened.close()


# ------------------------------------------------------------------ images out

_MAXVAL = {"pgm8": 255, "pgm16": 65535}


def _format_name(name: str) -> str:
    if name != "pfm" and name not in _MAXVAL:
        raise Error(f"format: found {name!r}, expected 'pfm', 'pgm8' or "
                    "'pgm16'", USAGE)
    return name


def _refuse(a: np.ndarray, bad: np.ndarray, wanted: str) -> Error:
    row, col = divmod(int(np.flatnonzero(bad)[0]), a.shape[1])
    return Error(f"row {row}, column {col}: {float(a[row, col]):g} cannot be "
                 f"written, expected {wanted}")


def _encode(image: Any, format: str) -> tuple[bytes, np.ndarray]:
    """The header and the samples of one image, as lib/stream/writer.c."""
    a = np.asarray(image)
    if a.ndim != 2 or a.size == 0 or a.dtype.kind not in "buif":
        raise Error(f"found an array of shape {a.shape} and type {a.dtype}, "
                    "expected numbers [rows, columns]")
    with np.errstate(all="ignore"):
        if _format_name(format) == "pfm":
            out = np.empty(a.shape, "<f4")
            out[...] = a[::-1]
            if not _is_finite(out):
                raise _refuse(a, ~np.isfinite(a.astype(np.float32)),
                              "a finite sample")
            return b"Pf\n%d %d\n-1.0\n" % (a.shape[1], a.shape[0]), out
        x = a.astype(np.float32)
    if not _is_finite(x):
        raise _refuse(x, ~np.isfinite(x), "a finite sample")
    if x.min() < 0 or x.max() > 1:
        raise _refuse(x, (x < 0) | (x > 1), "0 to 1 (numpy.clip moves it "
                      "there, format 'pfm' keeps it)")
    maxval = _MAXVAL[format]
    step = (x.astype(np.float64) * maxval + .5).astype(np.uint16)
    step[(step == 0) & (x > 0)] = 1
    return (b"P5\n%d %d\n%d\n" % (a.shape[1], a.shape[0], maxval),
            step.astype("u1" if maxval == 255 else ">u2"))


def write(file: BinaryIO, image: Any, format: str = "pfm") -> None:
    """Write one image to a file opened as binary.

    image   numbers [rows, columns], the top row first; finite
    format  "pfm", or "pgm8" or "pgm16" for samples from 0 to 1; a mask of
            booleans becomes 0 and 255 in "pgm8"

    What is above 0 stays above 0, as the programs do.  Raises Error where the
    array is no such image, and OSError where it cannot be written; nothing of
    an image that is refused is written.
    """
    header, samples = _encode(image, format)
    for data in (header, memoryview(samples).cast("B")):
        done = 0
        while done < len(data):
            done += file.write(data[done:]) or 0


class _Closed(BaseException):
    """The reader of standard output is gone."""


class _Writer:
    """A stream out of a descriptor, each image whole when put returns."""

    def __init__(self, fd: int, name: str = "standard output"):
        self.fd, self.name, self.format = fd, name, "pfm"
        self.count = 0
        self.cut = False  # the stream ends inside an image

    def put(self, image: np.ndarray) -> None:
        try:
            header, samples = _encode(image, self.format)
        except Error as e:
            raise Error(f"{self.name}: image {self.count}: {e}",
                        e.status) from None
        todo = [memoryview(header), memoryview(samples).cast("B")]
        while todo:
            try:
                n = os.writev(self.fd, todo)
            except BlockingIOError:
                select.select([], [self.fd], [])
                continue
            except BrokenPipeError:
                raise _Closed() from None
            except OSError as e:
                raise Error(f"{self.name}: image {self.count}: write: "
                            f"{e.strerror}", SYSTEM) from e
            self.cut = True
            while todo and n >= len(todo[0]):
                n -= len(todo.pop(0))
            if todo:
                todo[0] = todo[0][n:]
        self.cut = False
        self.count += 1

    def poison(self) -> None:
        """Make sure that what is there is not taken for whole: the start of a
        header, or, where there is no room for it, one byte less."""
        if self.cut:
            return
        try:
            if os.write(self.fd, b"Pf\n" if self.format == "pfm" else
                        b"P5\n"):
                return
        except OSError:
            pass
        try:
            end = os.lseek(self.fd, 0, os.SEEK_CUR)
            if self.count > 0 and end > 0:
                os.ftruncate(self.fd, end - 1)
        except OSError:
            pass


# ------------------------------------------------------- the failure contract

_ENDINGS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class _Ended(BaseException):
    """A signal asked for the end."""


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?"
                   for c in " ".join(text.split()))


def _say(text: str) -> None:
    try:
        os.write(2, (_one_line(text) + "\n").encode(errors="replace"))
    except OSError:
        pass  # there is nowhere left to say so


def _explain(e: BaseException) -> tuple[str, int]:
    """An exception as one line, and its status."""
    if isinstance(e, Error):
        return str(e), e.status
    text = f"{type(e).__name__}: {e}" if str(e) else type(e).__name__
    if isinstance(e, SystemExit):
        return f"sys.exit({e.code!r}) in the middle of a stream", DATA
    for frame in reversed(traceback.extract_tb(e.__traceback__)):
        if os.path.abspath(frame.filename) == \
                os.path.abspath(sys.argv[0] or "-"):
            text += f" (line {frame.lineno})"
            break
    system = isinstance(e, (MemoryError, OSError)) or \
        type(e).__name__ == "OutOfMemoryError"
    return text, SYSTEM if system else DATA


class _Output:
    """Standard output as a stream that keeps the contract of
    blindspot-stream(5), and no print can disturb: what is printed from here on
    goes to standard error."""

    def __init__(self, program: str):
        self.program = program
        self.dying = self.writing = False
        self.signal = 0
        self.old: dict[int, Any] = {}
        try:
            # Not a descriptor that is closed: it may be standard input.
            self.writer = _Writer(fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 3))
        except OSError as e:
            self.writer = _Writer(-1)
            self.fail(Error(f"standard output: {e.strerror}", SYSTEM))
        try:
            os.dup2(2, 1)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if sys.stdout is not None:
            try:
                sys.stdout.flush()
            except (OSError, ValueError):
                pass

    def catch_signals(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in _ENDINGS:  # those that nohup ignores stay ignored
                if signal.getsignal(number) != signal.SIG_IGN:
                    self.old[number] = signal.signal(number, self._handle)

    def _handle(self, number: int, _frame: Any) -> None:
        if self.dying or self.signal:
            return
        self.signal = number
        if not self.writing:
            raise _Ended

    def check(self) -> None:
        """End here if a signal asked for it."""
        if self.signal:
            raise _Ended

    def put(self, image: np.ndarray) -> None:
        self.writing = True
        self.check()
        try:
            self.writer.put(image)
        finally:
            self.writing = False
        self.check()

    def close(self) -> None:
        self.dying = True
        try:
            os.close(self.writer.fd)
        except OSError as e:
            _say(f"{self.program}: standard output: close: {e.strerror}")
            sys.exit(SYSTEM)
        for number, handler in self.old.items():
            signal.signal(number, handler)

    def _end_by(self, number: int) -> None:
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
        os.kill(os.getpid(), number)
        os._exit(128 + number)

    def fail(self, e: BaseException, where: str = "",
             advice: str = "") -> None:
        """Say why, spoil the output, and end."""
        self.dying = True
        if isinstance(e, _Closed):
            self._end_by(signal.SIGPIPE)
        if os.environ.get("BLINDSPOT_DEBUG") and not isinstance(e, _Ended):
            traceback.print_exception(type(e), e, e.__traceback__)
        if self.signal:
            number = self.signal
            _say(f"{self.program}: ended by {signal.Signals(number).name}")
            self.writer.poison()
            self._end_by(number)
        text, status = _explain(e)
        _say(f"{self.program}: {where}{text}{advice}")
        self.writer.poison()
        sys.exit(status)


def _program_name() -> str:
    return os.path.basename(sys.argv[0] if sys.argv and
                            sys.argv[0] not in ("", "-c", "-") else "python3")


def _check_ends() -> None:
    """Neither a terminal nor the input may be written to."""
    if os.isatty(1):
        raise Error("standard output is a terminal, expected a file or a pipe "
                    "for the image stream", USAGE)


def _check_other_file(output: int) -> None:
    try:
        a, b = os.fstat(0), os.fstat(output)
    except OSError:
        return
    if (a.st_mode & 0o170000) == 0o100000 and os.path.samestat(a, b):
        raise Error("standard input is standard output too, and would be read "
                    "while it is written", USAGE)


# ---------------------------------------------------------------------- serve

def _shape(shape: Iterable[int]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"


def _shape_hint(found: tuple, n: int, rows: int, cols: int) -> str:
    """What is probably wrong with the shape of what came back."""
    if found == (rows, cols):
        return ": the axis of the batch is missing (y[None])"
    if found == (n, rows, cols, 1):
        return ": the channels are last (y[..., 0])"
    if found == (rows, cols, n):
        return ": the images are along the last axis (y.transpose(2, 0, 1))"
    if found == (1, n, rows, cols):
        return ": images and channels are swapped (y[0])"
    if found[-2:] == (cols, rows) and rows != cols:
        return ": rows and columns are swapped"
    if len(found) == 4 and found[:1] + found[2:] == (n, rows, cols):
        return f": {found[1]} channels, expected 1"
    if found[-2:] == (rows, cols) and len(found) == 3:
        return f": {found[0]} images for {n}"
    return (": where the network halves sizes that are odd, "
            "serve(..., multiple=16) pads images and crops what comes back")


def _returned(y: Any, n: int, rows: int, cols: int) -> np.ndarray:
    """What a function gave back, as an array [n, rows, cols]; only its type
    and shape are checked."""
    wanted = f"float32 {_shape((n, rows, cols))} or {_shape((n, 1, rows, cols))}"
    is_tensor = hasattr(y, "detach") and hasattr(y, "cpu")
    if not is_tensor and not isinstance(y, np.ndarray):
        what = f"{type(y).__name__} of {len(y)}" if isinstance(
            y, (tuple, list, dict)) else type(y).__name__
        raise Error(f"the function returned a {what}, expected {wanted}" +
                    (" (does it return?)" if y is None else ""))
    kind = str(y.dtype).replace("torch.", "")
    if kind not in ("float32", "float16", "bfloat16", ">f4"):
        raise Error(f"the function returned {kind}, expected {wanted}: "
                    "convert it (" + ("y.float()" if is_tensor else
                                      "y.astype('float32')") + ")")
    shape = tuple(y.shape)
    if shape not in ((n, rows, cols), (n, 1, rows, cols)):
        raise Error(f"the function returned {kind} {_shape(shape)}, expected "
                    + wanted + _shape_hint(shape, n, rows, cols))
    if is_tensor:
        y = y.detach().float().cpu().numpy()
    return y.reshape(n, rows, cols)


def _padding(size: int, multiple: int) -> tuple[int, int]:
    extra = -size % multiple
    return extra // 2, extra - extra // 2


class _Model:
    """A function, with what is put around it."""

    def __init__(self, function: Callable, device: Any, multiple: int):
        self.function, self.multiple = function, multiple
        self.torch: Any = None
        if device is None:
            return
        try:
            import torch
        except ImportError as e:
            raise Error(f"device={device!r} needs PyTorch, the Debian package "
                        f"python3-torch: {e}", SYSTEM) from None
        self.torch = torch
        try:
            self.device = torch.device(device)
        except (RuntimeError, TypeError) as e:
            raise Error(f"device: {str(e).splitlines()[0]}", USAGE) from None
        if isinstance(function, torch.nn.Module):
            self.function = function.to(self.device).eval()

    def __call__(self, x: np.ndarray) -> np.ndarray:
        n, rows, cols = x.shape
        above = left = 0
        if self.multiple > 1:
            pad = _padding(rows, self.multiple), _padding(cols, self.multiple)
            (above, _), (left, _) = pad
            x = np.pad(x, ((0, 0),) + pad, mode="edge")
        if self.torch is None:
            y = self.function(x)
        else:
            with self.torch.no_grad():
                y = self.function(self.torch.from_numpy(x)[:, None]
                                  .to(self.device))
        y = _returned(y, *x.shape)
        return y[:, above:above + rows, left:left + cols]


class _Batches:
    """Images of a stream, gathered into batches of equal sizes."""

    def __init__(self, reader: _Reader, batch: int):
        self.reader, self.batch = reader, batch
        self.kept: Optional[np.ndarray] = None  # the first of another size

    def _place(self, rows: int, cols: int) -> np.ndarray:
        if self.n == 0:
            self.room = np.empty((self.batch, rows, cols), np.float32)
        elif self.room.shape[1:] != (rows, cols):
            return _new(rows, cols)
        return self.room[self.n]

    def next(self) -> Optional[np.ndarray]:
        """[n, rows, cols], n from 1 to batch; None at the end."""
        self.n = 0
        if self.kept is not None:
            self._place(*self.kept.shape)[...] = self.kept
            self.n, self.kept = 1, None
        while self.n < self.batch:
            image = self.reader.next(self._place)
            if image is None:
                break
            if image.shape != self.room.shape[1:]:
                self.kept = image
                break
            self.n += 1
        return self.room[:self.n] if self.n else None


def _check_count(name: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or \
            not 1 <= value <= most:
        raise Error(f"{name}: found {value!r}, expected a whole number from 1 "
                    f"to {most}", USAGE)
    return int(value)


def _size_advice(e: BaseException, x: np.ndarray, multiple: int) -> str:
    """What networks of stride 2 say of odd sizes is hard to read."""
    if type(e) is not RuntimeError or "size" not in str(e).lower() or \
            multiple > 1 or (x.shape[1] % 32 == 0 and x.shape[2] % 32 == 0):
        return ""
    return (f"; images are {x.shape[2]} x {x.shape[1]}, and serve(..., "
            "multiple=16) pads them for networks that halve sizes")


def serve(function: Callable, batch: int = 1, device: Any = None,
          multiple: int = 1) -> None:
    """The whole loop of a model: images from standard input, what the
    function makes of them to standard output, until the input ends.

    function  takes a batch and returns one of the same shape.  Without device
              a batch is a float32 array [N, rows, columns], C-contiguous, also
              where N is 1; with it a float32 tensor [N, 1, rows, columns] on
              that device.  It may return either shape, as an array or a tensor
              of float32, or of half precision.
    batch     N at most.  A batch has images of one size, and is short at the
              end of the stream or before another size.
    device    "cpu", "cuda", or a torch.device; gradients are off.  A
              torch.nn.Module is moved there and put into evaluation mode.
    multiple  pad rows and columns with copies of the edge, half on each side,
              to a multiple of this, and crop what comes back.

    What is printed from the call on goes to standard error.  A failure of any
    kind prints one line, ends the stream so that its readers fail too, and
    ends the program with status 2, 3 or 4; SIGINT, SIGTERM and SIGHUP end it
    likewise, and a closed pipe ends it by SIGPIPE.  With BLINDSPOT_DEBUG in
    the environment there is a traceback too.
    """
    out = _Output(_program_name()) if not os.isatty(1) else None
    where = ""
    x = None
    try:
        if out is None:
            _check_ends()
        out.catch_signals()
        _check_other_file(out.writer.fd)
        batch = _check_count("batch", batch, 65536)
        multiple = _check_count("multiple", multiple, 4096)
        model = _Model(function, device, multiple)
        _wide_pipe(0)
        _wide_pipe(out.writer.fd)
        batches = _Batches(_Reader(_Source(_read_fd(0), "standard input")),
                           batch)
        while True:
            where, x = "", batches.next()
            if x is None:
                break
            out.check()
            first = out.writer.count
            where = f"image {first}: " if len(x) == 1 else \
                f"images {first} to {first + len(x) - 1}: "
            y = model(x)
            where = ""
            for image in y:
                out.put(image)
        out.close()
    except BaseException as e:  # whatever it is, the stream says so
        if out is None:
            _say(f"{_program_name()}: {e}")
            sys.exit(USAGE)
        out.dying = True
        out.fail(e, where, _size_advice(e, x, multiple) if where else "")


# --------------------------------------------------------------------- tables

class Table(dict):
    """Columns by name, in the table's order: numpy arrays of integers, of
    floats, or of text.  provenance holds the comment lines without their #."""

    def __init__(self, columns: dict, provenance: list[str]):
        super().__init__(columns)
        self.provenance = provenance


_WHOLE = re.compile(r"(0|-?[1-9][0-9]{0,17})\Z")


def _column(cells: list[str]) -> np.ndarray:
    """Numbers where all cells are numbers; 007 is a name."""
    if cells and all(map(_WHOLE.match, cells)):
        return np.array(list(map(int, cells)), np.int64)
    if cells and all(cell == "nan" or (_NUMBER.match(cell) and not re.match(
            r"[+-]?0[0-9]", cell)) for cell in cells):
        return np.array(list(map(float, cells)))
    return np.array(cells, str)


def _field(cell: str) -> Optional[str]:
    """Without the quotes of spreadsheets; None where they do not end."""
    if cell.startswith('"'):
        inner = cell[1:-1].replace('""', "")
        if len(cell) < 2 or not cell.endswith('"') or '"' in inner:
            return None
        cell = cell[1:-1].replace('""', '"')
    return cell.strip(" ")


def _rows(data: bytes, name: str) -> tuple[list[list[str]], list[str]]:
    """The rows of a table, the header's first, and its comments: as
    tools/cli/table.c."""
    rows: list[list[str]] = []
    comments: list[str] = []

    def bad(number: int, text: str) -> Error:
        return Error(f"{name}: line {number}: {text}")

    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        line = line[:-1] if line.endswith(b"\r") else line
        if number == 1 and line.startswith(b"\xef\xbb\xbf"):
            line = line[3:]
        if b"\0" in line:
            raise bad(number, "a zero byte, expected text in UTF-8")
        text = line.decode("utf-8", "surrogateescape")
        if text == "# incomplete":
            raise bad(number, "the table is not whole: the program that wrote "
                      "it failed, expected a whole table")
        if text.startswith("#"):
            comments.append(text[2:] if text.startswith("# ") else text[1:])
            continue
        cells = [_field(cell) for cell in text.split("\t")]
        if None in cells:
            raise bad(number, "a quote that does not end with its field, "
                      "expected no tab or line break in quotes")
        if rows and len(cells) != len(rows[0]):
            raise bad(number, "another number of fields than the header has, "
                      "expected a field for each column")
        rows.append([str(cell) for cell in cells])
    if lines[-1]:
        raise bad(len(lines), "the file ends inside a line, expected a "
                  "newline after the last line too: without it the file could "
                  "be cut")
    if not rows:
        raise bad(len(lines), "an empty table, expected a header line")
    return rows, comments


def _table(data: bytes, name: str) -> Table:
    (header, *rows), comments = _rows(data, name)
    twice = [column for column in header if header.count(column) > 1]
    if twice:
        raise Error(f"{name}: two columns are called '{twice[0]}', expected "
                    "one of each name")
    return Table({column: _column([row[i] for row in rows])
                  for i, column in enumerate(header)}, comments)


def table(path: Union[str, os.PathLike]) -> Table:
    """A table of ours, or any TSV with a header line, by its columns.

    Raises Error, with the line, where the table is not whole: it ends inside
    a line, or with "# incomplete"; or has rows of several lengths.
    """
    try:
        with open(path, "rb") as file:
            return _table(file.read(), os.fspath(path))
    except OSError as e:
        raise Error(f"{os.fspath(path)}: open: {e.strerror}", SYSTEM) from e


# ------------------------------------------------------------------------ run

class _OutputWanted:
    def __repr__(self) -> str:
        return "blindspot.OUTPUT"


OUTPUT = _OutputWanted()


def _find_program(name: str) -> str:
    """BLINDSPOT_BIN, PATH, and what lies beside this file: the build folder of
    the source tree, or the programs of the same prefix."""
    here = os.path.dirname(os.path.realpath(__file__))
    beside = [os.path.join(here, *up, "bin") for up in
              (("..", "..", "build"), ("..", "..", ".."))]
    first = os.environ.get("BLINDSPOT_BIN")
    for path in ([first] if first else []) + [None] + beside:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise Error(f"no program '{name}' in PATH or {beside[0]}", USAGE)


def _is_images(word: Any) -> bool:
    """Arrays, tensors, and lists or iterators of them."""
    return not isinstance(word, (str, bytes, os.PathLike, int, float, bool,
                                 np.generic, _OutputWanted)) and \
        word is not None


def _images_of(word: Any) -> Iterator[Any]:
    """The images [rows, columns] of an argument."""
    if hasattr(word, "detach"):
        word = word.detach().cpu().numpy()
    if not isinstance(word, np.ndarray):
        for image in word:
            yield from _images_of(image)
    elif word.ndim == 2:
        yield word
    elif word.ndim == 3 or (word.ndim == 4 and word.shape[1] == 1):
        yield from word.reshape(len(word), *word.shape[-2:])
    else:
        raise Error(f"found an array {_shape(word.shape)}, expected an image "
                    "[rows, columns] or images [N, rows, columns]", USAGE)


class _Feeder(threading.Thread):
    """Writes images into a pipe; on an error of its own, spoils the stream and
    keeps the error."""

    def __init__(self, images: Any, fd: int):
        super().__init__(daemon=True)
        self.images, self.fd = images, fd
        self.error: Optional[BaseException] = None
        self.start()

    def run(self) -> None:
        writer = _Writer(self.fd, "an argument")
        try:
            for image in _images_of(self.images):
                image = np.asarray(image)
                writer.format = "pgm8" if image.dtype == bool else "pfm"
                writer.put(image)
        except _Closed:
            pass  # the program says why, if it matters
        except BaseException as e:
            self.error = e
            writer.poison()
        finally:
            os.close(self.fd)


class _Collector(threading.Thread):
    """Reads a pipe to its end."""

    def __init__(self, file: BinaryIO):
        super().__init__(daemon=True)
        self.file, self.data = file, b""
        self.start()

    def run(self) -> None:
        with self.file:
            self.data = self.file.read()


def _parse(data: bytes, name: str) -> Any:
    """What a program wrote: images, a table, or JSON."""
    if data[:1] == b"P":
        source = _Source(_read_file(io.BytesIO(data)), name)
        reader, images = _Reader(source), []
        image = reader.next()
        while image is not None:
            images.append(image)
            image = reader.next()
        return images
    if not data:
        return []
    if data[:1] == b"{":
        return json.loads(data)
    return _table(data, name) if data[:1] == b"#" else data.decode()


class _Run:
    """One program with pipes for its inputs and outputs."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.inputs: list[tuple[Any, int]] = []  # images, end to write
        self.outputs: list[int] = []             # ends to read
        self.theirs: list[int] = []              # the other ends

    def word(self, value: Any) -> str:
        """An argument as the program sees it."""
        if value is OUTPUT or _is_images(value):
            read_end, write_end = os.pipe()
            ours, their = (read_end, write_end) if value is OUTPUT else \
                (write_end, read_end)
            self.theirs.append(their)
            _wide_pipe(ours)
            if value is OUTPUT:
                self.outputs.append(ours)
            else:
                self.inputs.append((value, ours))
            return f"/dev/fd/{their}"
        if isinstance(value, bytes):
            return os.fsdecode(value)
        return os.fspath(value) if isinstance(value, os.PathLike) else \
            str(value)

    def option(self, name: str, value: Any) -> None:
        flag = "--" + name.rstrip("_").replace("_", "-")
        if value is True:
            self.words.append(flag)
        elif value is not None and value is not False:
            self.words.append(f"{flag}={self.word(value)}")

    def close(self) -> None:
        """Close what no thread has taken over."""
        for fd in self.theirs + self.outputs + [fd for _, fd in self.inputs]:
            os.close(fd)
        self.theirs, self.outputs, self.inputs = [], [], []

    def start(self, program: str, feed: Any) -> Any:
        process = subprocess.Popen(
            [_find_program(program)] + self.words, pass_fds=self.theirs,
            stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        feeders = [_Feeder(*pair) for pair in self.inputs]
        others = [_Collector(os.fdopen(fd, "rb")) for fd in self.outputs]
        self.inputs, self.outputs = [], []
        self.close()
        if feed is not None:
            fd = os.dup(process.stdin.fileno())
            process.stdin.close()
            feeders.append(_Feeder(feed, fd))
        said = _Collector(process.stderr)
        with process.stdout as file:
            data = file.read()
        status = process.wait()
        for thread in [said] + feeders + others:
            thread.join()
        self._check(program, status, said.data.decode(errors="replace"),
                    [f.error for f in feeders if f.error is not None])
        results = [_parse(each, program) for each in
                   [data] + [other.data for other in others]]
        return results[0] if len(results) == 1 else tuple(results)

    @staticmethod
    def _check(program: str, status: int, said: str,
               errors: list[BaseException]) -> None:
        if errors:  # the cause of whatever the program says
            raise errors[0]
        lines = said.strip().splitlines()
        if status < 0:
            raise Error(lines[-1] if lines else f"{program}: ended by "
                        f"{signal.Signals(-status).name}", SYSTEM)
        if status > 0:
            raise Error(lines[-1] if lines else f"{program}: ended with "
                        f"status {status}", status)
        if lines:  # warnings
            sys.stderr.write(said)


def run(program: str, *words: Any, stdin: Any = None, **options: Any) -> Any:
    """Run a program of the kit, with arrays in the place of files.

    program  its name; looked for in BLINDSPOT_BIN, PATH, and beside this file
    words    its arguments: texts and numbers as they are; an image [rows,
             columns], images [N, rows, columns] or a list or iterator of them
             as a stream through a pipe, as PGM where they are booleans, as
             masks are, and else as PFM
    stdin    images for its standard input
    options  name=value is --name=value, with - for _; True is --name alone,
             False and None nothing; OUTPUT takes what the program writes there

        run("residual", "abs", x, y, median=5)
        anomalous, masks = run("anom-inject", "disk", x, mask=OUTPUT)
        run("score", maps, masks, metrics="ap")["mean"]

    Returns what the program wrote: a list of float32 arrays [rows, columns], a
    Table, or a dict with --json; with OUTPUTs a tuple, theirs after it.
    Raises Error with the program's message and status.  Nothing is written to
    a disk, and as many streams as there are move at once.
    """
    process = _Run()
    try:
        for word in words:
            process.words.append(process.word(word))
        for name, value in options.items():
            process.option(name, value)
        return process.start(program, stdin)
    finally:
        process.close()


# ---------------------------------------------------------------------- check

def _head(rows: int, cols: int, number: int) -> np.ndarray:
    """A drawn head, each number another: background 0, tissue up to 1."""
    y, x = np.mgrid[:rows, :cols]
    y, x = (y + .5) / rows - .5, (x + .5) / cols - .5
    inside = (y / .42) ** 2 + (x / .36) ** 2
    folds = np.sin(23 * x + number) * np.sin(19 * y - 1.3 * number)
    tissue = .5 + .15 * folds + .1 * y + .05 * x
    return np.where(inside < 1, tissue, 0).astype(np.float32)


# Upper left corners of the change, as shares of rows and columns: none is
# where another is after a flip.
_PLACES = [(.25, .58), (.55, .2), (.2, .3)]
_CHANGE = .25  # its side


def _changed(image: np.ndarray, number: int) -> np.ndarray:
    """The image with an anomaly: a block as bright as any where it is dark,
    and dark where it is bright."""
    rows, cols = image.shape
    at, beside = _PLACES[number % len(_PLACES)]
    block = (slice(int(at * rows), max(int((at + _CHANGE) * rows),
                                       int(at * rows) + 1)),
             slice(int(beside * cols), max(int((beside + _CHANGE) * cols),
                                           int(beside * cols) + 1)))
    most = float(image.max()) or 1.
    out = image.copy()
    out[block] = most if image[block].mean() < .6 * most else 0
    return out


class _Timeout(Exception):
    pass


class _Fault(Exception):
    """What is wrong with a model, as a sentence; nothing more can be
    checked."""


class _Command:
    """A model's command in a session of its own, fed by a thread, so that
    neither waits for the other; what it writes is kept for a diagnosis."""

    def __init__(self, command: str, timeout: float):
        self.timeout = timeout
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, shell=True, start_new_session=True, stderr=self.said,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.fd = self.process.stdout.fileno()
        self.kept = bytearray()
        self.source = _Source(self._some, "its output")
        self.reader = _Reader(self.source)
        self.queue: queue.Queue = queue.Queue()
        threading.Thread(target=self._feed, daemon=True).start()

    def _feed(self) -> None:
        try:
            with self.process.stdin as file:
                data = self.queue.get()
                while data is not None:
                    file.write(data)
                    file.flush()
                    data = self.queue.get()
        except OSError:
            pass  # it reads no more: its status or its images say why

    def feed(self, images: Iterable[np.ndarray]) -> None:
        for image in images:
            header, samples = _encode(image, "pfm")
            self.queue.put(header + samples.tobytes())

    def end_input(self) -> None:
        self.queue.put(None)

    def _some(self, view: memoryview) -> int:
        if not select.select([self.fd], [], [], self.timeout)[0]:
            raise _Timeout
        n = os.readv(self.fd, [view])
        self.kept += view[:n]
        return n

    def next(self) -> Optional[np.ndarray]:
        return self.reader.next()

    def wait(self) -> Optional[int]:
        try:
            return self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            return None

    def last_words(self) -> str:
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        return _one_line(lines[-1]) if lines else ""

    def drain(self) -> bytes:
        """All that it still writes, for a while."""
        self.end_input()
        self.timeout = min(self.timeout, 5)
        room = memoryview(bytearray(_BLOCK))
        try:
            while self._some(room) and len(self.kept) < 1 << 28:
                pass
        except _Timeout:
            pass
        return bytes(self.kept)

    def kill(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdout.close()
        self.said.close()


def _printed(data: bytes) -> str:
    """The line of text that stands where a header should, "" where none
    does."""
    line = data.split(b"\n", 1)[0].strip()[:60]
    text = line.decode("utf-8", "replace")
    return text if len(text) > 1 and text.isprintable() and \
        not re.match(rb"P[1-7f]\b", line) else ""


def _is_double(data: bytes, rows: int, cols: int) -> bool:
    """Has the first image samples of 8 bytes?"""
    m = _PFM.match(data)
    n = 8 * rows * cols
    if not m or len(data) < m.end() + n or \
            data[m.end() + n:m.end() + n + 3] not in (b"", b"Pf\n"):
        return False
    samples = np.frombuffer(data, "<f8", rows * cols, m.end())
    return bool(np.isfinite(samples).all() and np.abs(samples).max() < 1e6)


class _Check:
    """What a model's command does, found out with as few images as tell it:
    groups of images, in each of which other images have an anomaly, so that
    the changes of an output tell which image it is of."""

    def __init__(self, command: str, images: list[np.ndarray], batch: int,
                 timeout: float):
        self.text, self.batch, self.timeout = command, batch, timeout
        self.faults = 0
        # Images in a group; batch is 0 where it may read all of its input.
        size = batch * -(-4 // batch) if batch else 4
        self.bits = (size + 1).bit_length()
        self.plain = [images[i % len(images)] for i in range(size)]
        self.changed = [_changed(a, i) for i, a in enumerate(self.plain)]
        self.rows, self.cols = self.plain[0].shape
        self.groups = [[self.changed[i] if self._has(bit, i) else
                        self.plain[i] for i in range(size)]
                       for bit in range(-1, self.bits)]

    @staticmethod
    def _has(bit: int, i: int) -> bool:
        """Has image i an anomaly in the group of this bit?  In group -1 none
        has, and each image has one in another set of groups."""
        return bit >= 0 and i + 1 >> bit & 1 == 1

    def tell(self, passed: bool, text: str) -> None:
        self.faults += not passed
        print(("ok     " if passed else "FAULT  ") + text, flush=True)

    def note(self, text: str) -> None:
        print("note   " + text, flush=True)

    def _size(self, image: np.ndarray, number: int) -> None:
        rows, cols = image.shape
        if image.shape == (self.rows, self.cols):
            return
        hint = ""
        if (rows, cols) == (self.cols, self.rows):
            hint = ": rows and columns are swapped"
        elif rows * cols == self.rows * self.cols or cols == 1 or rows == 1:
            hint = (": the axes are not those of an image; of an array "
                    "[1, 1, rows, columns] write y[0, 0], of [rows, columns, "
                    "1] write y[..., 0]")
        raise _Fault(f"changes the size: image {number} came back as {cols} x "
                     f"{rows}, expected {self.cols} x {self.rows}" + hint)

    def _why(self, run: _Command, e: Error, number: int) -> str:
        """What is probably behind a stream that cannot be read."""
        at = run.source.offset
        m = re.search(r"byte (\d+)", str(e))
        start = int(m[1]) if m else at
        data = run.drain()
        text = _printed(data[start:])
        if "magic number" in str(e) or "found a" in str(e):
            if _is_double(data, self.rows, self.cols):
                return ("writes float64, 8 bytes a sample, expected float32 "
                        "(a.astype('<f4'))")
            if text:
                return ("prints to standard output, where its images go: "
                        f"'{text}' (print(..., file=sys.stderr))")
            return f"writes more or fewer bytes than its header says: {e}"
        if _is_double(data, self.rows, self.cols):
            return ("writes float64, 8 bytes a sample, expected float32 "
                    "(a.astype('<f4'))")
        if "finite" in str(e):
            return f"writes samples that are not finite: {e}"
        if "is not whole" in str(e):
            status = run.wait()
            return (f"fails at image {number} (status {status}): " +
                    (run.last_words() or "it says nothing"))
        return f"writes no whole stream: {e}"

    def _missing(self, run: _Command, number: int, sent: int) -> str:
        """Why the stream ended before all images came back."""
        run.end_input()
        status = run.wait()
        words = run.last_words()
        if status:
            return (f"ended with status {status} at image {number}" +
                    (f": {words}" if words else ", without a word"))
        return (f"writes too few images: {number} for {sent}, expected one "
                "for each, also for a last batch that is short")

    def _late(self, run: _Command, number: int, sent: int) -> str:
        """Nothing came in time: does it wait for the end, or hang?"""
        run.end_input()
        try:
            if run.next() is not None:
                return (f"waits for the end of its input: nothing came back "
                        f"for {sent} images in {self.timeout:g} s, but all of "
                        f"it when the input ended; expected a batch of "
                        f"{self.batch} back before it reads on (is its "
                        "output flushed?); of a model that reads N images "
                        "at once say BATCH=N")
        except (_Timeout, Error):
            pass
        return (f"hangs: image {number} did not come back in "
                f"{self.timeout:g} s (TIMEOUT), nor when the input ended")

    def _back(self, run: _Command, n: int, number: int,
              sent: int) -> list[np.ndarray]:
        """The next n images of its output."""
        out = []
        for i in range(number, number + n):
            try:
                image = run.next()
            except _Timeout:
                raise _Fault(self._late(run, i, sent)) from None
            except Error as e:
                raise _Fault(self._why(run, e, i)) from None
            if image is None:
                raise _Fault(self._missing(run, i, sent))
            self._size(image, i)
            out.append(image)
        return out

    def _exchange(self, run: _Command) -> list[list[np.ndarray]]:
        """All groups, a batch at a time, and a last batch that is short."""
        out, number = [], 0
        if not self.batch:
            return self._exchange_all(run)
        for group in self.groups:
            back: list[np.ndarray] = []
            for first in range(0, len(group), self.batch):
                run.feed(group[first:first + self.batch])
                back += self._back(run, self.batch, number,
                                   number + self.batch)
                number += self.batch
            out.append(back)
        if self.batch > 1:
            run.feed(self.plain[:1])
        run.end_input()
        if self.batch > 1:
            self._back(run, 1, number, number + 1)
            number += 1
        self._end(run, number)
        return out

    def _exchange_all(self, run: _Command) -> list[list[np.ndarray]]:
        """The same for a model that may read all before it writes."""
        sent = sum(map(len, self.groups))
        for group in self.groups:
            run.feed(group)
        run.end_input()
        back = self._back(run, sent, 0, sent)
        self._end(run, sent)
        size = len(self.plain)
        return [back[k:k + size] for k in range(0, sent, size)]

    def _end(self, run: _Command, number: int) -> None:
        try:
            more = run.next()
        except _Timeout:
            raise _Fault("does not end: its input ended, and its output is "
                         f"open after {self.timeout:g} s (TIMEOUT)") from None
        except Error as e:
            raise _Fault(self._why(run, e, number)) from None
        if more is not None:
            raise _Fault(f"writes too many images: more than the {number} "
                         "that it read, expected one for each")
        status = run.wait()
        if status is None:
            raise _Fault("does not end: its input and output ended, and it "
                         f"runs on after {self.timeout:g} s")
        if status != 0:
            raise _Fault(f"ends with status {status} after the last image: " +
                         (run.last_words() or "it says nothing"))
        self.tell(True, f"one image of the same size for each: {number} of "
                  f"{self.cols} x {self.rows}, finite, nothing else on "
                  "standard output")
        if self.batch:
            self.tell(True, "does not wait for the end of its input: " +
                      (f"batches of {self.batch} come back before the next, "
                       "a short one at the end" if self.batch > 1 else
                       "each image comes back before the next"))

    def _order(self, out: list[list[np.ndarray]]) -> bool:
        """Which image does each output depend on?"""
        size, bits = len(self.plain), range(self.bits)
        change = np.array([[np.abs(out[1 + bit][k] - out[0][k]).mean()
                            for bit in bits] for k in range(size)])
        has = np.array([[self._has(bit, i) for bit in bits]
                        for i in range(size)])
        if change.max() <= 1e-6 * max(np.abs(out[0]).max(), 1e-30):
            self.note("no output depends on its image: order and place cannot "
                      "be checked")
            return False
        with_it = change @ has.T / has.sum(1)
        without = change @ ~has.T / (~has).sum(1)
        of = np.argmax(with_it - without, axis=1)
        most = np.max(with_it - without, axis=1)
        moved = (of != np.arange(size)) & (most > .05 * change.max())
        # What is drawn anew in each run changes as much without an image.
        wrong = np.flatnonzero(moved & (
            most > .5 * with_it[np.arange(size), of]))
        if wrong.size:
            k = int(wrong[0])
            # Of all at once, which is where is not known so exactly.
            self.tell(False, "changes the order of images" + (
                f": output {k} is of image {int(of[k])} (counted in a group "
                f"of {size})" if self.batch else ""))
            return False
        if moved.any() or np.any(np.diag(with_it - without) <
                                 .5 * np.diag(with_it)):
            self.note("outputs change from run to run, as much as with their "
                      "images: order and place cannot be checked")
            return False
        self.tell(True, "keeps the order of images: a change in an image "
                  "moves with it")
        if np.diag(without).max() > 1e-4 * np.diag(with_it).max():
            self.note("an output changes with other images too, or from run "
                      "to run: a network in training mode (model.eval()), or "
                      "one that draws at random")
        return True

    def _place(self, out: list[list[np.ndarray]]) -> None:
        """Is a change of an image where it was?"""
        turns: dict[str, Callable] = {
            "": lambda a: a,
            "flips the rows: the top comes back as the bottom (PFM begins "
            "with the bottom row)": lambda a: a[::-1],
            "flips the columns: left comes back as right":
                lambda a: a[:, ::-1],
            "turns images upside down: rows and columns are flipped":
                lambda a: a[::-1, ::-1],
        }
        if self.rows == self.cols:
            turns["swaps rows and columns"] = lambda a: a.T
        match = dict.fromkeys(turns, 0.)
        for bit in range(self.bits):
            for i in range(len(self.plain)):
                if not self._has(bit, i):
                    continue
                came = out[1 + bit][i].astype(float) - out[0][i]
                sent = self.changed[i].astype(float) - self.plain[i]
                both = np.linalg.norm(came) * np.linalg.norm(sent)
                for name, turn in turns.items():
                    match[name] += np.vdot(came, turn(sent)) / both if both \
                        else 0
        best = max(match, key=lambda name: match[name])
        if best and match[best] > 1.5 * max(match[""], 0) + .1:
            self.tell(False, best)
        elif match[""] > .1:
            self.tell(True, "keeps rows and columns: a change stays where it "
                      "is")
        else:
            self.note("a change of an image leaves no trace at its place: "
                      "flipped rows cannot be told")

    def _damaged(self) -> None:
        """A stream that is cut may not be taken for whole."""
        run = _Command(self.text, self.timeout)
        try:
            header, samples = _encode(self.plain[0], "pfm")
            whole = header + samples.tobytes()
            run.queue.put(whole * max(self.batch, 1) + whole[:len(whole) // 2])
            run.end_input()
            room = memoryview(bytearray(_BLOCK))
            try:
                while run._some(room):
                    pass
            except _Timeout:
                pass
            status = run.wait()
            if status is None:
                self.tell(False, "does not end where its input is cut inside "
                          "an image")
            else:
                self.tell(status != 0, "a stream that is cut makes it fail" if
                          status else "takes a stream that is cut inside an "
                          "image for whole: status 0, expected a failure")
        finally:
            run.kill()

    def _values(self, out: list[list[np.ndarray]]) -> None:
        most, came = float(np.max(self.plain)), float(np.abs(out[0]).max())
        if came > 10 * most or (came < most / 10 and came > 0):
            self.note(f"values reach {came:.3g} for images that reach "
                      f"{most:.3g}: is its output in the scale of its input?")

    def run(self) -> int:
        run = _Command(self.text, self.timeout)
        try:
            out = self._exchange(run)
        except _Fault as fault:
            self.tell(False, str(fault))
            return self.faults
        finally:
            run.kill()
        if self._order(out):
            self._place(out)
        self._values(out)
        self._damaged()
        return self.faults


def _check_images(path: Optional[str], size: str) -> list[np.ndarray]:
    if path is None:
        m = re.fullmatch(r"([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?", size)
        if not m:
            raise Error(f"SIZE: found '{size}', expected as 128 or 217x181, "
                        "columns x rows", USAGE)
        cols, rows = int(m[1]), int(m[2] or m[1])
        if min(rows, cols) < 8:
            raise Error(f"SIZE: found '{size}', expected at least 8", USAGE)
        return [_head(rows, cols, i) for i in range(16)]
    images: list[np.ndarray] = []
    for image in read(path):
        if images and image.shape != images[0].shape:
            break
        if np.any(image):
            images.append(image)
        if len(images) == 16:
            break
    if not images or min(images[0].shape) < 8:
        raise Error(f"{path}: no image of at least 8 x 8 that is not empty, "
                    "expected one", DATA)
    return images


def _copy_stream() -> None:
    """Standard input to standard output, in the format that it has."""
    out = _Output("blindspot check") if not os.isatty(1) else None
    try:
        if out is None:
            _check_ends()
        out.catch_signals()
        _check_other_file(out.writer.fd)
        reader = _Reader(_Source(_read_fd(0), "standard input"))
        image = reader.next()
        while image is not None:
            header = reader.header
            out.writer.format = {("5", 255): "pgm8", ("5", 65535): "pgm16"}.get(
                (header.kind, header.maxval), "pfm")
            out.put(image)
            image = reader.next()
        out.close()
    except BaseException as e:
        if out is None:
            raise
        out.dying = True
        out.fail(e)


# -------------------------------------------------------------------- weights

# Where checkpoints keep a state dictionary, and what wrappers put before the
# names in it.
_KEYS = ["state_dict", "model_state_dict", "model_state", "model", "net",
         "network", "weights", "params", "ema", "module"]
_PREFIXES = ["module.", "_orig_mod.", "model.", "net.", "network.",
             "autoencoder.", "backbone.", "_forward_module.", "student."]


def _state(loaded: Any, key: Optional[str], path: str,
           torch: Any) -> tuple[dict, str]:
    """The state dictionary in what a file holds, and its key."""
    def is_state(value: Any) -> bool:
        return isinstance(value, dict) and len(value) > 0 and all(
            isinstance(k, str) and torch.is_tensor(v)
            for k, v in value.items())

    if not isinstance(loaded, dict):
        what = f"a whole {type(loaded).__name__}" if isinstance(
            loaded, _Inert) else f"a {type(loaded).__name__}"
        raise Error(f"{path}: holds {what}, expected a state dictionary: save "
                    "model.state_dict()")
    inside = [str(k) for k, v in loaded.items() if is_state(v)]
    if key is not None:
        if key not in inside:
            raise Error(f"{path}: no state dictionary under the key '{key}'; "
                        "found " + (", ".join(inside) or "none"), USAGE)
        return loaded[key], key
    if is_state(loaded):
        return loaded, ""
    known = [k for k in _KEYS if k in inside] or inside
    if not known:
        keys = ", ".join(map(str, list(loaded)[:8]))
        raise Error(f"{path}: no state dictionary, of tensors by name; its "
                    f"keys are {keys}")
    if len(inside) > 1 and known[0] not in _KEYS:
        raise Error(f"{path}: several state dictionaries, {', '.join(inside)}:"
                    " name one with KEY", USAGE)
    return loaded[known[0]], known[0]


def _architecture(state: dict) -> tuple[str, str, tuple[int, int]]:
    """Which of the kit's architectures has these tensors, in words, and an
    image size that it takes; all empty where none has."""
    def shape(name: str) -> tuple:
        return tuple(state[name].shape) if name in state else ()

    stages = 0
    while f"encoder.{stages}.0.weight" in state:
        stages += 1
    side, width = 8 << stages, (shape("encoder.0.0.weight") or (0,))[0]
    if len(shape("bottleneck.1.weight")) == 2 and stages:
        return "ae", f"latent {shape('bottleneck.1.weight')[0]}, width " \
            f"{width}, images of {side} x {side}", (side, side)
    if len(shape("bottleneck.weight")) == 4 and stages:
        return "spatial-ae", f"{shape('bottleneck.weight')[0]} channels, " \
            f"width {width}, images of {side} x {side}", (side, side)
    if len(shape("enc_b.blocks.2.weight")) == 4:
        return "vq-vae", f"width {shape('enc_b.blocks.2.weight')[0]}, images " \
            "of multiples of 8 pixels", (64, 64)
    if len(shape("components")) == 2 and len(shape("mean")) == 1:
        side = math.isqrt(shape("mean")[0])
        return "pca", f"{shape('components')[0]} components, {side} x {side}", \
            (side, side)
    return "", "", (0, 0)


def _strip(state: dict) -> tuple[dict, str, int]:
    """Names without the prefixes of wrappers; what was taken off, and how many
    tensors are left out that do not have it."""
    taken, left = "", 0
    while not _architecture(state)[0]:
        for prefix in _PREFIXES:
            inside = {k[len(prefix):]: v for k, v in state.items()
                      if k.startswith(prefix)}
            # Of several parts, the one that the kit knows.
            if inside and (len(inside) == len(state) or
                           _architecture(_strip(inside)[0])[0]):
                left += len(state) - len(inside)
                state, taken = inside, taken + prefix
                break
        else:
            break
    return state, taken, left


def _arrays(state: dict, path: str, torch: Any) -> tuple[dict, dict]:
    """Tensors as float32 and int64 arrays; how many of other types there
    were."""
    arrays, cast = {}, {}
    for name, tensor in state.items():
        kind = str(tensor.dtype).replace("torch.", "")
        if tensor.is_sparse or tensor.is_quantized or tensor.is_complex():
            raise Error(f"{path}: tensor '{name}': found {kind}, expected a "
                        "dense one of real numbers")
        to = "float32" if tensor.is_floating_point() else "int64"
        a = tensor.detach().cpu().to(getattr(torch, to)).numpy()
        if not np.isfinite(a).all():
            raise Error(f"{path}: tensor '{name}': NaN or an infinity" +
                        ("" if kind in ("float32", to) else f" in {to}") +
                        ", expected finite weights")
        if kind != to:
            cast[f"{kind} to {to}"] = cast.get(f"{kind} to {to}", 0) + 1
        arrays[name] = np.ascontiguousarray(a, "<f4" if to == "float32" else
                                            "<i8").reshape(tensor.shape)
    return arrays, cast


def _safetensors(arrays: dict, facts: dict) -> bytes:
    header: dict[str, Any] = {"__metadata__": facts}
    at = 0
    for name, a in arrays.items():
        header[name] = {"dtype": "F32" if a.dtype == "<f4" else "I64",
                        "shape": list(a.shape),
                        "data_offsets": [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(
        a.tobytes() for a in arrays.values())


class _Inert:
    """In the place of an object whose class is not that of a tensor; nothing
    of it is run."""

    def __init__(self, *_: Any, **__: Any):
        pass

    def __setstate__(self, _: Any) -> None:
        pass

    def __setitem__(self, _: Any, __: Any) -> None:
        pass

    def append(self, _: Any) -> None:
        pass

    add = extend = append


_STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64",
    "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16",
    "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
}


def _load_zip(path: str, torch: Any) -> Any:
    """A file of torch.save, of which nothing is made but tensors and
    containers: as weights_only does, but settings of any kind, which lie
    beside the weights in checkpoints, become inert objects."""
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist()
                    if os.path.basename(n) == "data.pkl")
        folder = os.path.dirname(name)
        storages: dict[str, Any] = {}

        def rebuild(storage: Any, offset: int, size: tuple, stride: tuple,
                    *_: Any) -> Any:
            return storage.as_strided(size, stride, offset)

        made = {("collections", "OrderedDict"): collections.OrderedDict,
                ("torch._utils", "_rebuild_tensor_v2"): rebuild,
                ("torch._utils", "_rebuild_parameter"): lambda data, *_: data}

        class Unpickler(pickle.Unpickler):
            def find_class(self, module: str, name: str) -> Any:
                if module == "torch" and name in _STORAGES:
                    return getattr(torch, _STORAGES[name])
                return made.get((module, name)) or type(
                    name, (_Inert,), {"__module__": module})

            def persistent_load(self, pid: Any) -> Any:
                _, dtype, key, _, count = pid
                if key not in storages:
                    data = bytearray(archive.read(
                        f"{folder}/data/{key}"))
                    storages[key] = torch.frombuffer(data, dtype=dtype) if \
                        count else torch.empty(0, dtype=dtype)
                return storages[key]

        with archive.open(name) as file:
            return Unpickler(file).load()


def _load(path: str) -> tuple[Any, Any]:
    try:
        import torch
    except ImportError:
        raise Error("needs PyTorch; the Debian package python3-torch has it",
                    SYSTEM) from None
    try:
        with open(path, "rb") as file:
            head = file.read(9)
    except OSError as e:
        raise Error(f"{path}: open: {e.strerror}", SYSTEM) from e
    if head[8:9] == b"{":
        raise Error(f"{path}: is a safetensors file already; recon-model(1) "
                    "reads it")
    try:
        try:
            return torch.load(path, map_location="cpu",
                              weights_only=True), torch
        except Exception:  # release 1.13 refuses numbers beside the tensors
            if not zipfile.is_zipfile(path):
                raise
            return _load_zip(path, torch), torch
    except MemoryError:
        raise
    except Exception as e:
        lines = str(e).splitlines() or [type(e).__name__]
        raise Error(f"{path}: is damaged, or no file of PyTorch "
                    f"(torch.save): {_one_line(lines[0])[:200]}") from e


def _forward(path: str, size: tuple[int, int]) -> str:
    """One image through the weights, by recon-model."""
    try:
        out = run("recon-model", path, _head(*size, 0))
    except Error as e:
        if e.status == USAGE:
            return "not tried: " + str(e)
        raise Error("recon-model refuses these weights: " +
                    str(e).replace(path, "they"), e.status) from None
    if len(out) != 1 or out[0].shape != size:
        raise Error("recon-model gave no image of the size of its input")
    return f"{size[1]} x {size[0]}, values from {out[0].min():.3g} to " \
        f"{out[0].max():.3g}"


def _weights(path: str, out: Optional[str], key: Optional[str],
             activation: Optional[str]) -> None:
    """A PyTorch file to safetensors, whole or not at all."""
    if out is None:
        out = os.path.splitext(path)[0] + ".safetensors"
    if os.path.exists(out) and os.path.exists(path) and \
            os.path.samefile(out, path):
        raise Error(f"{out}: would be written while it is read", USAGE)
    if activation not in (None, "none", "relu", "sigmoid", "tanh"):
        raise Error(f"ACTIVATION: found '{activation}', expected none, relu, "
                    "sigmoid or tanh", USAGE)
    loaded, torch = _load(path)
    state, key = _state(loaded, key, path, torch)
    state, taken, left = _strip(state)
    arrays, cast = _arrays(state, path, torch)
    name, words, size = _architecture(arrays)
    facts = {"format": "pt"}
    if activation:
        facts["activation"] = activation
    part = f"{out}.part-{os.getpid()}"
    try:
        try:
            with open(part, "wb") as file:
                file.write(_safetensors(arrays, facts))
                file.flush()
                os.fsync(file.fileno())
            forward = _forward(part, size) if name else ""
            os.replace(part, out)
        except OSError as e:
            raise Error(f"{out}: write: {e.strerror}", SYSTEM) from e
    finally:
        if os.path.exists(part):
            os.remove(part)
    print(f"{out}: {len(arrays)} tensors" + (f" of '{key}'" if key else ""))
    if taken:
        print(f"names: '{taken}' is taken off" + (
            f", {left} tensors without it are left out" if left else ""))
    for what, n in cast.items():
        print(f"types: {n} tensors from {what}")
    print(f"architecture: {name}, {words}" if name else "architecture: not one"
          " of the kit's; recon-model will not read it, see blindspot(7), "
          "Your own model")
    if name:
        print(f"one image through it: {forward}")


# --------------------------------------------------------------- command line

_USAGE = """usage: python3 -m blindspot check [COMMAND [OPTION]...]
       python3 -m blindspot weights FILE [OPTION]...
Check a model's command, or a stream; convert weights of PyTorch.

check            copy a stream from standard input to standard output, which
                 must come out as it was
check COMMAND    run COMMAND, which reads a stream and writes one image for
                 each, and say what is wrong with it
  --batch=N      images that it may read before it writes, or all (1)
  --images=FILE  a stream to try it with, else heads are drawn
  --size=CxR     the size of those, columns x rows (128)
  --timeout=S    seconds to wait for an image (60)
weights FILE     a state dictionary or checkpoint to safetensors
  --out=FILE     where to (FILE with .safetensors)
  --key=NAME     the key that holds the state dictionary
  --activation=A what ends the network: none, relu, sigmoid or tanh
--help           print this and exit; so does -h
--version        print the version and exit

Examples:
  python3 -m blindspot check < images.pfm | cmp - images.pfm
  python3 -m blindspot check 'python3 model.py' --batch=16

More in blindspot-python(3)."""

_OPTIONS = {"check": ["batch", "images", "size", "timeout"],
            "weights": ["out", "key", "activation"]}


def _arguments(command: str, words: list[str]) -> tuple[list[str], dict]:
    """Operands and options of a command."""
    operands: list[str] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word == "--":
            operands += rest
            break
        if not word.startswith("--"):
            operands.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if name not in _OPTIONS[command]:
            raise Error(f"unknown option --{name}, expected one of: " +
                        ", ".join("--" + o for o in _OPTIONS[command]), USAGE)
        if name in options:
            raise Error(f"--{name} is given twice", USAGE)
        options[name] = value if equals else next(rest, "")
        if not options[name]:
            raise Error(f"--{name}: nothing follows, expected a value", USAGE)
    return operands, options


def _main_check(operands: list[str], options: dict) -> int:
    if not operands and not options:
        _copy_stream()
        return 0
    if len(operands) != 1 or not operands[0].strip():
        raise Error(f"found {len(operands)} operands, expected the command of "
                    "a model, as one word", USAGE)
    batch, timeout = options.get("batch", "1"), options.get("timeout", "60")
    if batch == "all":
        batch = "0"
    elif not re.fullmatch("[0-9]{1,4}", batch) or not 1 <= int(batch) <= 1024:
        raise Error(f"BATCH: found '{batch}', expected 1 to 1024 or all", USAGE)
    if not _NUMBER.match(timeout) or not 0 < float(timeout) <= 86400:
        raise Error(f"TIMEOUT: found '{timeout}', expected seconds, above 0 "
                    "to 86400", USAGE)
    images = _check_images(options.get("images"), options.get("size", "128"))
    faults = _Check(operands[0], images, int(batch), float(timeout)).run()
    return 1 if faults else 0


def _main(words: list[str]) -> int:
    command = words[0] if words else ""
    program = "blindspot"
    try:
        if command in ("-h", "--help"):
            print(_USAGE)
            return 0
        if command == "--version":
            print(f"blindspot (blindspot) {__version__}")
            return 0
        if command not in _OPTIONS:
            raise Error(f"'{command}', expected check or weights; --help says "
                        "more" if command else "expected check or weights; "
                        "--help says more", USAGE)
        program = f"blindspot {command}"
        if words[1:] in (["-h"], ["--help"]):
            print(_USAGE)
            return 0
        operands, options = _arguments(command, words[1:])
        if command == "check":
            return _main_check(operands, options)
        if len(operands) != 1:
            raise Error(f"found {len(operands)} operands, expected the FILE "
                        "of PyTorch", USAGE)
        _weights(operands[0], options.get("out"), options.get("key"),
                 options.get("activation"))
        return 0
    except KeyboardInterrupt:
        _say(f"{program}: ended by SIGINT")
        return 130
    except Exception as e:
        if os.environ.get("BLINDSPOT_DEBUG"):
            traceback.print_exc()
        text, status = _explain(e)
        _say(f"{program}: {text}")
        return status


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
