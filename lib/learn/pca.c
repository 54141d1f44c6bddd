/*
 * Principal components, in closed form.
 */
#include <cblas.h>
#include <errno.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn.h"

/* Work of a fit: n images of P pixels. */
struct fit {
	size_t n, pixels, latent;
	double *x;       /* [n][pixels], centred */
	double *mean;    /* [pixels] */
	size_t order;    /* of the matrix: the smaller of n and pixels */
	double *matrix;  /* [order][order] */
	double *value;   /* [order] ascending, the last latent of them */
	double *vector;  /* [latent][order] as columns */
};

static void
centre(struct fit *f, const struct bsp_image *images)
{
	size_t i, p;

	for (i = 0; i < f->n; i++)
		for (p = 0; p < f->pixels; p++) {
			f->x[i * f->pixels + p] = (double)images[i].data[p];
			f->mean[p] += (double)images[i].data[p];
		}
	for (p = 0; p < f->pixels; p++)
		f->mean[p] /= (double)f->n;
	for (i = 0; i < f->n; i++)
		for (p = 0; p < f->pixels; p++)
			f->x[i * f->pixels + p] -= f->mean[p];
}

/* X X^T of images or X^T X of pixels, whichever is smaller; then its largest
 * eigenvalues. */
static int
decompose(struct fit *f, struct bsp_error *e)
{
	bool gram = f->order == f->n;
	lapack_int order = (lapack_int)f->order, found = 0, info, *support;

	cblas_dsyrk(CblasRowMajor, CblasLower, gram ? CblasNoTrans :
	    CblasTrans, order, gram ? (int)f->pixels : (int)f->n, 1, f->x,
	    (int)f->pixels, 0, f->matrix, order);
	support = malloc(2 * f->order * sizeof *support);
	if (support == NULL)
		return bsp_error_system(e, ENOMEM, "principal components");
	/* In columns, the lower triangle of rows is the upper one. */
	info = LAPACKE_dsyevr(LAPACK_COL_MAJOR, 'V', 'I', 'U', order,
	    f->matrix, order, 0, 0, order - (lapack_int)f->latent + 1, order,
	    0, &found, f->value, f->vector, order, support);
	free(support);
	if (info == LAPACK_WORK_MEMORY_ERROR)
		return bsp_error_system(e, ENOMEM, "principal components");
	if (info != 0 || found != (lapack_int)f->latent)
		return bsp_error_set(e, BSP_SYSTEM, "LAPACK found %d of %zu "
		    "components (status %d)", (int)found, f->latent,
		    (int)info);
	return 0;
}

/* Eigenvalues below this share of the largest are rounding. */
#define RANK_TOLERANCE 1e-12

static int
check_rank(const struct fit *f, struct bsp_error *e)
{
	double largest = f->value[f->latent - 1];
	size_t i = 0;

	while (i < f->latent && !(f->value[i] > RANK_TOLERANCE * largest))
		i++;
	if (i == 0)
		return 0;
	return bsp_error_set(e, BSP_DATA, "latent: found %zu, but the images "
	    "differ in %zu directions only, expected at most so many",
	    f->latent, f->latent - i);
}

/* Component k, the largest first, from its eigenvector. */
static void
put_component(const struct fit *f, size_t k, float *out, double *scratch)
{
	size_t at = f->latent - 1 - k, p;
	const double *vector = f->vector + at * f->order;
	double scale = 1, largest = 0;

	if (f->order == f->n) {
		cblas_dgemv(CblasRowMajor, CblasTrans, (int)f->n,
		    (int)f->pixels, 1 / sqrt(f->value[at]), f->x,
		    (int)f->pixels, vector, 1, 0, scratch, 1);
		vector = scratch;
	}
	/* Either sign will do: the largest coefficient is positive. */
	for (p = 0; p < f->pixels; p++)
		if (fabs(vector[p]) > largest) {
			largest = fabs(vector[p]);
			scale = vector[p] < 0 ? -1 : 1;
		}
	for (p = 0; p < f->pixels; p++)
		out[p] = (float)(scale * vector[p]);
}

