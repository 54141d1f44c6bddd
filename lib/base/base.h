/*
 * What every layer of the library shares and its users do not see.
 */
#ifndef BSP_BASE_H
#define BSP_BASE_H

#include "../blindspot.h"

#ifdef __FAST_MATH__
#error "blindspot's results depend on IEEE arithmetic: build without -ffast-math"
#endif

/*
 * Hot loops are compiled once for each of these instruction sets and chosen
 * when the program starts.  None of them may change a result: no reordering of
 * sums, no fused multiply-add.  For static functions only: clang names others
 * so that no other file finds them.  Sanitizers do not go with the choosing, and
 * neither does an instruction set that the user chose, as by -march=native.
 */
#if defined(__x86_64__) && !defined(BSP_NO_CLONES) && !defined(__SSE3__)
#define BSP_CLONES \
	__attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define BSP_CLONES
#endif

/* Exported for libblindspot-learn, which has them from the shared library. */

/*
 * Grow *data, an array of *capacity elements of the given size, to hold at
 * least wanted of them; at least half as many again as before, so that growing
 * by one is cheap on average.
 */
BSP_API int bsp_array_grow(void *data, size_t *capacity, size_t wanted,
    size_t size, struct bsp_error *e);

/*
 * Clip to a range; NaN becomes low.  Plain comparisons, here and below: fmin
 * and fmax may take either of 0 and -0, and compilers do.
 */
static inline double
bsp_clip(double x, double low, double high)
{
	return x > low ? x < high ? x : high : low;
}

/* Adding and subtracting it rounds |x| < 2^21 to a multiple of 2^-30. */
#define BSP_ROUND_30 (0x1.8p52 * 0x1p-30)
/* The same for |x| < 2^-21 and 2^-72. */
#define BSP_ROUND_72 (0x1.8p52 * 0x1p-72)

/* A sum as one integer of unit 2^-72, and whether there is less than one more. */
struct bsp_fixed {
	__extension__ __int128 units;
	bool more;
};

/* False where the sum does not fit. */
bool bsp_sum_fix(const struct bsp_sum *sum, struct bsp_fixed *fixed);

/*
 * Add a multiple of 2^-30, at most 2^22, and one of 2^-72, at most 2^-19, by
 * magnitude.
 */
void bsp_fixed_add(struct bsp_fixed *fixed, double high, double low);

/*
 * The sum rounded to the nearest double.  False if that takes bits that are
 * not there.
 */
bool bsp_fixed_value(const struct bsp_fixed *fixed, double *value);

/* The least and the greatest sample of an image. */
void bsp_image_range(const struct bsp_image *image, float *low, float *high);

/* The same of its foreground; low is above high where it has none. */
void bsp_foreground_range(const struct bsp_image *image, float *low,
    float *high);

/* Is one of the samples NaN or infinite?  Then *first is where. */
BSP_API bool bsp_find_nonfinite(const float *x, size_t n, size_t *first);

#endif
