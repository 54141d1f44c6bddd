/*
 * Exact sums of floats: one integer an exponent, put together at the end.
 *
 * Most samples lie between 2^-48 and 2^10.  They are split, without error, into
 * a multiple of 2^-30 and a rest, and chunks of both are summed as doubles
 * that are large enough to hold every bit.
 */
#include <math.h>
#include <string.h>

#include "base.h"

#define VECTOR 4
#define CHUNK 4096

typedef double vector __attribute__((vector_size(VECTOR * sizeof(double))));

/*
 * Sum a chunk, whose size is a multiple of VECTOR, to *high, a multiple of
 * 2^-30, and *low, one of 2^-72.  With |x| <= 2^10 both are exact: |high| is at
 * most 2^22 and |low| 4096 2^-31.  False where a sample does not fit.
 */
BSP_CLONES static bool
sum_chunk(const float *x, size_t n, double *high, double *low)
{
	vector v, h, l, highs = {0}, lows = {0}, misfits = {0}, largest = {0};
	size_t i, j;

	for (i = 0; i < n; i += VECTOR) {
		for (j = 0; j < VECTOR; j++)
			v[j] = (double)x[i + j];
		h = (v + BSP_ROUND_30) - BSP_ROUND_30;
		l = v - h;
		highs += h;
		lows += l;
		/* Exact differences: 0 where nothing was lost. */
		h = ((l + BSP_ROUND_72) - BSP_ROUND_72) - l;
		misfits += h * h;
		largest += v * v;
	}
	*high = *low = 0;
	for (j = 0; j < VECTOR; j++) {
		if (misfits[j] != 0 || !(largest[j] <= 0x1p20))
			return false;
		*high += highs[j];
		*low += lows[j];
	}
	return true;
}

/* Add k 2^-unit, |k| < 2^53, in two halves, so that bins do not overflow. */
static void
add_multiple(struct bsp_sum *sum, double value, int unit)
{
	int64_t k = (int64_t)ldexp(value, unit), low = k & 0xFFFFFF;

	/* A significand of biased exponent b counts in units of 2^(b - 150). */
	sum->bin[150 - unit] += low;
	sum->bin[150 - unit + 24] += (k - low) / (1 << 24);
}

#define LANES 4

/* Any finite samples, slowly. */
static void
add_to_bins(struct bsp_sum *sum, const float *x, size_t n)
{
	/* Neighbours often share an exponent; lanes keep them from waiting
	 * for each other's bin. */
	int64_t lane[LANES][256] = {{0}};
	size_t i, b;

	for (i = 0; i < n; i++) {
		uint32_t bits, significand;
		int64_t value;

		memcpy(&bits, &x[i], sizeof bits);
		b = bits >> 23 & 0xFF;
		significand = bits & 0x7FFFFF;
		if (b > 0)
			significand |= 0x800000;
		value = (int64_t)significand;
		lane[i % LANES][b] += bits >> 31 ? -value : value;
	}
	for (i = 0; i < LANES; i++)
		for (b = 0; b < 255; b++)
			sum->bin[b] += lane[i][b];
}

void
bsp_sum_add(struct bsp_sum *sum, const float *x, size_t n)
{
	size_t i, size, whole;
	double high, low;

	for (i = 0; i < n; i += size) {
		size = n - i < CHUNK ? n - i : CHUNK;
		whole = size / VECTOR * VECTOR;
		if (whole > 0 && sum_chunk(x + i, whole, &high, &low)) {
			add_multiple(sum, high, 30);
			add_multiple(sum, low, 72);
		} else {
			whole = 0;
		}
		if (whole < size)
			add_to_bins(sum, x + i + whole, size - whole);
	}
	sum->count += n;
}

/*
 * A wide integer, in units of 2^-149, as signed limbs of weight 2^32 each.
 */
#define LIMBS 12

struct wide {
	int64_t limb[LIMBS];
};

static void
wide_add_part(struct wide *w, size_t limb, int64_t value)
{
	int64_t low = value & 0xFFFFFFFF;

	w->limb[limb] += low;
	w->limb[limb + 1] += (value - low) / ((int64_t)1 << 32);
}

/* Add value * 2^shift. */
static void
wide_add(struct wide *w, int64_t value, unsigned shift)
{
	int64_t scale = (int64_t)1 << shift % 32;
	int64_t low = value & 0xFFFFFFFF;
	int64_t high = (value - low) / ((int64_t)1 << 32);

	wide_add_part(w, shift / 32, low * scale);
	wide_add_part(w, shift / 32 + 1, high * scale);
}

