"""Networks, model files and steps of training against PyTorch."""

import os
import sys

import numpy as np
import torch

# Plain PyTorch: through the oneDNN 3.7 of Debian 13, whose copies of weights
# leave out values, PyTorch's own numbers are wrong at some widths.
torch.backends.mkldnn.enabled = False

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "oracle"))

from blindspot_io import done, images, ok, pfm, run, scratch
from networks import Autoencoder, Vqvae, read, write

torch.manual_seed(0)

CASES = [
    ("ae", 64, ["--latent", 24, "--width", 12],
     lambda: Autoencoder(64, 12, latent=24)),
    ("ae", 128, ["--latent", 128], lambda: Autoencoder(128, 32, latent=128)),
    ("spatial-ae", 64, ["--channels", 2],
     lambda: Autoencoder(64, 32, channels=2)),
    ("vq-vae", 64, [], Vqvae),
    ("vq-vae", 32, ["--width", 32], lambda: Vqvae(32)),
]


def phantoms(size, n=6):
    return run("brain-phantom", "--size", size, "--count", n)


def forward(network, stream):
    x = torch.from_numpy(np.stack(images(stream))[:, None].copy())
    with torch.no_grad():
        return network.eval()(x)[0].numpy()[:, 0]


def worst(ours, theirs):
    """The largest difference, as a share of the output's range."""
    return np.abs(np.stack(images(ours)) - theirs).max() / np.ptp(theirs)


for kind, size, options, make in CASES:
    name = f"{kind} of {size} x {size} {' '.join(map(str, options))}"
    stream = phantoms(size)
    train = scratch("train.pfm", stream)
    path = scratch("model.safetensors")

    # Weights of theirs, with statistics that are not those of the start.
    network = make()
    for tensor_name, tensor in network.named_buffers():
        if tensor_name.endswith("running_mean"):
            tensor.normal_(0, .2)
        elif tensor_name.endswith("running_var"):
            tensor.uniform_(.5, 2)
        elif tensor_name.endswith("embed"):
            tensor.mul_(.1)
    write(path, network.state_dict())
    share = worst(run("recon-model", path, data=stream),
                  forward(network, stream))
    ok(share <= 1e-4, f"{name}: weights of PyTorch, here: {share:.2g}")

    # Weights of ours, after some steps.
    common = [kind, *options, "--batch", 6, "--lr", "2e-4", "--output", path,
              train]
    run("recon-train", *common, "--steps", 5)
    state, facts = read(path)
    network = make()
    missing, unknown = network.load_state_dict(state, strict=False)
    ok(not unknown and all(m.endswith("num_batches_tracked")
                           for m in missing) and
       facts["architecture"] == kind, f"{name}: loads in PyTorch")
    share = worst(run("recon-model", path, data=stream),
                  forward(network, stream))
    ok(share <= 1e-4, f"{name}: weights of ours, in PyTorch: {share:.2g}")

    # The gradient of the first step, from the moment that it leaves behind:
    # a tenth of it.  The batch is all images.
    run("recon-train", *common, "--steps", 0)
    network = make()
    network.load_state_dict(read(path)[0], strict=False)
    network.train()
    checkpoint = scratch("checkpoint")
    run("recon-train", *common, "--steps", 1, "--checkpoint", checkpoint)
    moments = read(checkpoint)[0]
    x = torch.from_numpy(np.stack(images(stream))[:, None].copy())
    descent = torch.optim.AdamW(network.parameters(), lr=2e-4,
                                weight_decay=2e-2)
    before = {k: v.clone() for k, v in network.named_parameters()}

    def step():
        y, latent = network(x)
        loss = (y - x).abs().mean() + .25 * latent
        descent.zero_grad()
        loss.backward()
        descent.step()

    def apart(pairs):
        """Of two lists of tensors, as a share of the first's norm."""
        squares = [(float((a - b).double().square().sum()),
                    float(a.double().square().sum())) for a, b in pairs]
        return (sum(s for s, _ in squares) / sum(s for _, s in squares)) ** .5

    step()
    share = apart([(v.grad, 10 * moments["first." + k])
                   for k, v in network.named_parameters()])
    # Rounding changes the sign of some differences near 0.
    ok(share <= (1e-4 if kind == "vq-vae" else 1e-2),
       f"{name}: the gradient is PyTorch's: {share:.2g} apart")
    share = apart([(v, moments[k]) for k, v in network.named_buffers()
                   if v.is_floating_point()])
    ok(share <= 1e-4, f"{name}: and its statistics: {share:.2g} apart")

    # Where gradients are far from 0, whole steps are the same.  In the others
    # some are so near to 0 that AdamW, which takes all to one size, makes
    # steps of the whole size either way from rounding.
    if kind == "vq-vae":
        for _ in range(4):
            step()
        share = apart([(v - before[k], state[k] - before[k])
                       for k, v in network.named_parameters()])
        ok(share <= 1e-3, f"{name}: five steps of training: {share:.2g} of "
           "the way apart")
        share = apart([(v, state[k]) for k, v in network.named_buffers()])
        ok(share <= 1e-3, f"{name}: and codes: {share:.2g} apart")

done()
