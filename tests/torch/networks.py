"""The networks in PyTorch, by the names and layouts that model files have, and
safetensors files in and out."""

import json
import struct

import numpy as np
import torch
from torch import nn

torch.set_num_threads(2)


def stage(kind, i, o, **more):
    return nn.Sequential(kind(i, o, 3, stride=2, padding=1, bias=False,
                              **more), nn.BatchNorm2d(o), nn.LeakyReLU(.01))


class Autoencoder(nn.Module):
    """latent: numbers of a dense bottleneck; or channels of a spatial one."""

    def __init__(self, size, width, latent=None, channels=None):
        super().__init__()
        widths = [min(4 * width, width << i)
                  for i in range(size.bit_length() - 4)]
        self.encoder = nn.Sequential(*[
            stage(nn.Conv2d, i, o) for i, o in zip([1] + widths, widths)])
        last = widths[-1]
        if channels is None:
            self.bottleneck = nn.Sequential(
                nn.Flatten(), nn.Linear(last * 64, latent, bias=False))
            self.decoder_input = nn.Sequential(
                nn.Linear(latent, last * 64, bias=False),
                nn.Unflatten(1, (last, 8, 8)))
        else:
            self.bottleneck = nn.Conv2d(last, channels, 1, bias=False)
            self.decoder_input = nn.ConvTranspose2d(channels, last, 1,
                                                    bias=False)
        back = widths[::-1]
        self.decoder = nn.Sequential(
            *[stage(nn.ConvTranspose2d, i, o, output_padding=1)
              for i, o in zip(back, back[1:] + [width])],
            nn.Conv2d(width, 1, 1, bias=False))

    def forward(self, x):
        return self.decoder(self.decoder_input(
            self.bottleneck(self.encoder(x)))), 0


class Residual(nn.Module):
    def __init__(self, outer, inner):
        super().__init__()
        self.conv = nn.Sequential(nn.ReLU(), nn.Conv2d(outer, inner, 3,
                                                       padding=1),
                                  nn.ReLU(), nn.Conv2d(inner, outer, 1))

    def forward(self, x):
        return x + self.conv(x)


class Codes(nn.Module):
    """Nearest codes, by moving averages in training."""

    def __init__(self, dim, n=512):
        super().__init__()
        self.register_buffer("embed", torch.randn(dim, n))
        self.register_buffer("cluster_size", torch.ones(n))
        self.register_buffer("embed_avg", self.embed.clone())

    def forward(self, x):
        rows = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
        with torch.no_grad():
            chosen = torch.cdist(rows.double(),
                                 self.embed.t().double()).argmin(1)
            codes = self.embed.t()[chosen]
            if self.training:
                hits = nn.functional.one_hot(
                    chosen, self.embed.shape[1]).to(rows.dtype)
                self.cluster_size.lerp_(hits.sum(0), .01)
                self.embed_avg.lerp_(rows.t() @ hits, .01)
                total = self.cluster_size.sum()
                share = (self.cluster_size + 1e-5) / (
                    total + 1e-5 * self.embed.shape[1]) * total
                self.embed.copy_(self.embed_avg / share)
        loss = (rows - codes).square().mean()
        out = rows + (codes - rows).detach()
        n, _, h, w = x.shape
        return out.reshape(n, h, w, -1).permute(0, 3, 1, 2), loss


class Blocks(nn.Module):
    def __init__(self, *blocks):
        super().__init__()
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x):
        return self.blocks(x)


class Vqvae(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        half, inner = width // 2, width // 4

        def down(i, o):
            return nn.Conv2d(i, o, 4, stride=2, padding=1)

        def up(i, o):
            return nn.ConvTranspose2d(i, o, 4, stride=2, padding=1)

        def flat(i):
            return [nn.Conv2d(i, width, 3, padding=1), Residual(width, inner),
                    Residual(width, inner), nn.ReLU()]

        self.enc_b = Blocks(down(1, half), nn.ReLU(), down(half, width),
                            nn.ReLU(), *flat(width))
        self.enc_t = Blocks(down(width, half), nn.ReLU(), *flat(half))
        self.quantize_conv_t = nn.Conv2d(width, half, 1)
        self.quantize_t = Codes(half)
        self.dec_t = Blocks(*flat(half), up(width, half))
        self.quantize_conv_b = nn.Conv2d(half + width, half, 1)
        self.quantize_b = Codes(half)
        self.upsample_t = up(half, half)
        self.dec = Blocks(*flat(2 * half), up(width, half), nn.ReLU(),
                          up(half, 1))

    def forward(self, x):
        bottom = self.enc_b(x)
        top, loss_t = self.quantize_t(self.quantize_conv_t(
            self.enc_t(bottom)))
        codes, loss_b = self.quantize_b(self.quantize_conv_b(
            torch.cat([self.dec_t(top), bottom], 1)))
        return self.dec(torch.cat([self.upsample_t(top), codes], 1)), \
            loss_t + loss_b


def write(path, state):
    """A safetensors file without metadata, as a plain conversion makes it."""
    header, data = {}, b""
    for name, tensor in state.items():
        counts = tensor.dtype == torch.int64
        a = tensor.detach().numpy().astype("<i8" if counts else "<f4")
        header[name] = {"dtype": "I64" if counts else "F32",
                        "shape": list(a.shape),
                        "data_offsets": [len(data), len(data) + a.nbytes]}
        data += a.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    """The tensors and the metadata of a safetensors file."""
    with open(path, "rb") as f:
        raw = f.read()
    end = 8 + struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:end])
    facts = header.pop("__metadata__", {})
    state = {}
    for name, entry in header.items():
        begin, stop = entry["data_offsets"]
        a = np.frombuffer(raw[end + begin:end + stop],
                          "<i8" if entry["dtype"] == "I64" else "<f4")
        state[name] = torch.from_numpy(a.reshape(entry["shape"]).copy())
    return state, facts
