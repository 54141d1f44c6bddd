"""blindspot.py with PyTorch: models that serve, the page's words, weights."""

import argparse
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
from blindspot_io import BIN, blindspot, done, images, ok, pfm  # noqa: E402
from networks import Autoencoder, Vqvae, read  # noqa: E402

torch.manual_seed(0)
torch.backends.mkldnn.enabled = False
rng = np.random.default_rng(0)
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
# The python3 of the package, whatever comes first elsewhere.
os.mkdir("bin")
os.symlink(sys.executable, "bin/python3")
os.environ["PATH"] = f"{folder.name}/bin:" + os.environ["PATH"]
os.environ["BLINDSPOT_BIN"] = os.path.abspath(BIN)
os.environ["PYTHONPATH"] = os.path.join(ROOT, "lib", "python")
os.environ.pop("PYTHONUNBUFFERED", None)

# A network of stride 2 with skip connections, as a user has it.
NETWORK = """
import torch
from torch import nn

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [1, 4, 6, 8, 8]
        self.down = nn.ModuleList(nn.Sequential(nn.Conv2d(
            i, o, 3, stride=2, padding=1), nn.BatchNorm2d(o), nn.ReLU())
            for i, o in zip(widths, widths[1:]))
        self.up = nn.ModuleList(nn.ConvTranspose2d(
            o, i, 4, stride=2, padding=1) for i, o in zip(widths, widths[1:]))

    def forward(self, x):
        start, skips = x, []
        for layer in self.down:
            skips.append(x)
            x = layer(x)
        for layer in reversed(self.up):
            x = skips.pop() + .1 * torch.tanh(layer(x))
        return x
"""
with open("mynetwork.py", "w") as f:
    f.write(NETWORK)
sys.path.insert(0, folder.name)
from mynetwork import Network  # noqa: E402

network = Network()
for name, tensor in network.named_buffers():
    if name.endswith("running_var"):
        tensor.uniform_(.01, .02)
torch.save(network.state_dict(), "weights.pt")


def model(text, path="model.py"):
    with open(path, "w") as file:
        file.write(text)


def blocks(page):
    """The literal blocks of a page."""
    with open(os.path.join(ROOT, "man", page)) as file:
        text = file.read()
    return [b.replace("\\&", "") for b in re.findall(
        r"\.Bd -literal.*?\n(.*?)\n\.Ed", text, re.S)]


