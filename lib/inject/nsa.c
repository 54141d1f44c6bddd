/*
 * nsa: a rectangle of another image, rescaled, cloned without a seam.
 * Source: Schlueter, Tan, Hou, Kainz, "Natural synthetic anomalies for
 * self-supervised anomaly detection and localization", ECCV 2022.
 */
#include "../kernels/kernels.h"
#include "seamless.h"

const char *const bsp_nsa_drawn[] = {"half-height", "half-width", "scale",
    "donor-row", "donor-col", NULL};

#define RADIUS 2 /* of the median that smooths the label, 5 x 5 */

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
draw(const struct bsp_inject_job *job, struct bsp_random *random)
{
	size_t rows = job->healthy->rows, cols = job->healthy->cols, at;
	double side = (double)(rows < cols ? rows : cols);
	struct patch p;

	p.half_height = draw_half(random, side);
	p.half_width = draw_half(random, side);
	p.scale = 1 + .5 * bsp_random_normal(random);
	p.scale = p.scale < .7 ? .7 : p.scale > 1.3 ? 1.3 : p.scale;
	at = bsp_foreground_draw(job->donor, random);
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

/* A box of flags with a margin all around it, and their median. */
struct flags {
	struct bsp_box box;
	struct bsp_image raw, smooth;
};

/* The margin of samples that a median in the box looks at, in the image. */
static struct bsp_box
with_margin(const struct bsp_image *image, const struct bsp_box *box)
{
	size_t end_row = box->row + box->rows + RADIUS;
	size_t end_col = box->col + box->cols + RADIUS;
	struct bsp_box wide;

	wide.row = box->row > RADIUS ? box->row - RADIUS : 0;
	wide.col = box->col > RADIUS ? box->col - RADIUS : 0;
	wide.rows = (end_row < image->rows ? end_row : image->rows) - wide.row;
	wide.cols = (end_col < image->cols ? end_col : image->cols) - wide.col;
	return wide;
}

/* Flag what of the box the patch visibly changes, and take the median. */
static int
flag(const struct bsp_image *healthy, const struct bsp_image *patch,
    const struct bsp_box *box, struct flags *flags, struct bsp_error *e)
{
	struct bsp_box wide = with_margin(healthy, box);
	size_t r, c, i, n = wide.rows * wide.cols;
	float *raw;

	flags->box = wide;
	if (bsp_image_resize(&flags->raw, wide.rows, wide.cols, e) ||
	    bsp_image_resize(&flags->smooth, wide.rows, wide.cols, e))
		return -1;
	memset(flags->raw.data, 0, n * sizeof *flags->raw.data);
	for (r = 0; r < box->rows; r++)
		for (c = 0; c < box->cols; c++) {
			i = (box->row + r) * healthy->cols + box->col + c;
			raw = &flags->raw.data[(box->row - wide.row + r) *
			    wide.cols + box->col - wide.col + c];
			*raw = healthy->data[i] > 0 && bsp_is_visible(
			    patch->data[r * box->cols + c], healthy->data[i]);
		}
	return bsp_median(flags->raw.data, flags->smooth.data, wide.rows,
	    wide.cols, RADIUS, e);
}

/*
 * Label where the median says that the patch changed the image, and put there
 * those of its samples that did; how much is labelled?
 */
static size_t
put(const struct bsp_image *healthy, const struct bsp_image *patch,
    const struct bsp_box *box, const struct flags *flags,
    struct bsp_image *image, struct bsp_image *label)
{
	const struct bsp_box *wide = &flags->box;
	size_t r, c, i, k, labelled = 0;

	for (r = 0; r < box->rows; r++)
		for (c = 0; c < box->cols; c++) {
			i = (box->row + r) * healthy->cols + box->col + c;
			k = (box->row - wide->row + r) * wide->cols +
			    box->col - wide->col + c;
			if (!(flags->smooth.data[k] > 0) ||
			    healthy->data[i] <= 0)
				continue;
			if (flags->raw.data[k] > 0)
				image->data[i] = patch->data[r * box->cols +
				    c];
			label->data[i] = 1;
			labelled++;
		}
	return labelled;
}

static void
tell(const struct bsp_inject_job *job, const struct patch *p)
{
	bsp_tell(job, 0, p->half_height);
	bsp_tell(job, 1, p->half_width);
	bsp_tell(job, 2, p->scale);
	bsp_tell(job, 3, (double)p->row);
	bsp_tell(job, 4, (double)p->col);
}

int
bsp_inject_nsa(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	const struct bsp_image *healthy = job->healthy;
	struct bsp_image under = {0}, patch = {0};
	struct bsp_random random;
	struct flags flags = {.raw = {0}};
	struct bsp_box box;
	struct patch p;
	int i, result = -1;

	(void)params;
	if (bsp_image_foreground(job->donor) == 0)
		return bsp_error_set(e, BSP_DATA, "its donor has no "
		    "foreground, no sample above 0");
	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (i = 0; i < BSP_TRIES && result != 0; i++) {
		p = draw(job, &random);
		box = bsp_box_around(healthy, job->row, job->col,
		    p.half_height, p.half_width);
		if (lay(job, &p, &box, &under, e) || bsp_seamless(healthy,
		    &under, &box, 1, 0, &patch, e) ||
		    flag(healthy, &patch, &box, &flags, e))
			goto out;
		if (put(healthy, &patch, &box, &flags, image, label) > 0)
			result = 0;
	}
	if (result == 0)
		tell(job, &p);
	else
		bsp_error_set(e, BSP_DATA, "none of %d patches of the donor "
		    "changes a patch by more than 1/255", BSP_TRIES);
out:
	bsp_image_free(&under);
	bsp_image_free(&patch);
	bsp_image_free(&flags.raw);
	bsp_image_free(&flags.smooth);
	return result;
}