/* Bring every limb but the last into [0, 2^32). */
static void
wide_carry(struct wide *w)
{
	size_t i;
	int64_t low;

	for (i = 0; i + 1 < LIMBS; i++) {
		low = w->limb[i] & 0xFFFFFFFF;
		w->limb[i + 1] += (w->limb[i] - low) / ((int64_t)1 << 32);
		w->limb[i] = low;
	}
}

static unsigned
wide_bit(const struct wide *w, int bit)
{
	return bit < 0 ? 0 : (unsigned)(w->limb[bit / 32] >> bit % 32 & 1);
}

/* A carried, non-negative integer, rounded to the nearest double. */
static double
wide_round(const struct wide *w)
{
	int top = 32 * LIMBS - 1, last, bit;
	double significand = 0;
	bool sticky = false;

	while (top >= 0 && !wide_bit(w, top))
		top--;
	last = top > 52 ? top - 52 : 0;
	for (bit = top; bit >= last; bit--)
		significand = 2 * significand + wide_bit(w, bit);
	for (bit = last - 2; bit >= 0 && !sticky; bit--)
		sticky = wide_bit(w, bit);
	if (wide_bit(w, last - 1) && (sticky || wide_bit(w, last)))
		significand += 1;
	return ldexp(significand, last - 149);
}

double
bsp_sum_value(const struct bsp_sum *sum)
{
	struct wide w = {{0}};
	bool negative;
	unsigned b;
	size_t i;

	for (b = 0; b < 255; b++)
		wide_add(&w, sum->bin[b], b > 0 ? b - 1 : 0);
	wide_carry(&w);
	negative = w.limb[LIMBS - 1] < 0;
	if (negative) {
		for (i = 0; i < LIMBS; i++)
			w.limb[i] = -w.limb[i];
		wide_carry(&w);
	}
	return negative ? -wide_round(&w) : wide_round(&w);
}

double
bsp_sum_mean(const struct bsp_sum *sum)
{
	if (sum->count == 0)
		return (double)NAN;
	return bsp_sum_value(sum) / (double)sum->count;
}

__extension__ typedef __int128 integer;
__extension__ typedef unsigned __int128 magnitude;

#define UNIT 78   /* the biased exponent whose significands count 2^-72 */
#define ROOM 117  /* bits that every bin may take, so that their sum fits */

bool
bsp_sum_fix(const struct bsp_sum *sum, struct bsp_fixed *fixed)
{
	integer units = 0, rest = 0, most;
	unsigned b;

	/*
	 * What is below the unit is summed from the least on, in units that
	 * grow; what is shifted out is more than 0.
	 */
	fixed->more = false;
	for (b = 1; b < UNIT; b++) {
		rest += sum->bin[b] + (b == 1 ? sum->bin[0] : 0);
		fixed->more = fixed->more || (rest & 1) != 0;
		rest >>= 1; /* down */
	}
	for (b = UNIT; b < 255; b++) {
		if (sum->bin[b] == 0)
			continue;
		if (b - UNIT > ROOM)
			return false;
		most = (integer)1 << (ROOM - (b - UNIT));
		if (sum->bin[b] > most || sum->bin[b] < -most)
			return false;
		units += (integer)sum->bin[b] * ((integer)1 << (b - UNIT));
	}
	fixed->units = units + rest;
	return true;
}

void
bsp_fixed_add(struct bsp_fixed *fixed, double high, double low)
{
	fixed->units += (integer)(int64_t)(high * 0x1p30) *
	    ((integer)1 << 42) + (int64_t)(low * 0x1p72);
}

bool
bsp_fixed_value(const struct bsp_fixed *fixed, double *value)
{
	bool negative = fixed->units < 0;
	magnitude m = (magnitude)fixed->units, part;
	int bits = 0, shift;
	uint64_t kept;
	double rounded;

	if (negative)
		m = -m - (fixed->more ? 1 : 0);
	if (m >> 64 != 0)
		bits = 128 - __builtin_clzll((uint64_t)(m >> 64));
	else if (m != 0)
		bits = 64 - __builtin_clzll((uint64_t)m);
	if (fixed->more && bits < 54)
		return false;
	shift = bits > 53 ? bits - 53 : 0;
	kept = (uint64_t)(m >> shift);
	if (shift > 0) {
		part = (m - ((magnitude)kept << shift)) * 2;
		if (part > (magnitude)1 << shift ||
		    (part == (magnitude)1 << shift &&
		    (fixed->more || (kept & 1) != 0)))
			kept++;
	}
	rounded = ldexp((double)kept, shift - 72);
	*value = negative ? -rounded : rounded;
	return true;
}
