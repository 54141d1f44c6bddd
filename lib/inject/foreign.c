/*
 * fpi, pii: a square mixed with that of another image.
 * Source: Tan, Hou, Batten, Qiu, Kainz, "Detecting outliers with foreign patch
 * interpolation", 2020; Tan, Hou, Day, Simpson, Rueckert, Kainz, "Detecting
 * outliers with Poisson image interpolation", MICCAI 2021.
 */
#include <math.h>

#include "seamless.h"

const char *const bsp_foreign_drawn[] = {"half-width", "alpha", NULL};

/* Shares of the image's side, and of the donor in the mixture. */
#define HALF_LEAST .05
#define HALF_MOST .2
#define MARGIN 10 /* a tenth: the centre lies in the central 80 % */
#define ALPHA_LEAST .05
#define ALPHA_MOST .95

/* The nearest coordinate within the central part of n. */
static size_t
central(size_t at, size_t n)
{
	size_t margin = n / MARGIN;

	if (at < margin)
		return margin;
	return at < n - margin ? at : n - margin - 1;
}

/* Make of the box what the kind does; into *out, of the box's size. */
typedef int mix_fn(const struct bsp_inject_job *job,
    const struct bsp_box *box, double alpha, struct bsp_image *out,
    struct bsp_error *e);

static int
interpolate(const struct bsp_inject_job *job, const struct bsp_box *box,
    double alpha, struct bsp_image *out, struct bsp_error *e)
{
	size_t r, c, i;

	if (bsp_image_resize(out, box->rows, box->cols, e))
		return -1;
	for (r = 0; r < box->rows; r++)
		for (c = 0; c < box->cols; c++) {
			i = (box->row + r) * job->healthy->cols + box->col +
			    c;
			out->data[r * box->cols + c] = (float)(alpha *
			    (double)job->healthy->data[i] + (1 - alpha) *
			    (double)job->donor->data[i]);
		}
	return 0;
}

static int
poisson(const struct bsp_inject_job *job, const struct bsp_box *box,
    double alpha, struct bsp_image *out, struct bsp_error *e)
{
	return bsp_seamless(job->healthy, job->donor, box, alpha, 1 - alpha,
	    out, e);
}

static int
inject(const struct bsp_inject_job *job, mix_fn *mix,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	size_t rows = image->rows, cols = image->cols;
	double side = (double)(rows < cols ? rows : cols), half, alpha;
	struct bsp_random random;
	struct bsp_image out = {0};
	struct bsp_box box;
	int i, result = -1;

	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (i = 0; i < BSP_TRIES; i++) {
		half = side * (HALF_LEAST + (HALF_MOST - HALF_LEAST) *
		    bsp_random_uniform(&random));
		alpha = ALPHA_LEAST + (ALPHA_MOST - ALPHA_LEAST) *
		    bsp_random_uniform(&random);
		box = bsp_box_around(job->healthy, central(job->row, rows),
		    central(job->col, cols), half, half);
		if (mix(job, &box, alpha, &out, e))
			goto out;
		if (bsp_put_visible(job, &out, box.row, box.col, image,
		    label) > 0)
			break;
	}
	if (i < BSP_TRIES) {
		bsp_tell(job, 0, half);
		bsp_tell(job, 1, alpha);
		result = 0;
	} else {
		bsp_error_set(e, BSP_DATA, "none of %d squares of the donor "
		    "changes a sample by more than 1/255: is the donor the "
		    "image itself?", BSP_TRIES);
	}
out:
	bsp_image_free(&out);
	return result;
}

int
bsp_inject_fpi(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	(void)params;
	return inject(job, interpolate, image, label, e);
}

int
bsp_inject_pii(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	(void)params;
	return inject(job, poisson, image, label, e);
}
