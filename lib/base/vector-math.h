/*
 * Elementary functions without branches, for loops that compilers turn into
 * vectors: to within 1e-15 of the result, or of 1 where that is larger, and the
 * same bits everywhere, but for part of the range of bsp_exp and bsp_log.
 */
#ifndef BSP_VECTOR_MATH_H
#define BSP_VECTOR_MATH_H

#include <string.h>

#include "base.h"

/* Adding it rounds |x| < 2^51 to an integer, whose last bits it then holds. */
#define BSP_ROUND 0x1.8p52

#define BSP_LN_2_HIGH 0x1.62e42fefa38p-1 /* its multiples below 2^11 are exact */
#define BSP_LN_2_LOW 0x1.ef35793c7673p-45
#define BSP_SQRT_2 0x1.6a09e667f3bcdp+0

static inline uint64_t
bsp_bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static inline double
bsp_double_of(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

/* log u of a normal number above 0: u = 2^k m, log m = 2 atanh((m - 1)/(m + 1)). */
static inline double
bsp_log_kernel(double u)
{
	uint64_t bits = bsp_bits_of(u);
	double m = bsp_double_of((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
	double half = m * .5, k, more, s, z, t;
	uint64_t large = m > BSP_SQRT_2 ? UINT64_MAX : 0;

	k = bsp_double_of(bits >> 52 | 0x4330000000000000) - (0x1p52 + 1023);
	more = k + 1;
	m = bsp_double_of((bsp_bits_of(half) & large) | (bsp_bits_of(m) & ~large));
	k = bsp_double_of((bsp_bits_of(more) & large) | (bsp_bits_of(k) & ~large));
	s = (m - 1) / (m + 1);
	z = s * s;
	t = 1. / 21 + z * (1. / 23);
	t = 1. / 19 + z * t;
	t = 1. / 17 + z * t;
	t = 1. / 15 + z * t;
	t = 1. / 13 + z * t;
	t = 1. / 11 + z * t;
	t = 1. / 9 + z * t;
	t = 1. / 7 + z * t;
	t = 1. / 5 + z * t;
	t = 1. / 3 + z * t;
	return k * BSP_LN_2_HIGH + (2 * s + (2 * s * (z * t) + k * BSP_LN_2_LOW));
}

/* exp x of x <= 700; below -700 it is 0. */
static inline double
bsp_exp_kernel(double x)
{
	double shifted, k, r, t;
	uint64_t normal = x > -700 ? UINT64_MAX : 0, scale;

	x = bsp_double_of(bsp_bits_of(x) & normal);
	shifted = x * 1.44269504088896340736 + BSP_ROUND; /* 1 / ln 2 */
	k = shifted - BSP_ROUND;
	r = (x - k * BSP_LN_2_HIGH) - k * BSP_LN_2_LOW;
	/* exp r = 1 + r + r^2/2 (1 + r/3 (1 + ...)) */
	t = 1 + r * (1. / 13);
	t = 1 + r * (1. / 12) * t;
	t = 1 + r * (1. / 11) * t;
	t = 1 + r * (1. / 10) * t;
	t = 1 + r * (1. / 9) * t;
	t = 1 + r * (1. / 8) * t;
	t = 1 + r * (1. / 7) * t;
	t = 1 + r * (1. / 6) * t;
	t = 1 + r * (1. / 5) * t;
	t = 1 + r * (1. / 4) * t;
	t = 1 + r * (1. / 3) * t;
	t = 1 + (r + r * r * .5 * t);
	scale = (bsp_bits_of(shifted) + 1023) << 52;
	return bsp_double_of(bsp_bits_of(t * bsp_double_of(scale)) & normal);
}

#endif
