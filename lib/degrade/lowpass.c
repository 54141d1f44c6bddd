/*
 * lowpass: the centre of k-space, the rest 0.
 */
#include <fftw3.h>
#include <math.h>
#include <pthread.h>
#include <errno.h>

#include "degrade.h"

enum { FRACTION };

const struct bsp_param bsp_lowpass_params[] = {
	[FRACTION] = {
		.name = "fraction", .unit = "",
		.help = "share of each axis of k-space that is kept",
		.type = BSP_REAL, .initial = .5,
		.min = 0, .max = 1, .above_min = true,
	},
	{.name = NULL},
};

/* FFTW's planner, unlike its plans, is not for several threads at once. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

/*
 * Is frequency i of n among the lowest of that share?  A share such as .58 of
 * 100, which the product puts below 58, keeps frequency 29.
 */
static bool
is_kept(size_t i, size_t n, double fraction)
{
	size_t frequency = i < n - i ? i : n - i;

	return 2 * (double)frequency <= fraction * (double)n * (1 + 1e-12);
}

static void
cut(fftw_complex *k, size_t rows, size_t cols, double fraction)
{
	size_t half = cols / 2 + 1, r, c;

	for (r = 0; r < rows; r++)
		for (c = 0; c < half; c++)
			if (!is_kept(r, rows, fraction) ||
			    !is_kept(c, cols, fraction))
				k[r * half + c][0] = k[r * half + c][1] = 0;
}

int
bsp_degrade_lowpass(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	size_t rows = in->rows, cols = in->cols, n = rows * cols, i;
	fftw_plan forward = NULL, backward = NULL;
	fftw_complex *k;
	double *x;
	int result = -1;

	(void)job;
	if (rows > INT32_MAX || cols > INT32_MAX)
		return bsp_error_set(e, BSP_DATA, "%zu x %zu is too large to "
		    "be transformed", cols, rows);
	x = fftw_alloc_real(n);
	k = fftw_alloc_complex(rows * (cols / 2 + 1));
	if (x != NULL && k != NULL) {
		pthread_mutex_lock(&planner);
		forward = fftw_plan_dft_r2c_2d((int)rows, (int)cols, x, k,
		    FFTW_ESTIMATE);
		backward = fftw_plan_dft_c2r_2d((int)rows, (int)cols, k, x,
		    FFTW_ESTIMATE);
		pthread_mutex_unlock(&planner);
	}
	if (forward == NULL || backward == NULL)
		bsp_error_system(e, ENOMEM, "the k-space of %zu x %zu", cols,
		    rows);
	else if (bsp_image_resize(out, rows, cols, e) == 0) {
		for (i = 0; i < n; i++)
			x[i] = (double)in->data[i];
		fftw_execute(forward);
		cut(k, rows, cols, params[FRACTION]);
		fftw_execute(backward);
		for (i = 0; i < n; i++)
			out->data[i] = (float)(x[i] / (double)n);
		result = 0;
	}
	pthread_mutex_lock(&planner);
	fftw_destroy_plan(forward);
	fftw_destroy_plan(backward);
	pthread_mutex_unlock(&planner);
	fftw_free(x);
	fftw_free(k);
	return result;
}
