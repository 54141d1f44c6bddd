/*
 * Histogram equalisation of the foreground, to the letter of
 * skimage.exposure.equalize_hist on a float32 image with a mask.
 */
#include "base.h"

#define BINS 256

/* The bins of numpy.histogram: float edges, the last bin closed. */
struct histogram {
	float edge[BINS + 1];
	uint64_t count[BINS];
};

static void
set_edges(struct histogram *h, float lo, float hi)
{
	double step;
	size_t i;

	if (lo == hi) {
		lo -= .5f;
		hi += .5f;
	}
	step = ((double)hi - (double)lo) / BINS;
	for (i = 0; i < BINS; i++)
		h->edge[i] = (float)((double)i * step + (double)lo);
	h->edge[BINS] = hi;
}

static size_t
bin_of(const struct histogram *h, float x)
{
	double width = (double)h->edge[BINS] - (double)h->edge[0];
	size_t i = (size_t)(((double)x - (double)h->edge[0]) / width * BINS);

	if (i >= BINS)
		i = BINS - 1;
	/* The edges decide, not the division. */
	while (i > 0 && x < h->edge[i])
		i--;
	while (i < BINS - 1 && x >= h->edge[i + 1])
		i++;
	return i;
}

/* Piecewise linear between the bins' centres, constant beyond them. */
static double
interpolate(const double *centre, const double *cdf, double x)
{
	size_t i = (size_t)bsp_clip((x - centre[0]) /
	    (centre[1] - centre[0]), 0, BINS - 2);

	if (x <= centre[0])
		return cdf[0];
	if (x >= centre[BINS - 1])
		return cdf[BINS - 1];
	while (x < centre[i])
		i--;
	while (x >= centre[i + 1])
		i++;
	return (cdf[i + 1] - cdf[i]) / (centre[i + 1] - centre[i]) *
	    (x - centre[i]) + cdf[i];
}

int
bsp_equalize(const struct bsp_image *in, struct bsp_image *out,
    struct bsp_error *e)
{
	double centre[BINS], cdf[BINS];
	struct histogram h = {{0}, {0}};
	float lo, hi, x;
	size_t i, n = bsp_image_size(in);
	uint64_t total = 0;

	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	bsp_foreground_range(in, &lo, &hi);
	if (lo > hi)
		return bsp_error_set(e, BSP_DATA,
		    "an image of %zu x %zu without foreground (no sample above "
		    "0): there is nothing to equalise", in->cols, in->rows);
	set_edges(&h, lo, hi);
	for (i = 0; i < n; i++)
		if (in->data[i] > 0)
			h.count[bin_of(&h, in->data[i])]++;
	for (i = 0; i < BINS; i++) {
		total += h.count[i];
		cdf[i] = (double)total;
		centre[i] = (double)((h.edge[i] + h.edge[i + 1]) / 2);
	}
	for (i = 0; i < BINS; i++)
		cdf[i] /= (double)total;
	for (i = 0; i < n; i++) {
		x = in->data[i];
		out->data[i] = x > 0 ?
		    (float)interpolate(centre, cdf, (double)x) : 0;
	}
	return 0;
}