static int
make_room(struct fit *f, struct bsp_error *e)
{
	size_t cells;

	f->order = f->n < f->pixels ? f->n : f->pixels;
	if (f->pixels > INT32_MAX || f->order > 46340 ||
	    f->n > PTRDIFF_MAX / 8 / f->pixels)
		return bsp_error_set(e, BSP_DATA, "%zu images of %zu pixels, "
		    "expected at most 46340 of either", f->n, f->pixels);
	cells = f->order * f->order;
	f->x = malloc(f->n * f->pixels * sizeof *f->x);
	f->mean = calloc(2 * f->pixels, sizeof *f->mean);
	f->matrix = malloc(cells * sizeof *f->matrix);
	f->value = malloc(f->order * sizeof *f->value);
	f->vector = malloc(f->order * f->latent * sizeof *f->vector);
	if (f->x == NULL || f->mean == NULL || f->matrix == NULL ||
	    f->value == NULL || f->vector == NULL)
		return bsp_error_system(e, ENOMEM, "principal components of "
		    "%zu images", f->n);
	return 0;
}

/* Add the tensors of the components. */
static int
put_tensors(const struct fit *f, struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	size_t shape[2] = {f->latent, f->pixels}, p, k;
	struct bsp_tensor *tensor = bsp_tensors_add(tensors, "mean", 1,
	    &f->pixels, e);

	if (tensor == NULL)
		return -1;
	for (p = 0; p < f->pixels; p++)
		tensor->data[p] = (float)f->mean[p];
	tensor = bsp_tensors_add(tensors, "components", 2, shape, e);
	if (tensor == NULL)
		return -1;
	for (k = 0; k < f->latent; k++)
		put_component(f, k, tensor->data + k * f->pixels,
		    f->mean + f->pixels);
	return 0;
}

static int
fit_all(struct fit *f, const struct bsp_image *images,
    struct bsp_tensors *tensors, struct bsp_error *e)
{
	if (make_room(f, e))
		return -1;
	centre(f, images);
	return decompose(f, e) || check_rank(f, e) ||
	    put_tensors(f, tensors, e) ? -1 : 0;
}

int
learn_pca_fit(const struct bsp_image *images, size_t n, size_t latent,
    struct bsp_tensors *tensors, struct bsp_error *e)
{
	struct fit f = {.n = n, .latent = latent};
	int threads = openblas_get_num_threads(), result;

	f.pixels = n == 0 ? 0 : bsp_image_size(images);
	if (n < 2 || latent < 1 || latent > n - 1 || latent > f.pixels)
		return bsp_error_set(e, BSP_DATA, "latent: found %zu, but "
		    "%zu images of %zu pixels have at most %zu components",
		    latent, n, f.pixels, n == 0 ? 0 : n - 1 < f.pixels ?
		    n - 1 : f.pixels);
	openblas_set_num_threads(1);
	result = fit_all(&f, images, tensors, e);
	openblas_set_num_threads(threads);
	free(f.x);
	free(f.mean);
	free(f.matrix);
	free(f.value);
	free(f.vector);
	return result;
}

void
learn_pca_reconstruct(const struct bsp_tensor *mean,
    const struct bsp_tensor *components, const float *in, float *out,
    double *sum)
{
	size_t n = mean->size, latent = components->shape[0], k, p;
	const float *row;
	double c;

	for (p = 0; p < n; p++)
		sum[p] = (double)mean->data[p];
	for (k = 0; k < latent; k++) {
		row = components->data + k * n;
		for (c = 0, p = 0; p < n; p++)
			c += (double)row[p] * ((double)in[p] -
			    (double)mean->data[p]);
		for (p = 0; p < n; p++)
			sum[p] += c * (double)row[p];
	}
	for (p = 0; p < n; p++)
		out[p] = (float)sum[p];
}
