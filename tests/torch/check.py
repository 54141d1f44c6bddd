"""Networks, model files and steps of training against PyTorch."""

import os
import sys

import numpy as np
import torch

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

    # The same steps there, from the same start: the batch is all images.
    run("recon-train", *common, "--steps", 0)
    network = make()
    network.load_state_dict(read(path)[0], strict=False)
    network.train()
    x = torch.from_numpy(np.stack(images(stream))[:, None].copy())
    descent = torch.optim.AdamW(network.parameters(), lr=2e-4,
                                weight_decay=2e-2)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    for _ in range(5):
        y, latent = network(x)
        loss = (y - x).abs().mean() + .25 * latent
        descent.zero_grad()
        loss.backward()
        descent.step()
    after = network.state_dict()
    moved = apart = 0
    for k, _ in network.named_parameters():
        mine = state[k]
        moved += float((after[k] - before[k]).double().square().sum())
        apart += float((after[k] - mine).double().square().sum())
    share = (apart / moved) ** .5
    ok(share <= .05, f"{name}: five steps of training go the same way: "
       f"{share:.2g} of the way apart")
    if kind == "vq-vae":
        apart = max(float((after[k] - state[k]).norm() / after[k].norm())
                    for k in after if "quantize_" in k and "conv" not in k)
        ok(apart <= 1e-3, f"{name}: and codes: {apart:.2g}")

done()
