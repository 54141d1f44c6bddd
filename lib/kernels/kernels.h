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
 * the sort is in place and slower.
 */
void bsp_sort_u32(uint32_t *keys, uint32_t *scratch, size_t n);

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
 * The same convolution in double and in place, for moments whose differences
 * matter: where a variance is a difference of means, float32 is too coarse.
 */
int bsp_smooth(double *x, size_t rows, size_t cols, const double *weight,
    size_t radius, struct bsp_error *e);

/*
 * The median of the (2 radius + 1)^2 samples around each; the border is half-
 * sample symmetric.  Finite samples; -0 counts as 0.  from and to may not be
 * the same.
 */
int bsp_median(const float *from, float *to, size_t rows, size_t cols,
    size_t radius, struct bsp_error *e);

#endif
