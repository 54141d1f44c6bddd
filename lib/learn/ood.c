/*
 * Out-of-distribution scores of whole images, from their histograms.
 *
 * The principal components are those of a singular value decomposition in
 * double: the least of them has a ten-thousandth of the variance, and the
 * distance divides by it, for which the components of images (pca.c), from a
 * matrix of products and kept as float, are too coarse.
 * Source: Frolova, Vasiliuk, Belyaev, Shirokikh, "Solving sample-level
 * out-of-distribution detection on 3D medical images", 2022.
 */
#include <errno.h>
#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels/kernels.h"
#include "blindspot-learn.h"

#define CLIP .005     /* shares below and above that are clipped */
#define EXPLAINED .9999
#define RIDGE 1e-6

static double
sample(void *with, size_t i)
{
	const uint32_t *const *sorted = with;

	return (double)bsp_score_of((*sorted)[i]);
}

/* The samples that a share of all lies below, and above. */
static int
find_clip(const struct bsp_image *image, double *low, double *high,
    struct bsp_error *e)
{
	size_t n = bsp_image_size(image), i;
	uint32_t *key = malloc(2 * n * sizeof *key);

	if (key == NULL)
		return bsp_error_system(e, ENOMEM, "an image of %zu x %zu",
		    image->cols, image->rows);
	for (i = 0; i < n; i++)
		key[i] = bsp_key_of(image->data[i]);
	bsp_sort_u32(key, key + n, n);
	*low = bsp_quantile_of(sample, &key, n, CLIP);
	*high = bsp_quantile_of(sample, &key, n, 1 - CLIP);
	free(key);
	return 0;
}

int
bsp_ood_histogram(const struct bsp_image *image, double *histogram,
    struct bsp_error *e)
{
	size_t n, i, bin;
	double low = 0, high = 0, x;

	if (image == NULL || image->data == NULL || bsp_image_size(image) == 0)
		return bsp_error_set(e, BSP_USAGE, "no image, expected one");
	n = bsp_image_size(image);
	if (bsp_find_nonfinite(image->data, n, &i))
		return bsp_error_set(e, BSP_DATA, "sample %zu is not finite, "
		    "expected finite samples", i);
	if (find_clip(image, &low, &high, e))
		return -1;
	memset(histogram, 0, BSP_OOD_BINS * sizeof *histogram);
	for (i = 0; i < n; i++) {
		x = (double)image->data[i];
		x = x < low ? low : x > high ? high : x;
		x = high > low ? (x - low) / (high - low) : 0;
		bin = (size_t)(x * BSP_OOD_BINS);
		histogram[bin < BSP_OOD_BINS ? bin : BSP_OOD_BINS - 1]++;
	}
	for (i = 0; i < BSP_OOD_BINS; i++)
		histogram[i] *= (double)BSP_OOD_BINS / (double)n;
	return 0;
}

/* --------------------------------------------------------------------- fit */

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
keep(struct bsp_ood *ood, const double *singular, const double *vt, size_t k,
    size_t n, struct bsp_error *e)
{
	double ridge;
	size_t i;

	ood->components = count_components(singular, k);
	if (ood->components == 0)
		return bsp_error_set(e, BSP_DATA, "%zu images with one and "
		    "the same histogram, expected some spread", n);
	ood->axis = malloc(ood->components * BSP_OOD_BINS * sizeof *ood->axis);
	ood->variance = malloc(ood->components * sizeof *ood->variance);
	if (ood->axis == NULL || ood->variance == NULL)
		return bsp_error_system(e, ENOMEM, "%zu components",
		    ood->components);
	memcpy(ood->axis, vt, ood->components * BSP_OOD_BINS * sizeof *vt);
	ridge = RIDGE * singular[0] * singular[0] / (double)(n - 1);
	for (i = 0; i < ood->components; i++)
		ood->variance[i] = singular[i] * singular[i] /
		    (double)(n - 1) + ridge;
	return 0;
}

/* The mean, and the histograms without it. */
static void
centre(const double *histograms, size_t n, double *mean, double *centred)
{
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < BSP_OOD_BINS; j++)
			mean[j] += histograms[i * BSP_OOD_BINS + j] /
			    (double)n;
	for (i = 0; i < n; i++)
		for (j = 0; j < BSP_OOD_BINS; j++)
			centred[i * BSP_OOD_BINS + j] =
			    histograms[i * BSP_OOD_BINS + j] - mean[j];
}

