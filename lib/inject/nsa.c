/*
 * nsa: a rectangle of another image, rescaled, cloned without a seam.
 * Source: Schlueter, Tan, Hou, Kainz, "Natural synthetic anomalies for
 * self-supervised anomaly detection and localization", ECCV 2022.
 */
#include <math.h>

#include "../kernels/kernels.h"
#include "seamless.h"

const char *const bsp_nsa_drawn[] = {"half-height", "half-width", "scale",
    "donor-row", "donor-col", NULL};

struct patch {
	double half_height, half_width, scale;
	size_t row, col; /* its centre in the donor */
};

static double
draw_half(struct bsp_random *random, double side)
{
	double share = .03 + bsp_random_gamma(random, 2, .05);

	return side * (share < .05 ? .05 : share > .2 ? .2 : share);
}

static struct patch
draw(const struct bsp_inject_job *job, struct bsp_random *random,
    size_t foreground)
{
	size_t rows = job->healthy->rows, cols = job->healthy->cols, at;
	double side = (double)(rows < cols ? rows : cols);
	struct patch p;

	p.half_height = draw_half(random, side);
	p.half_width = draw_half(random, side);
	p.scale = 1 + .5 * bsp_random_normal(random);
	p.scale = p.scale < .7 ? .7 : p.scale > 1.3 ? 1.3 : p.scale;
	at = bsp_foreground_at(job->donor, bsp_random_below(random,
	    foreground));
	p.row = at / cols;
	p.col = at % cols;
	return p;
}

/* Between which two of n samples a place is; beyond the border, the border. */
static double
split(double at, size_t n, size_t *first, size_t *second)
{
	double most = (double)(n - 1);

	at = at < 0 ? 0 : at > most ? most : at;
	*first = (size_t)at;
	*second = *first + 1 < n ? *first + 1 : *first;
	return at - (double)*first;
}

static float
bilinear(const struct bsp_image *image, double row, double col)
{
	size_t above, below, left, right;
	double v = split(row, image->rows, &above, &below);
	double u = split(col, image->cols, &left, &right);
	const float *p = image->data + above * image->cols;
	const float *q = image->data + below * image->cols;

	return (float)((1 - v) * ((1 - u) * (double)p[left] +
	    u * (double)p[right]) + v * ((1 - u) * (double)q[left] +
	    u * (double)q[right]));
}

/* The donor as it would lie under the image. */
static int
lay(const struct bsp_inject_job *job, const struct patch *p,
    const struct bsp_box *box, struct bsp_image *out, struct bsp_error *e)
{
	size_t rows = job->healthy->rows, cols = job->healthy->cols, r, c;
	size_t end_row = box->row + box->rows, end_col = box->col + box->cols;

	if (bsp_image_copy(out, job->donor, e))
		return -1;
	for (r = box->row > 0 ? box->row - 1 : 0; r <= end_row && r < rows;
	    r++)
		for (c = box->col > 0 ? box->col - 1 : 0; c <= end_col &&
		    c < cols; c++)
			out->data[r * cols + c] = bilinear(job->donor,
			    (double)p->row + ((double)r - (double)job->row) /
			    p->scale, (double)p->col + ((double)c -
			    (double)job->col) / p->scale);
	return 0;
}

/* Label what visibly changed, smoothed; how much is labelled? */
static size_t
label_box(const struct bsp_inject_job *job, const struct bsp_image *out,
    const struct bsp_box *box, struct bsp_image *image,
    struct bsp_image *label, struct bsp_image *changed, struct bsp_error *e)
{
	struct bsp_image fresh = {0};
	size_t i, n = bsp_image_size(image), labelled = 0;

	if (bsp_image_resize(changed, image->rows, image->cols, e) ||
	    bsp_image_resize(&fresh, image->rows, image->cols, e))
		goto fail;
	memset(fresh.data, 0, n * sizeof *fresh.data);
	bsp_put_visible(job, out, box->row, box->col, image, &fresh);
	if (bsp_median(fresh.data, changed->data, image->rows, image->cols, 2,
	    e))
		goto fail;
	for (i = 0; i < n; i++)
		if (changed->data[i] > 0 && job->healthy->data[i] > 0) {
			label->data[i] = 1;
			labelled++;
		}
	bsp_image_free(&fresh);
	return labelled;
fail:
	bsp_image_free(&fresh);
	return SIZE_MAX;
}

int
bsp_inject_nsa(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	struct bsp_image under = {0}, out = {0}, changed = {0}, before = {0};
	size_t foreground = bsp_image_foreground(job->donor), labelled = 0;
	struct bsp_random random;
	struct bsp_box box;
	struct patch p;
	int i, result = -1;

	(void)params;
	if (foreground == 0)
		return bsp_error_set(e, BSP_DATA, "its donor has no "
		    "foreground, no sample above 0");
	if (bsp_image_copy(&before, image, e))
		goto out;
	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (i = 0; i < BSP_TRIES && labelled == 0; i++) {
		p = draw(job, &random, foreground);
		box = bsp_box_around(job->healthy, job->row, job->col,
		    p.half_height, p.half_width);
		if (bsp_image_copy(image, &before, e) ||
		    lay(job, &p, &box, &under, e) || bsp_seamless(
		    job->healthy, &under, &box, 1, 0, &out, e))
			goto out;
		labelled = label_box(job, &out, &box, image, label, &changed,
		    e);
		if (labelled == SIZE_MAX)
			goto out;
	}
	if (labelled == 0) {
		bsp_error_set(e, BSP_DATA, "none of %d patches of the donor "
		    "changes a patch by more than 1/255", BSP_TRIES);
		goto out;
	}
	bsp_tell(job, 0, p.half_height);
	bsp_tell(job, 1, p.half_width);
	bsp_tell(job, 2, p.scale);
	bsp_tell(job, 3, (double)p.row);
	bsp_tell(job, 4, (double)p.col);
	result = 0;
out:
	bsp_image_free(&under);
	bsp_image_free(&out);
	bsp_image_free(&changed);
	bsp_image_free(&before);
	return result;
}
