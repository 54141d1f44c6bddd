/*
 * The few hot loops.  They know nothing of images, streams or stages; each has
 * a slow and obvious counterpart in the tests.
 */
#ifndef BSP_KERNELS_H
#define BSP_KERNELS_H

#include <string.h>

#include "../base/base.h"

/* The order of finite floats as the order of integers; -0 and 0 are one. */
static inline uint32_t
bsp_key_of(float score)
{
	uint32_t bits;

	score += 0.0f; /* -0 + 0 = 0 */
	memcpy(&bits, &score, sizeof bits);
	return bits >> 31 ? ~bits : bits | 0x80000000;
}

void bsp_make_keys(const float *score, uint32_t *key, size_t n);

static inline float
bsp_score_of(uint32_t key)
{
	uint32_t bits = key >> 31 ? key & 0x7FFFFFFF : ~key;
	float score;

	memcpy(&score, &bits, sizeof score);
	return score;
}

/*
 * Sort n keys in ascending order.  scratch is room for n more, or NULL: then
 * the sort is in place and slower.  Exported for libblindspot-learn.
 */
BSP_API void bsp_sort_u32(uint32_t *keys, uint32_t *scratch, size_t n);

/*
 * Sort n keys in the upper halves of words in ascending order; equal keys stay
 * in their order.  scratch is room for n more.
 */
void bsp_sort_u64(uint64_t *words, uint64_t *scratch, size_t n);

/*
 * The same as bsp_sort_u32, with scratch, for keys that may already lie in one or two runs,
 * each ascending or descending: those are merged.
 */
void bsp_sort_runs_u32(uint32_t *keys, uint32_t *scratch, size_t n);

/*
 * Sample i of the half-sample symmetric continuation (d c b a | a b c d | d c
 * b a) of n samples.
 */
static inline size_t
bsp_reflect(ptrdiff_t i, size_t n)
{
	ptrdiff_t period = 2 * (ptrdiff_t)n;

	i %= period;
	if (i < 0)
		i += period;
	return (size_t)(i < (ptrdiff_t)n ? i : period - 1 - i);
}

/*
 * Half of a Gaussian window, weight[0 ... radius] from the centre outwards; the
 * whole sums to 1.
 */
void bsp_gaussian(double sigma, double *weight, size_t radius);

/*
 * Convolve an image with the same symmetric window down its columns, then
 * along its rows.  weight[0] is at the centre, weight[radius] outermost; the
 * border is half-sample symmetric (d c b a | a b c d | d c b a), however wide
 * the window.  Sums are in double, from the centre, then from the outermost
 * pair inwards; each pass rounds to float, as scipy.ndimage.correlate1d does.
 * from and to may be the same.
 */
int bsp_convolve(const float *from, float *to, size_t rows, size_t cols,
    const double *weight, size_t radius, struct bsp_error *e);

/*
 * Blur an image by a Gaussian, cut where it is farther from the centre than
 * bsp_blur_radius(sigma, cut) samples, cut being in sigmas; bsp_convolve with
 * bsp_gaussian, and a mere copy where the radius is 0.  A cut of 4 is
 * scipy.ndimage.gaussian_filter's.  from and to may be the same.
 */
int bsp_blur(const float *from, float *to, size_t rows, size_t cols,
    double sigma, double cut, struct bsp_error *e);

static inline size_t
bsp_blur_radius(double sigma, double cut)
{
	return (size_t)(cut * sigma + .5);
}

/*
 * The same convolution in double and in place, for moments whose differences
 * matter: where a variance is a difference of means, float32 is too coarse.
 */
int bsp_smooth(double *x, size_t rows, size_t cols, const double *weight,
    size_t radius, struct bsp_error *e);

/*
 * The magnitude of the Prewitt gradient, divided by 3; the border's samples
 * are repeated beyond it.
 */
void bsp_prewitt(const float *from, double *to, size_t rows, size_t cols);

/*
 * Contrast-limited adaptive histogram equalisation into [0,1], tiles x tiles
 * tiles, of which no bin holds more than the limit's share.  from and to
 * may not be the same.
 */
int bsp_clahe(const float *from, float *to, size_t rows, size_t cols,
    size_t tiles, size_t bins, double limit, struct bsp_error *e);

/*
 * nearest[i]: the index of the seed nearest to sample i of rows x cols, or
 * BSP_NOWHERE for all if there is none.  Seeds are samples >= level.  scratch
 * is room for as many.  Fails (BSP_DATA) on 2^32 samples or more.
 */
#define BSP_NOWHERE UINT32_MAX
int bsp_nearest_seed(const float *value, float level, size_t rows, size_t cols,
    uint32_t *nearest, uint32_t *scratch, struct bsp_error *e);

/*
 * Solve Poisson's equation on a grid: for each unknown sample the sum of its
 * differences from its neighbours, up to four within the grid, is its
 * divergence.  x holds the known samples, and where to begin.  Conjugate
 * gradients in double, until the residual is 1e-10 of what it was or 1e-15 of
 * the sums it is made of, whatever their scale; fails (BSP_DATA) after 10 (rows
 * + cols) + 1000 steps, and on a grid of 2^32 samples or more.
 */
int bsp_poisson(double *x, const uint8_t *unknown, const double *divergence,
    size_t rows, size_t cols, struct bsp_error *e);

/*
 * A cubic spline through the samples of an image; beyond the border the
 * nearest sample is repeated, as scipy.ndimage.map_coordinates does with
 * order=3, mode='nearest'.
 */
struct bsp_spline {
	size_t rows, cols; /* of the image */
	double *weight;    /* of the spline, with a margin */
};

int bsp_spline_make(struct bsp_spline *spline, const float *from, size_t rows,
    size_t cols, struct bsp_error *e);
double bsp_spline_at(const struct bsp_spline *spline, double row, double col);
void bsp_spline_free(struct bsp_spline *spline);

/* The sum of products, in an order that depends on n alone. */
double bsp_dot(const double *a, const double *b, size_t n);

/*
 * Factor the symmetric positive definite matrix a, n x n, as L L^T; L replaces
 * the lower triangle.  False where a pivot is not above 0.
 */
bool bsp_cholesky(double *a, size_t n);

/* Solve L y = b, and L^T y = b, in place. */
void bsp_solve_lower(const double *l, size_t n, double *b);
void bsp_solve_upper(const double *l, size_t n, double *b);

/*
 * The median of the (2 radius + 1)^2 samples around each; the border is half-
 * sample symmetric.  Finite samples; -0 counts as 0.  from and to may not be
 * the same.  Fails (BSP_DATA) on 2^32 samples or more, counting the margin, in
 * windows wider than 5.
 */
int bsp_median(const float *from, float *to, size_t rows, size_t cols,
    size_t radius, struct bsp_error *e);

#endif