static int
decompose(const double *histograms, size_t n, struct bsp_ood *ood,
    struct bsp_error *e)
{
	size_t k = n < BSP_OOD_BINS ? n : BSP_OOD_BINS;
	double *centred = malloc(n * BSP_OOD_BINS * sizeof *centred);
	double *singular = malloc(k * sizeof *singular);
	double *vt = malloc(k * BSP_OOD_BINS * sizeof *vt);
	double *left = malloc(n * k * sizeof *left); /* LAPACK wants it */
	lapack_int info;
	int result = -1;

	if (centred == NULL || singular == NULL || vt == NULL ||
	    left == NULL) {
		bsp_error_system(e, ENOMEM, "%zu histograms", n);
		goto out;
	}
	centre(histograms, n, ood->mean, centred);
	info = LAPACKE_dgesdd(LAPACK_ROW_MAJOR, 'S', (lapack_int)n,
	    BSP_OOD_BINS, centred, BSP_OOD_BINS, singular, left,
	    (lapack_int)k, vt, BSP_OOD_BINS);
	if (info == 0)
		result = keep(ood, singular, vt, k, n, e);
	else if (info == LAPACK_WORK_MEMORY_ERROR ||
	    info == LAPACK_TRANSPOSE_MEMORY_ERROR)
		bsp_error_system(e, ENOMEM, "the components of %zu "
		    "histograms", n);
	else
		bsp_error_set(e, BSP_DATA, "%zu histograms without "
		    "components (LAPACK's status %d), expected finite ones",
		    n, (int)info);
out:
	free(left);
	free(centred);
	free(singular);
	free(vt);
	return result;
}

int
bsp_ood_fit(const double *histograms, size_t n, struct bsp_ood *ood,
    struct bsp_error *e)
{
	*ood = (struct bsp_ood){0};
	if (histograms == NULL)
		return bsp_error_set(e, BSP_USAGE, "no histograms, expected "
		    "at least two");
	if (n < 2 || n > INT32_MAX)
		return bsp_error_set(e, BSP_DATA, "%zu images, expected at "
		    "least two to tell a spread", n);
	ood->mean = calloc(BSP_OOD_BINS, sizeof *ood->mean);
	if (ood->mean == NULL)
		return bsp_error_system(e, ENOMEM, "%zu histograms", n);
	if (decompose(histograms, n, ood, e) == 0)
		return 0;
	bsp_ood_free(ood);
	return -1;
}

double
bsp_ood_distance(const struct bsp_ood *ood, const double *histogram)
{
	double sum = 0, t;
	size_t i, j;

	for (i = 0; i < ood->components; i++) {
		for (j = 0, t = 0; j < BSP_OOD_BINS; j++)
			t += ood->axis[i * BSP_OOD_BINS + j] *
			    (histogram[j] - ood->mean[j]);
		sum += t * t / ood->variance[i];
	}
	return sum;
}

void
bsp_ood_free(struct bsp_ood *ood)
{
	free(ood->mean);
	free(ood->axis);
	free(ood->variance);
	*ood = (struct bsp_ood){0};
}

static int
descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

int
bsp_ood_fpr95(const double *normal, size_t n, const double *test, size_t m,
    double *fpr, struct bsp_error *e)
{
	double *sorted, threshold;
	size_t i, above = 0;

	if (normal == NULL || n == 0 || test == NULL || m == 0)
		return bsp_error_set(e, BSP_USAGE, "no distances, expected "
		    "those of normal images and of tested ones");
	sorted = malloc(m * sizeof *sorted);
	if (sorted == NULL)
		return bsp_error_system(e, ENOMEM, "%zu images", m);
	memcpy(sorted, test, m * sizeof *sorted);
	qsort(sorted, m, sizeof *sorted, descending);
	threshold = sorted[(95 * m + 99) / 100 - 1];
	free(sorted);
	for (i = 0; i < n; i++)
		above += normal[i] >= threshold;
	*fpr = (double)above / (double)n;
	return 0;
}
