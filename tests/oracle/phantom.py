"""The phantom against the published histogram and average precisions."""

import numpy as np

from blindspot_io import done, images, ok, pfm, run, scratch, table

# Read off the figures of Meissen et al., MIDL 2022, and its repository: the
# foreground's histogram in 50 bins, and mean AP at intensity i/99, sigma 5 j/99.
HISTOGRAM = np.zeros(50)
HISTOGRAM[:39] = [
    1.11, .69, .37, .32, .31, .32, .34, .38, .44, .53, .69, .99, 1.42, 1.96,
    2.34, 2.36, 2.31, 1.78, 1.54, 1.48, 1.75, 2.75, 4.42, 4.96, 3.09, 1.32,
    .46, .20, .11, .07, .06, .04, .03, .03, .03, .03, .03, .02, .01]
INTENSITIES = [0, 20, 37, 50, 60, 80, 99]
SIGMAS = [10, 20, 40, 60, 80, 99]
PUBLISHED = np.array([
    [.98, .89, .71, .64, .60, .58],
    [.84, .41, .26, .20, .17, .14],
    [.61, .18, .09, .06, .05, .04],
    [.75, .39, .25, .20, .18, .16],
    [.98, .72, .51, .45, .42, .40],
    [1.0, .98, .91, .86, .84, .83],
    [1.0, 1.0, 1.0, 1.0, .99, .99]])

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
got = np.zeros(PUBLISHED.shape)
for j, sigma in enumerate(SIGMAS):
    rows = table(run("anom-sweep", "--inject", "disk:radius=20,intensity=0:1:100",
                     "--degrade", f"blur:sigma={5 * sigma / 99:.9g}", name))
    ap = np.array([float(row["ap"]) for row in rows])
    got[:, j] = ap[INTENSITIES]
error = np.abs(got - PUBLISHED).mean()
ok(error <= .04, f"AP is the published within .04 in the mean ({error:.4f})")
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
