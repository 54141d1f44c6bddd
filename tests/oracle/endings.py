"""A program that is ended by a signal, or whose disk is full, is never taken
for one that is done.

Every program that writes, ended by each signal at MOMENTS moments (default 1;
25 for the whole), writing to a file and into a pipe.
"""

import os
import random
import resource
import signal
import subprocess
import time

import nibabel
import numpy as np

from blindspot_io import BIN, done, ok, pfm, pgm, run, scratch

MOMENTS = int(os.environ.get("MOMENTS", 1))
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
random.seed(6)
rng = np.random.default_rng(6)
# A shell's background job ignores SIGINT, nohup's SIGHUP, and so would all that
# they start.
for number in SIGNALS:
    signal.signal(number, signal.SIG_DFL)


def write(name, data):
    path = scratch(name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def program(name):
    return os.path.join(BIN, name)


some = [rng.random((48, 40)).astype("f4") for _ in range(16)]
stream = write("some.pfm", pfm(*some))
volume = scratch("v.nii")
nibabel.save(nibabel.Nifti1Image(rng.integers(
    0, 255, (32, 32, 20000), dtype="u1"), np.eye(4)), volume)
mask, record, model = scratch("mask"), scratch("record"), scratch("model")
run("recon-train", "pca", "--latent", "1", "--output", model, stream)
# What runs until it is ended: command, is its input without end.
WRITERS = [
    (["brain-phantom", "--count", "1000000", "--size", "16"], False),
    (["nii-slices", "--slices", "0:20000", volume], False),
    (["anom-inject", "disk", "--radius", "3", "--mask", mask, "--record",
      record], True),
    (["fg-equalize"], True),
    (["recon-degrade", "blur", "--format", "pgm8", "--clip"], True),
    (["residual", "equalized"], True),
    (["recon-model", model], True),
]
if not os.path.exists(program("nii-slices")):
    WRITERS = [w for w in WRITERS if w[0][0] != "nii-slices"]


def endless():
    """The images of the stream, again and again."""
    return subprocess.Popen(
        ["bash", "-c", f"while cat '{stream}'; do :; done"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def wait_until_ready(process):
    """Until it has begun: its handlers stand, within a second."""
    for _ in range(1000):
        with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith("SigCgt:") and \
                        int(line.split()[1], 16) >> signal.SIGTERM - 1 & 1:
                    return
        if process.poll() is not None:
            return
        time.sleep(.001)


def end(command, fed, number, stdout):
    """Run until ended by a signal: status and what it said."""
    feeder = endless() if fed else None
    process = subprocess.Popen(
        [program(command[0])] + command[1:], stdout=stdout,
        stdin=feeder.stdout if fed else subprocess.DEVNULL,
        stderr=subprocess.PIPE)
    wait_until_ready(process)
    time.sleep(random.random() * .04)
    process.send_signal(number)
    said = process.stderr.read().decode()
    process.stderr.close()
    status = process.wait()
    if fed:
        feeder.stdout.close()
        feeder.wait()
    return status, said


def refused(path):
    """Is the stream in the file refused?"""
    with open(path, "rb") as f:
        return subprocess.run([program("recon-degrade"), "none"], stdin=f,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 3


def complain(*what):
    print("#", *what)
    return False


def to_a_file(command, fed, number):
    path = scratch("out")
    with open(path, "wb") as out:
        status, said = end(command, fed, number, out)
    name = signal.Signals(number).name
    if status != -number or said != f"{command[0]}: ended by {name}\n":
        return complain(command[0], name, status, said)
    if not refused(path):
        return complain(command[0], name, "the file is accepted")
    if command[0] == "anom-inject":
        if not refused(mask):
            return complain(name, "the mask is accepted")
        with open(record, encoding="ascii") as f:
            if not f.read().endswith("# incomplete\n"):
                return complain(name, "the record is accepted")
    return True


READERS = [["recon-degrade", "none"],
           ["ood-histogram", "fit", "--model", scratch("ood"), "-"]]


def into_a_pipe(command, fed, number):
    reader = random.choice(READERS)
    if not os.path.exists(program(reader[0])):
        reader = READERS[0]
    path = scratch("out")
    with open(path, "wb") as out:
        second = subprocess.Popen([program(reader[0])] + reader[1:],
                                  stdin=subprocess.PIPE, stdout=out,
                                  stderr=subprocess.PIPE)
        status, said = end(command, fed, number, second.stdin)
        second.stdin.close()
        why = second.stderr.read().decode()
        second.stderr.close()
        second.wait()
    if status != -number:
        return complain(command[0], number, status, said)
    if second.returncode != 3:
        return complain(command[0], number, reader[0], "ends with",
                        second.returncode, why)
    return reader[0] != "recon-degrade" or refused(path) or \
        complain(command[0], "what was made of it is accepted")


for command, fed in WRITERS:
    ok(all(to_a_file(command, fed, n) and into_a_pipe(command, fed, n)
           for n in SIGNALS for _ in range(MOMENTS)),
       f"{command[0]}: nothing that a signal ended is taken for whole "
       f"({2 * MOMENTS * len(SIGNALS)} endings)")

# Tables, whose rows come one by one.
table = scratch("table")
masks = write("masks", pgm(np.eye(48, 40, dtype="u1")) * 20000)
good = True
for number in SIGNALS * MOMENTS:
    with open(table, "wb") as out:
        status, said = end(["score", "--per-image", "--metrics", "ap", "-",
                            masks], True, number, out)
    with open(table, "rb") as f:
        text = f.read()
    # A table that is not begun is empty, which its readers refuse.
    good &= status == -number and not text or \
        (b"\n" + text).endswith(b"\n# incomplete\n") or \
        complain("score", status, said, text[-80:])
ok(good, "score: a table that a signal ended says so")

# A signal that is ignored, as under nohup, ends nothing.
p = subprocess.run(
    ["bash", "-c", "trap '' HUP; exec brain-phantom --count 40 --size 32 & "
     "sleep .02; kill -HUP $!; wait $!"], capture_output=True,
    env={"PATH": BIN + ":" + os.environ["PATH"]})
ok(p.returncode == 0 and p.stdout == run("brain-phantom", "--count", "40",
                                         "--size", "32"),
   "a signal that is ignored from the start stays so")


def on_a_disk_of(size, path, mode, *command):
    """Run where files cannot grow beyond so many bytes."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    with open(path, mode) as out:
        return subprocess.run([program(command[0])] + list(command[1:]),
                              stdout=out, stderr=subprocess.PIPE,
                              preexec_fn=limit)


image = len(pfm(some[0]))
full = scratch("full")
good = True
for size in [image, 3 * image, 3 * image + 2, 3 * image + 3, 4 * image - 1]:
    p = on_a_disk_of(size, full, "wb", "recon-degrade", "none", stream)
    good &= p.returncode == 4 and refused(full) and \
        os.path.getsize(full) >= image - 1 or \
        complain(size, p.returncode, p.stderr, os.path.getsize(full))
ok(good, "a disk that is full between two images leaves no whole stream")

flat = len(pgm(np.zeros((48, 40))))
p = on_a_disk_of(2 * flat, scratch("other"), "wb", "anom-inject", "disk",
                 "--radius", "3", "--mask", full, "--format", "pgm8", stream)
ok(p.returncode == 4 and refused(full) and refused(scratch("other")),
   "nor of masks, beside the images")

before = write("before", pfm(some[0]))
p = on_a_disk_of(image, before, "ab", "recon-degrade", "none", stream)
with open(before, "rb") as f:
    ok(p.returncode == 4 and f.read() == pfm(some[0]),
       "what was in the file before keeps its bytes")

whole = run("score", "--per-image", "--metrics", "ap", stream, stream)
good = True
for end_at in [i + 1 for i, c in enumerate(whole) if c == 10][:6]:
    p = on_a_disk_of(end_at, full, "wb", "score", "--per-image", "--metrics",
                     "ap", stream, stream)
    with open(full, "rb") as f:
        good &= p.returncode == 4 and not f.read().endswith(b"\n")
ok(good, "a table on a full disk ends inside a line")

# The number of images, where it is known.
for command in [["recon-degrade", "none"], ["fg-equalize"],
                ["anom-inject", "disk", "--radius", "3"],
                ["residual", "equalized"], ["recon-model", model],
                ["ood-histogram", "fit", "--model", scratch("ood")],
                ["anom-sweep", "--inject", "disk:radius=3", "--degrade",
                 "none"],
                ["recon-train", "pca", "--latent", "1", "--output",
                 scratch("m2")],
                ["score", "--metrics", "ap", None],
                ["anom-predict", "--radius", "3", None]]:
    if not os.path.exists(program(command[0])):
        continue
    words = [program(command[0])] + [w for w in command[1:] if w]
    rest = [stream, stream] if command[-1] is None else [stream]
    status = []
    for expected in ["15", "16", "17"]:
        p = subprocess.run(words + ["--expect", expected] + rest,
                           capture_output=True)
        status.append(p.returncode)
        if expected != "16" and (expected.encode() not in p.stderr
                                 or p.stderr.count(b"\n") != 1):
            status.append(p.stderr)
    ok(status == [3, 0, 3], f"{command[0]} --expect" +
       ("" if status == [3, 0, 3] else f": {status}"))
done()
