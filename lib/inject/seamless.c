/*
 * Seamless boxes: see seamless.h.
 * Source: Perez, Gangnet, Blake, "Poisson image editing", 2003.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "seamless.h"

static void
reach(size_t centre, double half, size_t n, size_t *first, size_t *count)
{
	size_t whole = (size_t)half, end;

	*first = centre > whole ? centre - whole : 0;
	end = whole < n - 1 - centre ? centre + whole + 1 : n;
	*count = end - *first;
}

struct bsp_box
bsp_box_around(const struct bsp_image *image, size_t row, size_t col,
    double half_height, double half_width)
{
	struct bsp_box box;

	reach(row, half_height, image->rows, &box.row, &box.rows);
	reach(col, half_width, image->cols, &box.col, &box.cols);
	return box;
}

/* One sample more on each side, where the image has one. */
static struct bsp_box
with_edge(const struct bsp_box *box, const struct bsp_image *image)
{
	struct bsp_box edge = *box;

	if (edge.row > 0) {
		edge.row--;
		edge.rows++;
	}
	if (edge.col > 0) {
		edge.col--;
		edge.cols++;
	}
	edge.rows += edge.row + edge.rows < image->rows;
	edge.cols += edge.col + edge.cols < image->cols;
	return edge;
}

/* What sample i should differ from sample j by. */
struct guide {
	const float *image, *donor;
	double donor_weight, own_weight;
};

static double
guidance(const struct guide *guide, size_t i, size_t j)
{
	double theirs = guide->donor_weight * ((double)guide->donor[i] -
	    (double)guide->donor[j]);
	double ours = guide->own_weight * ((double)guide->image[i] -
	    (double)guide->image[j]);

	return fabs(ours) > fabs(theirs) ? ours : theirs;
}

static double
divergence(const struct guide *guide, const struct bsp_image *image, size_t r,
    size_t c)
{
	size_t i = r * image->cols + c;
	double sum = 0;

	if (r > 0)
		sum += guidance(guide, i, i - image->cols);
	if (c > 0)
		sum += guidance(guide, i, i - 1);
	if (c + 1 < image->cols)
		sum += guidance(guide, i, i + 1);
	if (r + 1 < image->rows)
		sum += guidance(guide, i, i + image->cols);
	return sum;
}

/* The range of two images. */
struct range {
	float low, high;
};

static struct range
range_of(const struct bsp_image *a, const struct bsp_image *b)
{
	struct range both;
	float low, high;

	bsp_image_range(a, &both.low, &both.high);
	bsp_image_range(b, &low, &high);
	both.low = low < both.low ? low : both.low;
	both.high = high > both.high ? high : both.high;
	return both;
}

/* The box of the solution that lies within its edge, clipped. */
static void
take(const double *x, const struct bsp_box *edge, const struct bsp_box *box,
    struct range range, struct bsp_image *out)
{
	size_t r, c;
	double v;

	for (r = 0; r < box->rows; r++)
		for (c = 0; c < box->cols; c++) {
			v = x[(box->row - edge->row + r) * edge->cols +
			    box->col - edge->col + c];
			out->data[r * box->cols + c] = (float)bsp_clip(v,
			    (double)range.low, (double)range.high);
		}
}

int
bsp_seamless(const struct bsp_image *image, const struct bsp_image *donor,
    const struct bsp_box *box, double donor_weight, double own_weight,
    struct bsp_image *out, struct bsp_error *e)
{
	struct guide guide = {image->data, donor->data, donor_weight,
	    own_weight};
	struct bsp_box edge = with_edge(box, image);
	size_t n = edge.rows * edge.cols, r, c, i, k;
	double *x = malloc(2 * n * sizeof *x), *div;
	uint8_t *unknown = malloc(n);
	int result = -1;

	if (x == NULL || unknown == NULL) {
		bsp_error_system(e, ENOMEM, "a box of %zu x %zu", edge.cols,
		    edge.rows);
		goto out;
	}
	div = x + n;
	for (r = k = 0; r < edge.rows; r++)
		for (c = 0; c < edge.cols; c++, k++) {
			i = (edge.row + r) * image->cols + edge.col + c;
			x[k] = (double)image->data[i];
			unknown[k] = image->data[i] > 0 &&
			    edge.row + r - box->row < box->rows &&
			    edge.col + c - box->col < box->cols;
			div[k] = unknown[k] ? divergence(&guide, image,
			    edge.row + r, edge.col + c) : 0;
		}
	if (bsp_poisson(x, unknown, div, edge.rows, edge.cols, e) ||
	    bsp_image_resize(out, box->rows, box->cols, e))
		goto out;
	take(x, &edge, box, range_of(image, donor), out);
	result = 0;
out:
	free(x);
	free(unknown);
	return result;
}
