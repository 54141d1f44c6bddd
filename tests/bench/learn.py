"""Training and reconstruction: images a second, against PyTorch on the same
cores in the same run, and the share of time inside oneDNN's convolutions.

Without PyTorch (--alone), our own figures only.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

BIN = os.environ["BIN"]
SIZE, WIDTH, LATENT, BATCH = 128, 32, 128, 16
STEPS = 20
IMAGES = 200
GOAL = 10
here = os.path.dirname(os.path.abspath(__file__))


def run(*command, **more):
    start = time.perf_counter()
    out = subprocess.run([os.path.join(BIN, command[0]),
                          *map(str, command[1:])], check=True,
                         stdout=subprocess.PIPE, **more).stdout
    return time.perf_counter() - start, out


def train(directory, steps, **more):
    return run("recon-train", "ae", "--latent", LATENT, "--width", WIDTH,
               "--batch", BATCH, "--steps", steps, "--output",
               directory + "/model", directory + "/images", **more)


def our_training(directory):
    """Images a second, without the start and end of the program."""
    long, short = train(directory, STEPS + 2)[0], train(directory, 2)[0]
    return STEPS * BATCH / (long - short)


def our_reconstruction(directory):
    with open(directory + "/one", "wb") as f:
        f.write(run("brain-phantom", "--size", SIZE)[1])
    took = [run("recon-model", directory + "/model", directory + name)[0]
            for name in ("/images", "/one")]
    return (IMAGES - 1) / (took[0] - took[1])


def share_in_convolutions(directory):
    """Of the whole time of a training, by oneDNN's own log."""
    took, out = train(directory, STEPS,
                      env={**os.environ, "DNNL_VERBOSE": "1"})
    inside = whole = 0
    for line in out.decode().splitlines():
        fields = line.split(",")
        if fields[0] == "onednn_verbose" and fields[1] == "exec":
            whole += float(fields[-1])
            if "convolution" in fields[3]:
                inside += float(fields[-1])
    return inside / 1e3 / took, whole / 1e3 / took


class Theirs:
    """The same network and the same steps in PyTorch."""

    def __init__(self, torch, networks):
        self.torch = torch
        torch.manual_seed(0)
        self.network = networks.Autoencoder(SIZE, WIDTH, latent=LATENT)
        self.descent = torch.optim.AdamW(self.network.parameters(), lr=1e-3,
                                         weight_decay=2e-2)
        self.x = torch.rand(BATCH, 1, SIZE, SIZE)

    def training(self, steps=2):
        self.network.train()
        start = time.perf_counter()
        for _ in range(steps):
            loss = (self.network(self.x)[0] - self.x).abs().mean()
            self.descent.zero_grad()
            loss.backward()
            self.descent.step()
        return steps * BATCH / (time.perf_counter() - start)

    def reconstruction(self, batch):
        x = self.x[:batch]
        self.network.eval()
        with self.torch.no_grad():
            self.network(x)
            n, start = 0, time.perf_counter()
            while time.perf_counter() - start < 2:
                self.network(x)
                n += batch
        return n / (time.perf_counter() - start)


def show(what, ours, theirs=None, goal=None):
    line = f"{what:44} {ours:9.1f}"
    if theirs is not None:
        ratio = ours / theirs
        line += f" {theirs:9.1f}     {ratio:7.1f}x  " + \
            (f"{goal}x  {'met' if ratio >= goal else 'below'}"
             if goal else "-")
    print(line, flush=True)


def main():
    theirs = None
    if "--alone" not in sys.argv:
        sys.path.insert(0, os.path.join(here, "..", "tests", "torch"))
        import networks
        import torch
        torch.set_num_threads(os.cpu_count())
        theirs = Theirs(torch, networks)
        theirs.training(1)
    print(f"\n{f'ae {SIZE} x {SIZE}, width {WIDTH}, batch {BATCH}':44} "
          f"{'images/s':>9}" + (f" {'PyTorch':>9}" if theirs else ""))
    with tempfile.TemporaryDirectory() as directory:
        with open(directory + "/images", "wb") as f:
            f.write(run("brain-phantom", "--count", IMAGES, "--size",
                        SIZE)[1])
        mine, other = [], []
        for _ in range(3):
            mine.append(our_training(directory))
            if theirs:
                other.append(theirs.training())
        show("training", statistics.median(mine),
             statistics.median(other) if theirs else None, GOAL)
        mine, other = [], []
        for _ in range(3):
            mine.append(our_reconstruction(directory))
            if theirs:
                other.append((theirs.reconstruction(1),
                              theirs.reconstruction(BATCH)))
        mine = statistics.median(mine)
        for i, batch in enumerate((1, BATCH) if theirs else (1,)):
            show(f"reconstruction, one by one / batches of {batch}"
                 if theirs else "reconstruction, one by one", mine,
                 statistics.median(o[i] for o in other) if theirs else None)
        inside, whole = share_in_convolutions(directory)
        print(f"{'share of a training in convolutions':44} {inside:8.0%}\n"
              f"{'and in oneDNN at all':44} {whole:8.0%}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
