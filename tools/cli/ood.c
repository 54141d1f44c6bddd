/*
 * Out-of-distribution scores: see ood.h.
 */
#include <errno.h>
#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

#include "ood.h"

#define CLIP .005     /* shares below and above that are clipped */
#define EXPLAINED .9999
#define RIDGE 1e-6

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static double
sample(void *with, size_t i)
{
	const float *const *sorted = with;

	return (double)(*sorted)[i];
}

int
ood_histogram(const struct bsp_image *image, double *histogram,
    struct bsp_error *e)
{
	size_t n = bsp_image_size(image), i, bin;
	float *sorted = malloc(n * sizeof *sorted);
	double low, high, x;

	if (sorted == NULL)
		return bsp_error_system(e, ENOMEM, "an image of %zu x %zu",
		    image->cols, image->rows);
	memcpy(sorted, image->data, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, compare);
	low = bsp_quantile_of(sample, &sorted, n, CLIP);
	high = bsp_quantile_of(sample, &sorted, n, 1 - CLIP);
	free(sorted);
	memset(histogram, 0, OOD_BINS * sizeof *histogram);
	for (i = 0; i < n; i++) {
		x = (double)image->data[i];
		x = x < low ? low : x > high ? high : x;
		x = high > low ? (x - low) / (high - low) : 0;
		bin = (size_t)(x * OOD_BINS);
		histogram[bin < OOD_BINS ? bin : OOD_BINS - 1]++;
	}
	for (i = 0; i < OOD_BINS; i++)
		histogram[i] *= (double)OOD_BINS / (double)n;
	return 0;
}

/* How many of k singular values explain the share of the variance. */
static size_t
count_components(const double *singular, size_t k)
{
	double total = 0, sum = 0;
	size_t i;

	for (i = 0; i < k; i++)
		total += singular[i] * singular[i];
	for (i = 0; i < k && !(sum > EXPLAINED * total); i++)
		sum += singular[i] * singular[i];
	return total > 0 ? i : 0;
}

static int
keep(struct ood *ood, const double *singular, const double *vt, size_t k,
    size_t n, struct bsp_error *e)
{
	double ridge;
	size_t i;

	ood->components = count_components(singular, k);
	if (ood->components == 0)
		return bsp_error_set(e, BSP_DATA, "%zu images with one and "
		    "the same histogram, expected some spread", n);
	ood->axis = malloc(ood->components * OOD_BINS * sizeof *ood->axis);
	ood->variance = malloc(ood->components * sizeof *ood->variance);
	if (ood->axis == NULL || ood->variance == NULL)
		return bsp_error_system(e, ENOMEM, "%zu components",
		    ood->components);
	memcpy(ood->axis, vt, ood->components * OOD_BINS * sizeof *vt);
	ridge = RIDGE * singular[0] * singular[0] / (double)(n - 1);
	for (i = 0; i < ood->components; i++)
		ood->variance[i] = singular[i] * singular[i] /
		    (double)(n - 1) + ridge;
	return 0;
}

int
ood_fit(const double *histograms, size_t n, struct ood *ood,
    struct bsp_error *e)
{
	size_t k = n < OOD_BINS ? n : OOD_BINS, i, j;
	double *centred, *singular, *vt, *left;
	int result = -1;

	*ood = (struct ood){0};
	if (n < 2 || n > INT32_MAX)
		return bsp_error_set(e, BSP_DATA, "%zu images, expected at "
		    "least two to tell a spread", n);
	ood->mean = calloc(OOD_BINS, sizeof *ood->mean);
	centred = malloc(n * OOD_BINS * sizeof *centred);
	singular = malloc(k * sizeof *singular);
	vt = malloc(k * OOD_BINS * sizeof *vt);
	left = malloc(n * k * sizeof *left); /* LAPACK wants it, we do not */
	if (ood->mean == NULL || centred == NULL || singular == NULL ||
	    vt == NULL || left == NULL) {
		bsp_error_system(e, ENOMEM, "%zu histograms", n);
		goto out;
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < OOD_BINS; j++)
			ood->mean[j] += histograms[i * OOD_BINS + j] /
			    (double)n;
	for (i = 0; i < n; i++)
		for (j = 0; j < OOD_BINS; j++)
			centred[i * OOD_BINS + j] =
			    histograms[i * OOD_BINS + j] - ood->mean[j];
	if (LAPACKE_dgesdd(LAPACK_ROW_MAJOR, 'S',
	    (lapack_int)n, OOD_BINS, centred, OOD_BINS, singular, left,
	    (lapack_int)k, vt, OOD_BINS) != 0)
		bsp_error_system(e, ENOMEM, "the components of %zu "
		    "histograms", n);
	else
		result = keep(ood, singular, vt, k, n, e);
out:
	free(left);
	free(centred);
	free(singular);
	free(vt);
	return result;
}

double
ood_distance(const struct ood *ood, const double *histogram)
{
	double sum = 0, t;
	size_t i, j;

	for (i = 0; i < ood->components; i++) {
		for (j = 0, t = 0; j < OOD_BINS; j++)
			t += ood->axis[i * OOD_BINS + j] *
			    (histogram[j] - ood->mean[j]);
		sum += t * t / ood->variance[i];
	}
	return sum;
}

void
ood_free(struct ood *ood)
{
	free(ood->mean);
	free(ood->axis);
	free(ood->variance);
	*ood = (struct ood){0};
}
