/*
 * bend-sink, bend-source: the texture of a shape moved along rays from a point
 * in it, towards the edge or towards the point.
 * Source: Baugh, Tan, Mueller, Dombrowski, Batten, Kainz, "Many tasks make
 * light work", MICCAI 2023.
 */
#include <math.h>

#include "../kernels/kernels.h"
#include "shape.h"

const char *const bsp_bend_drawn[] = {BSP_SHAPE_DRAWN, "from-row", "from-col",
    "push", "exponent", NULL};

#define RAYS 360 /* the mean distance to the edge is over so many */

struct bend {
	struct bsp_shape shape;
	double row, col, push, exponent;
};

static double
mean_edge(const struct bend *bend)
{
	const double turn = 2 * 3.14159265358979323846 / RAYS;
	double sum = 0;
	int i;

	for (i = 0; i < RAYS; i++)
		sum += bsp_shape_edge(&bend->shape, bend->row, bend->col,
		    bsp_sin(i * turn), bsp_cos(i * turn));
	return sum / RAYS;
}

/* Draw a bend, as try number i; false where it does not fit. */
static bool
draw(const struct bsp_inject_job *job, struct bsp_random *random, int i,
    struct bend *bend)
{
	size_t rows = job->healthy->rows, cols = job->healthy->cols;
	double side = (double)(rows < cols ? rows : cols), mean, p, low, high;
	bool fits = bsp_shape_draw(job, random, i, &bend->shape);
	double u, q;

	bsp_shape_place(&bend->shape, random, &bend->row, &bend->col);
	u = bsp_random_uniform(random);
	mean = mean_edge(bend);
	p = mean / sqrt(2.);
	low = .1 * p > .5 ? .1 * p : .5;
	high = .9 * p < 5 * side / 96 ? .9 * p : 5 * side / 96;
	if (!fits || low > high)
		return false;
	bend->push = low + (high - low) * u;
	q = bend->push / (sqrt(2.) * mean);
	bend->exponent = bsp_log(.5 - q) / bsp_log(.5 + q);
	return true;
}

/*
 * Where along a ray the sample at share x of the way to the edge is taken from,
 * as a share too.
 */
typedef double share_fn(double x, double exponent);

static double
source(double x, double exponent)
{
	return bsp_pow(x, exponent);
}

static double
sink(double x, double exponent)
{
	return 1 - bsp_pow(1 - x, exponent);
}

static float
bent(const struct bend *bend, const struct bsp_spline *spline, share_fn *share,
    double row, double col)
{
	double down = row - bend->row, right = col - bend->col, edge, x;
	double far = sqrt(down * down + right * right);

	if (!(far > 0))
		return (float)bsp_spline_at(spline, row, col);
	down /= far;
	right /= far;
	edge = bsp_shape_edge(&bend->shape, bend->row, bend->col, down, right);
	x = far < edge ? far / edge : 1;
	far = edge * share(x, bend->exponent);
	return (float)bsp_spline_at(spline, bend->row + far * down,
	    bend->col + far * right);
}

/* Splines overshoot: what leaves the image's range is put back to its end. */
static int
apply(const struct bsp_inject_job *job, const struct bend *bend,
    share_fn *share, struct bsp_image *image, struct bsp_image *label,
    struct bsp_error *e)
{
	const struct bsp_image *healthy = job->healthy;
	const struct bsp_shape *s = &bend->shape;
	struct bsp_spline spline;
	float low, high, x;
	size_t r, c, i;

	if (bsp_spline_make(&spline, healthy->data, healthy->rows,
	    healthy->cols, e))
		return -1;
	bsp_image_range(healthy, &low, &high);
	for (r = s->row_begin; r < s->row_end; r++)
		for (c = s->col_begin; c < s->col_end; c++) {
			i = r * healthy->cols + c;
			if (healthy->data[i] <= 0 || !bsp_shape_holds(s,
			    (double)r, (double)c))
				continue;
			x = bent(bend, &spline, share, (double)r, (double)c);
			image->data[i] = (float)bsp_clip((double)x,
			    (double)low, (double)high);
			label->data[i] = 1;
		}
	bsp_spline_free(&spline);
	return 0;
}

static int
inject(const struct bsp_inject_job *job, share_fn *share,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	struct bsp_random random;
	struct bend bend;
	int i;

	bsp_random_start(&random, job->seed, BSP_DRAW_ANOMALY, job->number,
	    job->index);
	for (i = 0; i < BSP_TRIES; i++)
		if (draw(job, &random, i, &bend))
			break;
	if (i == BSP_TRIES)
		return bsp_error_set(e, BSP_DATA, "none of %d shapes lies "
		    "half in the foreground and can be bent by .5 pixels or "
		    "more in an image of %zu x %zu", BSP_TRIES, image->cols,
		    image->rows);
	bsp_shape_tell(job, &bend.shape, 0);
	bsp_tell(job, BSP_SHAPE_NUMBERS, bend.row);
	bsp_tell(job, BSP_SHAPE_NUMBERS + 1, bend.col);
	bsp_tell(job, BSP_SHAPE_NUMBERS + 2, bend.push);
	bsp_tell(job, BSP_SHAPE_NUMBERS + 3, bend.exponent);
	return apply(job, &bend, share, image, label, e);
}

int
bsp_inject_bend_source(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	(void)params;
	return inject(job, source, image, label, e);
}

int
bsp_inject_bend_sink(const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e)
{
	(void)params;
	return inject(job, sink, image, label, e);
}
