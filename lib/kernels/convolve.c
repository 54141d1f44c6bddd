/*
 * Separable convolution.  Samples are copied to a padded strip of doubles in
 * which a sample's neighbours lie stride apart, and whole blocks of outputs
 * are summed in registers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#define BLOCK 32 /* outputs summed at once */
#define WIDEST 8 /* doubles in a vector */

/* The passes for one width of vectors; all widths give the same bits. */
struct passes {
	void (*convolve_columns)(const float *from, float *to, size_t rows,
	    size_t cols, size_t col, size_t width, const double *weight,
	    size_t radius, double *strip);
	void (*convolve_row)(float *row, size_t cols, const double *weight,
	    size_t radius, double *strip);
	void (*smooth_columns)(double *x, size_t rows, size_t cols, size_t col,
	    size_t width, const double *weight, size_t radius, double *strip);
	void (*smooth_row)(double *row, size_t cols, const double *weight,
	    size_t radius, double *strip);
};

static inline bool
is_zero(float x) /* not -0 */
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof bits);
	return bits == 0;
}

/* As BSP_CLONES: an instruction set that the user chose stays. */
#if defined(__x86_64__) && !defined(BSP_NO_CLONES) && !defined(__SSE3__)

#define LANES 4
#define NAME(word) word ## _4
#define WIDTH __attribute__((target_clones("default", "avx2")))
#include "convolve-passes.h"

#define LANES 8
#define NAME(word) word ## _8
#define WIDTH __attribute__((target("arch=x86-64-v4")))
#include "convolve-passes.h"

static const struct passes *
choose_passes(void)
{
	return __builtin_cpu_supports("avx512f") &&
	    __builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512cd") ? &passes_8 : &passes_4;
}

#else

#ifdef __AVX512F__
#define LANES 8
#else
#define LANES 4
#endif
#define NAME(word) word ## _own
#define WIDTH
#include "convolve-passes.h"

static const struct passes *
choose_passes(void)
{
	return &passes_own;
}

#endif

void
bsp_gaussian(double sigma, double *weight, size_t radius)
{
	double sum = 1, scale = -0.5 / (sigma * sigma);
	size_t k;

	weight[0] = 1;
	for (k = 1; k <= radius; k++) {
		weight[k] = bsp_exp(scale * (double)(k * k));
		sum += 2 * weight[k];
	}
	for (k = 0; k <= radius; k++)
		weight[k] /= sum;
}

/*
 * Room for the longer of a padded column of blocks and a padded row; zero, as
 * what lies beyond the last column is summed too, and not used.
 */
static double *
strip_open(size_t rows, size_t cols, size_t radius, struct bsp_error *e)
{
	size_t column = (rows + 2 * radius) * BLOCK;
	size_t line = cols + 2 * radius + BLOCK;
	size_t room = column > line ? column : line;
	double *strip;

	room = (room + WIDEST - 1) / WIDEST * WIDEST * sizeof *strip;
	strip = aligned_alloc(WIDEST * sizeof *strip, room);
	if (strip == NULL)
		bsp_error_system(e, ENOMEM,
		    "a convolution of %zu x %zu, radius %zu", cols, rows,
		    radius);
	else
		memset(strip, 0, room);
	return strip;
}

int
bsp_convolve(const float *from, float *to, size_t rows, size_t cols,
    const double *weight, size_t radius, struct bsp_error *e)
{
	const struct passes *passes = choose_passes();
	double *strip = strip_open(rows, cols, radius, e);
	size_t i, width;

	if (strip == NULL)
		return -1;
	for (i = 0; i < cols; i += BLOCK) {
		width = cols - i < BLOCK ? cols - i : BLOCK;
		passes->convolve_columns(from, to, rows, cols, i, width, weight,
		    radius, strip);
	}
	for (i = 0; i < rows; i++)
		passes->convolve_row(to + i * cols, cols, weight, radius, strip);
	free(strip);
	return 0;
}

int
bsp_blur(const float *from, float *to, size_t rows, size_t cols,
    double sigma, double cut, struct bsp_error *e)
{
	size_t radius = bsp_blur_radius(sigma, cut);
	double *weight;
	int result;

	if (radius == 0) {
		if (from != to)
			memcpy(to, from, rows * cols * sizeof *to);
		return 0;
	}
	weight = malloc((radius + 1) * sizeof *weight);
	if (weight == NULL)
		return bsp_error_system(e, ENOMEM, "a window of radius %zu",
		    radius);
	bsp_gaussian(sigma, weight, radius);
	result = bsp_convolve(from, to, rows, cols, weight, radius, e);
	free(weight);
	return result;
}

int
bsp_smooth(double *x, size_t rows, size_t cols, const double *weight,
    size_t radius, struct bsp_error *e)
{
	const struct passes *passes = choose_passes();
	double *strip = strip_open(rows, cols, radius, e);
	size_t i, width;

	if (strip == NULL)
		return -1;
	for (i = 0; i < cols; i += BLOCK) {
		width = cols - i < BLOCK ? cols - i : BLOCK;
		passes->smooth_columns(x, rows, cols, i, width, weight, radius, strip);
	}
	for (i = 0; i < rows; i++)
		passes->smooth_row(x + i * cols, cols, weight, radius, strip);
	free(strip);
	return 0;
}