def shell(command, data=b""):
    return subprocess.run(["bash", "-c", command], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check(*words):
    p = subprocess.run([os.path.join(ROOT, "pipelines", "blindspot"), "check",
                        *words], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    return p.returncode, p.stdout.decode()


# By the page's words alone: 181 x 217 slices, halved four times.
slices = [rng.random((217, 181)).astype("f4") * .8 for _ in range(5)]
stream = pfm(*slices)
with open("healthy.pfm", "wb") as f:
    f.write(stream)
pages = [next(b for b in blocks(p) if "weights.pt" in b)
         for p in ("blindspot-python.3", "blindspot.7")]
ok(pages[0] == pages[1], "blindspot-python(3) and blindspot(7) show one model")
ok(len(pages[0].splitlines()) == 5, "of five lines")
model(pages[0])
p = shell("python3 model.py < healthy.pfm")
network.eval()
padded = [np.pad(s, ((3, 4), (5, 6)), mode="edge") for s in slices]
with torch.no_grad():
    wanted = network(torch.from_numpy(np.stack(padded))[:, None]).numpy()
got = np.stack(images(p.stdout))
ok(p.returncode == 0 and not p.stderr and got.shape == (5, 217, 181) and
   np.abs(got - wanted[:, 0, 3:220, 5:186]).max() < 1e-5,
   "stride 2 on 181 x 217: what the network makes of padded images")
status, said = check("MODEL=python3 model.py", "BATCH=16",
                     "IMAGES=healthy.pfm")
ok(status == 0 and said.count("ok ") == 5 and "note" not in said,
   f"check passes a batch of 16: {said}")
model(pages[0].replace("batch=16, ", ""))
status, said = check("MODEL=python3 model.py", "SIZE=181x217")
ok(status == 0 and said.count("ok ") == 5, f"and one image at a time: {said}")

# Without multiple, PyTorch's message comes with what to do.
model(pages[0].replace(", multiple=16", ""))
p = shell("python3 model.py < healthy.pfm")
said = p.stderr.decode()
ok(p.returncode == 3 and said.count("\n") == 1 and "multiple=16" in said and
   "181 x 217" in said and p.stdout == b"Pf\n", f"odd sizes: {said}")

# The other block: 256 x 256.
resize = next(b for b in blocks("blindspot.7") if "at256" in b)
model("import torch, blindspot\nfrom mynetwork import Network\n"
      "model = Network().eval()\n" + resize)
p = shell("python3 model.py < healthy.pfm")
ok(p.returncode == 0 and [a.shape for a in images(p.stdout)] ==
   [(217, 181)] * 5, "a model that wants 256 x 256")

for text, says in [
        ("blindspot.serve(lambda x: x.double(), device='cpu')",
         r"returned float64, expected float32 \[1, 217, 181\] or .*y.float"),
        ("blindspot.serve(lambda x: (x, x), device='cpu')", "a tuple of 2"),
        ("blindspot.serve(lambda x: x[0], device='cpu')",
         r"\[1, 217, 181\] or|"),
        ("blindspot.serve(lambda x: x.permute(0, 2, 3, 1), device='cpu')",
         r"\[1, 217, 181, 1\].*channels are last"),
        ("blindspot.serve(lambda x: x / 0, device='cpu')", "cannot be written"),
        ("blindspot.serve(lambda x: x, device='nosuch')", "device: "),
        ("blindspot.serve(lambda x: torch.load('nosuch'), device='cpu')",
         "FileNotFoundError")]:
    model("import torch, blindspot\n" + text)
    p = shell("python3 model.py < healthy.pfm")
    said = p.stderr.decode()
    ok((p.returncode in (2, 3, 4) and p.stdout == b"Pf\n" and
        said.count("\n") == 1 and re.search(says, said)) or
       (says.endswith("|") and p.returncode == 0), f"{text}: {said}")
model("import torch, blindspot\n"
      "blindspot.serve(lambda x: x.half(), batch=3, device='cpu')")
p = shell("python3 model.py < healthy.pfm")
ok(np.array_equal(np.stack(images(p.stdout)), np.float32(np.float16(slices))),
   "half precision is taken, gradients are off")
model("import torch, blindspot\nfrom mynetwork import Network\n"
      "n = Network()\nblindspot.serve(lambda x: n(x), batch=4, device='cpu')")
status, said = check("MODEL=python3 model.py", "BATCH=4", "SIZE=32")
ok("training mode" in said, "check notes a network in training mode")


# Weights.
def weights(path, *words):
    """What the command does, here: PyTorch takes seconds to start."""
    said = []
    blindspot._say = lambda text: said.append(blindspot._one_line(text) + "\n")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = blindspot._main(["weights", path] + [
            "--" + w.partition("=")[0].lower() + "=" + w.partition("=")[2]
            for w in words])
    return status, out.getvalue(), "".join(said)


small = rng.random((3, 32, 32)).astype("f4")


def agrees(path, wanted, tolerance=1e-4):
    out = np.stack(blindspot.run("recon-model", path, small))
    return np.abs(out - wanted).max() <= tolerance * np.ptp(wanted)


def forward(net):
    with torch.no_grad():
        return net.eval()(torch.from_numpy(small)[:, None])[0].numpy()[:, 0]


nets = [("ae", Autoencoder(32, 8, latent=16)),
        ("spatial-ae", Autoencoder(32, 8, channels=2)), ("vq-vae", Vqvae(32))]
for kind, net in nets:
    state = net.state_dict()
    forms = {
        "plain": (state, "", ""),
        "paper": ({"model": state, "config": {"lr": 1e-3}}, "'model'", ""),
        "checkpoint": ({"epoch": 3, "model_state_dict": state,
                        "optimizer_state_dict": {"state": {}, "g": [1]}},
                       "'model_state_dict'", ""),
        "lightning": ({"state_dict": {"model." + k: v for k, v in
                                      state.items()} |
                       {"loss.weight": torch.zeros(3)},
                       "pytorch-lightning_version": "2.0",
                       "hyper_parameters": argparse.Namespace(lr=.1)},
                      "'state_dict'",
                      "'model.' is taken off, 1 tensors"),
        "parallel": ({"module._orig_mod." + k: v for k, v in state.items()},
                     "", "'module._orig_mod.' is taken off"),
    }
    wanted = forward(net)
    for form, (content, key, names) in forms.items():
        torch.save(content, f"{kind}-{form}.pt")
        status, out, said = weights(f"{kind}-{form}.pt")
        ok(status == 0 and not said and f"architecture: {kind}, " in out and
           key in out and names in out and "one image through it" in out and
           agrees(f"{kind}-{form}.safetensors", wanted),
           f"weights of {kind}, {form}: {out} {said}")
    got, facts = read(f"{kind}-plain.safetensors")
    ok(facts == {"format": "pt"} and set(got) == set(state),
       f"{kind}: every tensor, as another reader sees it")
ae = nets[0][1]
state = ae.state_dict()
for dtype, tolerance in [(torch.float16, 1e-2), (torch.bfloat16, 1e-1),
                         (torch.float64, 1e-4)]:
    torch.save({k: v.to(dtype) if v.is_floating_point() else v
                for k, v in state.items()}, "cast.pt")
    status, out, said = weights("cast.pt", "OUT=cast.st")
    ok(status == 0 and "to float32" in out and agrees(
        "cast.st", forward(ae), tolerance), f"weights in {dtype}")
status, out, said = weights("ae-plain.pt", "OUT=s.st", "ACTIVATION=sigmoid")
ok(status == 0 and agrees("s.st", 1 / (1 + np.exp(-forward(ae)))),
   "weights with a sigmoid")
torch.save({"gen": state, "disc": {"a.weight": torch.zeros(2)}}, "two.pt")
ok(weights("two.pt")[0] == 2 and "gen, disc" in weights("two.pt")[2] and
   weights("two.pt", "KEY=gen")[0] == 0, "of two, KEY names one")
torch.save(Network().state_dict(), "own.pt")
status, out, said = weights("own.pt")
ok(status == 0 and "not one of the kit's" in out, "another architecture")

bad = dict(state)
bad["decoder.0.0.weight"] = torch.full_like(bad["decoder.0.0.weight"],
                                            float("nan"))
torch.save(bad, "nan.pt")
short = dict(state)
del short["decoder.0.0.weight"]
torch.save(short, "short.pt")
torch.save(ae, "whole.pt")
torch.save([1, 2], "list.pt")


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


torch.save({"x": Evil()}, "evil.pt")
torch.save({"a": 1}, "none.pt")
torch.save({"x": torch.zeros(2, dtype=torch.complex64)}, "complex.pt")
with open("ae-plain.pt", "rb") as f, open("cut.pt", "wb") as g:
    g.write(f.read()[:5000])
with open("text.pt", "w") as f:
    f.write("no weights")
open("empty.pt", "w").close()
for path, words, status, says in [
        ("nosuch.pt", [], 4, "open: No such file"),
        ("nan.pt", [], 3, "tensor 'decoder.0.0.weight': NaN"),
        ("short.pt", [], 3, "recon-model refuses these weights.*lacks the "
         "tensor 'decoder.0.0.weight'"),
        ("whole.pt", [], 3, "holds a whole Autoencoder.*state_dict"),
        ("evil.pt", [], 3, "no state dictionary"),
        ("list.pt", [], 3, "holds a list"),
        ("none.pt", [], 3, "no state dictionary.* a"),
        ("complex.pt", [], 3, "complex64"),
        ("cut.pt", [], 3, "or no file of PyTorch"),
        ("text.pt", [], 3, "no file of PyTorch"),
        ("empty.pt", [], 3, "no file of PyTorch"),
        ("ae-plain.safetensors", ["OUT=x.st"], 3, "safetensors file already"),
        ("ae-paper.pt", ["KEY=nosuch"], 2, "under the key 'nosuch'; found "
         "model"),
        ("ae-plain.pt", ["OUT=ae-plain.pt"], 2, "written while it is read"),
        ("ae-plain.pt", ["OUT=/nosuch/x"], 4, "/nosuch/x: write")]:
    got, out, said = weights(path, *words)
    ok(got == status and said.count("\n") == 1 and re.search(says, said) and
       not out, f"{path} {words}: {got} {said}")
ok(not [p for p in os.listdir() if ".part" in p or p == "nan.safetensors" or
        p == "short.safetensors"], "nothing half-written")
ok(not os.path.exists("evil"), "no code of a file is run")
p = subprocess.run([os.path.join(ROOT, "pipelines", "blindspot"), "weights",
                    "ae-plain.pt", "OUT=c.st"], stdout=subprocess.PIPE)
ok(p.returncode == 0 and p.stdout.startswith(b"c.st: "), "by the command")
done()
