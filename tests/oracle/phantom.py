"""The phantom against the published histogram and average precisions."""

import os

import numpy as np

from blindspot_io import done, images, ok, pfm, run, scratch, table

# Read off the figures of Meissen et al., MIDL 2022, and its repository: the
# foreground's histogram in 50 bins; mean AP has a file of its own.
HISTOGRAM = np.zeros(50)
HISTOGRAM[:39] = [
    1.11, .69, .37, .32, .31, .32, .34, .38, .44, .53, .69, .99, 1.42, 1.96,
    2.34, 2.36, 2.31, 1.78, 1.54, 1.48, 1.75, 2.75, 4.42, 4.96, 3.09, 1.32,
    .46, .20, .11, .07, .06, .04, .03, .03, .03, .03, .03, .02, .01]
published = table(open(os.path.join(os.path.dirname(__file__), "..", "..",
                                    "pipelines", "published", "published.tsv"), "rb").read())

stream = run("brain-phantom", "--count", 320)
slices = np.stack(images(stream))
foreground = slices > 0
counts = np.histogram(slices[foreground], 50, (0, 1))[0]
distance = np.abs(counts / counts.sum() - HISTOGRAM / HISTOGRAM.sum()).sum() / 2
ok(distance <= .10, f"the histogram is the paper's within .10 ({distance:.3f})")
share = foreground.mean()
ok(abs(share - .46) <= .03, f"the foreground is .46 +- .03 ({share:.4f})")
ok(slices.min() == 0 and slices.max() <= 1, "samples lie in [0, 1]")
ok(not foreground[:, [0, -1]].any() and not foreground[:, :, [0, -1]].any(),
   "the head does not touch the border")

name = scratch("phantoms.pfm", stream)
ours = {}
for sigma in sorted({row["sigma"] for row in published}, key=float):
    rows = table(run("anom-sweep", "--inject", "disk:radius=20,intensity=0:1:100",
                     "--degrade", f"blur:sigma={sigma}", name))
    ap = np.array([float(row["ap"]) for row in rows])
    ours.update({(row["inject.intensity"], sigma): float(row["ap"])
                 for row in rows})
error = np.mean([abs(ours[row["intensity"], row["sigma"]] - float(row["ap"]))
                 for row in published])
ok(len(published) == 42 and error <= .04,
   f"AP is the published within .04 in the mean ({error:.4f})")
low = np.flatnonzero(ap < .2) / 99
centre = (low.min() + low.max()) / 2
ok(abs(centre - .34) <= .05,
   f"at sigma 5 the blind spot is centred on .34 +- .05 ({centre:.3f})")

# The same anatomy at another size: blurred alike, they correlate.
fine = np.stack(images(run("brain-phantom", "--count", 4, "--size", 512)))
means = fine.reshape(4, 256, 2, 256, 2).mean((2, 4))
r = min(np.corrcoef(a.ravel(), b.ravel())[0, 1]
        for a, b in zip(means, slices))
ok(r > .97, f"512 pixels show what 256 do (correlation {r:.3f})")
r = np.corrcoef(slices[0].ravel(), slices[1].ravel())[0, 1]
ok(r < .95, f"another index shows another brain (correlation {r:.3f})")
for size in 8, 9, 17, 255, 300:
    small = images(run("brain-phantom", "--size", size))[0]
    ok(small.shape == (size, size) and small.max() > 0 and small.min() >= 0
       and small.max() <= 1, f"{size} pixels")
done()
