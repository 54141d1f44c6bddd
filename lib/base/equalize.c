/*
 * Histogram equalisation of the foreground, to the letter of
 * skimage.exposure.equalize_hist on a float32 image with a mask.
 */
#include <math.h>

#include "base.h"

#define BINS BSP_EQUALIZE_BINS

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
interpolate(const double *centre, const double *share, double x)
{
	size_t i = (size_t)bsp_clip((x - centre[0]) /
	    (centre[1] - centre[0]), 0, BINS - 2);

	if (x <= centre[0])
		return share[0];
	if (x >= centre[BINS - 1])
		return share[BINS - 1];
	while (x < centre[i])
		i--;
	while (x >= centre[i + 1])
		i++;
	return (share[i + 1] - share[i]) / (centre[i + 1] - centre[i]) *
	    (x - centre[i]) + share[i];
}

static void
add(struct histogram *h, const struct bsp_image *image)
{
	size_t i;

	for (i = 0; i < bsp_image_size(image); i++)
		if (image->data[i] > 0)
			h->count[bin_of(h, image->data[i])]++;
}

int
bsp_equalization_fit(struct bsp_equalization *equalization,
    const struct bsp_image *const *images, size_t n, struct bsp_error *e)
{
	struct histogram h = {{0}, {0}};
	float low = INFINITY, high = 0, lo, hi;
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		bsp_foreground_range(images[i], &lo, &hi);
		low = lo < low ? lo : low;
		high = hi > high ? hi : high;
	}
	if (low > high)
		return bsp_error_set(e, BSP_DATA, "no foreground (no sample "
		    "above 0): there is nothing to equalise");
	set_edges(&h, low, high);
	for (i = 0; i < n; i++)
		add(&h, images[i]);
	for (i = 0; i < BINS; i++) {
		total += h.count[i];
		equalization->share[i] = (double)total;
		equalization->centre[i] =
		    (double)((h.edge[i] + h.edge[i + 1]) / 2);
	}
	for (i = 0; i < BINS; i++)
		equalization->share[i] /= (double)total;
	return 0;
}

int
bsp_equalization_apply(const struct bsp_equalization *equalization,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	size_t i, n = bsp_image_size(in);
	float x;

	if (bsp_image_resize(out, in->rows, in->cols, e))
		return -1;
	for (i = 0; i < n; i++) {
		x = in->data[i];
		out->data[i] = x > 0 ? (float)interpolate(equalization->centre,
		    equalization->share, (double)x) : 0;
	}
	return 0;
}

int
bsp_equalize(const struct bsp_image *in, struct bsp_image *out,
    struct bsp_error *e)
{
	struct bsp_equalization equalization;

	if (bsp_image_foreground(in) == 0)
		return bsp_error_set(e, BSP_DATA,
		    "an image of %zu x %zu without foreground (no sample above "
		    "0): there is nothing to equalise", in->cols, in->rows);
	if (bsp_equalization_fit(&equalization, &in, 1, e))
		return -1;
	return bsp_equalization_apply(&equalization, in, out, e);
}
