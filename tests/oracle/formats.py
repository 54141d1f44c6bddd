"""Streams to and from netpbm."""

import subprocess
import tempfile

import numpy as np

from blindspot_io import done, images, ok, pfm, pgm, run

rng = np.random.default_rng(3)


def netpbm(*command, data):
    """Standard output of a netpbm program."""
    return subprocess.run(command, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True).stdout


def through(data, *args):
    """A stream through the identity."""
    return run("recon-degrade", "none", *args, data=data)


x = rng.random((5, 7), dtype=np.float32)
for endian in ["big", "little"]:
    wide = rng.integers(0, 65536, (5, 7))
    data = netpbm("pamtopfm", f"-endian={endian}",
                  data=pgm(wide, maxval=65535))
    got = images(through(data))[0]
    ok(np.abs(got - wide / 65535).max() < 1e-7, f"pamtopfm -endian={endian}")
data = netpbm("pamtopfm", "-scale=4", data=pgm(wide, maxval=65535))
ok(np.abs(images(through(data))[0] * 4 - wide / 65535 * 4).max() < 1e-6,
   "pamtopfm -scale=4")
# Its option -maxval fails now and then: it is compared with an unset value.
back = netpbm("pfmtopam", data=through(pfm(x)))
fields = back.split(b"ENDHDR\n", 1)
got = np.frombuffer(fields[1], "u1").reshape(5, 7)
ok(np.abs(got / 255 - x).max() <= .5001 / 255, "pfmtopam reads what we write")
for maxval in [1, 3, 100, 255, 256, 1000, 65535]:
    v = rng.integers(0, maxval + 1, (4, 6))
    want = (v.astype(np.float32) / np.float32(maxval))
    raw = pgm(v, maxval=maxval)
    ok(np.array_equal(images(through(raw))[0], want), f"raw, maxval {maxval}")
    if maxval > 1:  # netpbm makes a bitmap of maxval 1
        plain = netpbm("pnmtoplainpnm", data=raw)
        ok(np.array_equal(images(through(plain))[0], want),
           f"plain, maxval {maxval}")
    pam = netpbm("pamtopam", data=raw)
    ok(np.array_equal(images(through(pam))[0], want), f"PAM, maxval {maxval}")
for form, maxval in [("pgm8", 255), ("pgm16", 65535)]:
    out = through(pfm(x, 1 - x), "--format", form)
    got = images(out)
    want = np.floor(x.astype(np.float64) * maxval + .5)
    ok(np.array_equal(got[0], np.maximum(want, x > 0)),
       f"{form} rounds half up, and keeps the foreground")
    said = netpbm("pamfile", "-allimages", data=out).decode().splitlines()
    ok(len(said) == 2 and all(f"7 by 5  maxval {maxval}" in s for s in said),
       f"pamfile sees two images of {form}")
said = netpbm("pamfile", data=through(pgm(v, maxval=65535), "--format",
                                      "pgm16"))
ok(b"PGM raw" in said, "pamfile knows what it is")

# The same mask as PGM, PBM raw and plain, PAM and PFM scores the same.
bits = rng.random((6, 11)) < .4
scores = pfm(rng.random((6, 11), dtype=np.float32))
mask = pgm(255 * bits)
with tempfile.TemporaryDirectory() as d:
    with open(f"{d}/s.pfm", "wb") as f:
        f.write(scores)
    forms = {"PGM": mask,
             "PBM": netpbm("pamditherbw", "-threshold", data=mask),
             "PFM": pfm(bits), "PAM": netpbm("pamtopam", data=mask),
             "plain PGM": netpbm("pnmtoplainpnm", data=mask)}
    forms["PBM"] = netpbm("pamtopnm", data=forms["PBM"])
    assert forms["PBM"].startswith(b"P4")
    forms["plain PBM"] = netpbm("pnmtoplainpnm", data=forms["PBM"])
    rows = {}
    for name, data in forms.items():
        out = run("score", "--per-image", f"{d}/s.pfm", "-", data=data)
        rows[name] = out.splitlines()[-1]
for name in forms:
    ok(rows[name] == rows["PGM"], f"a mask as {name}")
done()
