/*
 * Smooth functions of the place, among them smooth noise: white noise at nodes
 * a few pixels apart, filtered by Gaussians, and splines between the nodes.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "phantom.h"

#define NODES (FIELD_NODES * FIELD_NODES)

struct point
bsp_field_node(size_t row, size_t col)
{
	double middle = (FIELD_NODES - 1) / 2.;

	return (struct point){FIELD_STEP * ((double)col - middle),
	    FIELD_STEP * ((double)row - middle)};
}

/* One line to twice as many samples, by quadratic B-splines. */
static void
double_line(const float *from, size_t stride, float *to, size_t to_stride)
{
	size_t i, before, after;

	for (i = 0; i < FIELD_NODES; i++) {
		before = i > 0 ? i - 1 : 0;
		after = i < FIELD_NODES - 1 ? i + 1 : i;
		to[2 * i * to_stride] = .75f * from[i * stride] +
		    .25f * from[before * stride];
		to[(2 * i + 1) * to_stride] = .75f * from[i * stride] +
		    .25f * from[after * stride];
	}
}

void
bsp_field_spread(const float *node, struct field *field)
{
	float column[FIELD_NODES];
	size_t i, k;

	/* Rows into the upper half of the field; then each column, copied. */
	for (i = 0; i < FIELD_NODES; i++)
		double_line(node + i * FIELD_NODES, 1,
		    field->at + i * FIELD_SIDE, 1);
	for (i = 0; i < FIELD_SIDE; i++) {
		for (k = 0; k < FIELD_NODES; k++)
			column[k] = field->at[k * FIELD_SIDE + i];
		double_line(column, 1, field->at + i, FIELD_SIDE);
	}
}

/* Its distribution does not matter: filtering makes it normal. */
static void
white_noise(float *node, const struct draw *draw, enum part part)
{
	struct bsp_random random;
	size_t i;

	bsp_phantom_start(&random, draw, part);
	for (i = 0; i < NODES; i++)
		node[i] = (float)(bsp_random_u32(&random) >> 8) * 0x1p-24f -
		    .5f;
}

static int
blur(float *node, double sigma, struct bsp_error *e)
{
	return bsp_blur(node, node, FIELD_NODES, FIELD_NODES, sigma, 3, e);
}

static void
standardize(float *node)
{
	double sum = 0, squares = 0, mean, scale;
	size_t i;

	for (i = 0; i < NODES; i++)
		sum += (double)node[i];
	mean = sum / NODES;
	for (i = 0; i < NODES; i++)
		squares += ((double)node[i] - mean) * ((double)node[i] - mean);
	scale = 1 / sqrt(squares / NODES);
	for (i = 0; i < NODES; i++)
		node[i] = (float)(((double)node[i] - mean) * scale);
}

/* Noise filtered by a Gaussian, less the same filtered by another in turn. */
static int
make_noise(struct field *field, const struct draw *draw, enum part part,
    double sigma, bool waves, struct bsp_error *e)
{
	float *node = malloc(2 * NODES * sizeof *node), *wider = node + NODES;
	size_t i;
	int result = -1;

	if (node == NULL)
		return bsp_error_system(e, ENOMEM, "a field of noise");
	white_noise(node, draw, part);
	if (blur(node, sigma / FIELD_STEP, e))
		goto out;
	if (waves) {
		memcpy(wider, node, NODES * sizeof *wider);
		if (blur(wider, sigma / FIELD_STEP, e))
			goto out;
		for (i = 0; i < NODES; i++)
			node[i] -= wider[i];
	}
	standardize(node);
	bsp_field_spread(node, field);
	result = 0;
out:
	free(node);
	return result;
}

int
bsp_field_smooth(struct field *field, const struct draw *draw, enum part part,
    double sigma, struct bsp_error *e)
{
	return make_noise(field, draw, part, sigma, false, e);
}

/*
 * The difference of a Gaussian s and the same twice passes exp(-q/2) -
 * exp(-q), q = (s k)^2, which is largest at q = 2 log 2.
 */
int
bsp_field_waves(struct field *field, const struct draw *draw, enum part part,
    double wavelength, struct bsp_error *e)
{
	return make_noise(field, draw, part, wavelength * 0.1873956, true, e);
}
