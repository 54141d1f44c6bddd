#!/usr/bin/env python3
"""The quantile of the library against numpy.quantile, bit by bit."""
import ctypes
import os

import numpy as np

from blindspot_io import BIN, done, ok

if os.environ.get("SANITIZED"):
    print("1..0 # SKIP a sanitized library does not load into Python")
    raise SystemExit

library = ctypes.CDLL(os.path.join(BIN, "../lib/libblindspot.so"))
library.bsp_quantile.restype = ctypes.c_double
library.bsp_quantile.argtypes = [ctypes.c_void_p, ctypes.c_size_t,
                                 ctypes.c_double]


def quantile(x, q):
    return library.bsp_quantile(x.ctypes.data, len(x), q)


def same(x, qs):
    x = np.sort(np.asarray(x, float))
    return all(quantile(x, q) == np.quantile(x, q) for q in qs)


rng = np.random.default_rng(7)
grid = [0, 1e-300, .005, .01, .025, .25, 1 / 3, .5, .7, .95, .975, .995,
        np.nextafter(1, 0), 1]
for n in (1, 2, 3, 4, 10, 41, 1000, 9999):
    draws = {"uniform": rng.random(n), "normal": rng.normal(size=n),
             "wide": np.exp(rng.normal(0, 50, n)),
             "tied": rng.integers(0, 4, n) / 3,
             "float32": rng.random(n).astype("f4")}
    for name, x in draws.items():
        qs = grid + list(rng.random(200))
        ok(same(x, qs), f"numpy's of {n} {name} values")
ok(same(np.array([7.25]), grid), "of one value")
x = np.array([1., 2, 4])
ok(all(np.isnan(quantile(x, q)) for q in (-.1, 1.1, np.nan)),
   "q outside of 0 to 1, an error of numpy's, is NaN")
ok(np.isnan(quantile(np.array([]), .5)), "of no value")
done()
