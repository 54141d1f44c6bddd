/*
 * The passes of a separable convolution, written once and included once for
 * each width of vectors, with
 *
 *	LANES       doubles in a vector
 *	NAME(word)  what this width calls it
 *	WIDTH       the attribute of a function for it
 */
#define VECTORS (BLOCK / LANES)

/*
 * Compilers that are left to vectorise the sums by themselves take too little,
 * and a vector that is wider than the machine's goes through memory.
 */
typedef double NAME(lanes) __attribute__((vector_size(LANES *
    sizeof(double)), aligned(sizeof(double)), may_alias));

/* Sums of one block, around centre[0 ... BLOCK - 1]. */
static inline __attribute__((always_inline)) void
NAME(sum_block)(const double *centre, size_t stride, const double *weight,
    size_t radius, NAME(lanes) sum[VECTORS])
{
	const double *before = centre - radius * stride;
	const double *after = centre + radius * stride;
	size_t v, k;

	for (v = 0; v < VECTORS; v++)
		sum[v] = ((const NAME(lanes) *)centre)[v] * weight[0];
	for (k = radius; k > 0; k--) {
		for (v = 0; v < VECTORS; v++)
			sum[v] += (((const NAME(lanes) *)before)[v] +
			    ((const NAME(lanes) *)after)[v]) * weight[k];
		before += stride;
		after -= stride;
	}
}

static inline __attribute__((always_inline)) void
NAME(convolve_block)(const double *centre, size_t stride, const double *weight,
    size_t radius, float *restrict to)
{
	NAME(lanes) sum[VECTORS];
	size_t i, v;

	NAME(sum_block)(centre, stride, weight, radius, sum);
	for (v = 0; v < VECTORS; v++)
		for (i = 0; i < LANES; i++)
			to[v * LANES + i] = (float)sum[v][i];
}

/* Is a block of a strip +0, every bit? */
static inline __attribute__((always_inline)) bool
NAME(is_empty)(const double *block)
{
	uint64_t any = 0, bits;
	size_t i;

	for (i = 0; i < BLOCK; i++) {
		memcpy(&bits, &block[i], sizeof bits);
		any |= bits;
	}
	return any == 0;
}

/*
 * Where samples are +0 throughout the window, as in the background of a brain,
 * so is the sum.
 */

/* Down the columns [col, col + width) of an image, width at most BLOCK. */
WIDTH static void
NAME(convolve_columns)(const float *from, float *to, size_t rows, size_t cols,
    size_t col, size_t width, const double *weight, size_t radius,
    double *strip)
{
	float block[BLOCK];
	const float *row;
	size_t r, i, empty = 0; /* rows of the strip up to this one */

	for (r = 0; r < rows + 2 * radius; r++) {
		row = from + col + cols *
		    bsp_reflect((ptrdiff_t)r - (ptrdiff_t)radius, rows);
		for (i = 0; i < width; i++)
			strip[r * BLOCK + i] = (double)row[i];
	}
	for (r = 0; r < rows + 2 * radius; r++) {
		empty = NAME(is_empty)(strip + r * BLOCK) ? empty + 1 : 0;
		if (r < 2 * radius)
			continue;
		if (empty > 2 * radius)
			memset(block, 0, sizeof block);
		else
			NAME(convolve_block)(strip + (r - radius) * BLOCK,
			    BLOCK, weight, radius, block);
		memcpy(to + (r - 2 * radius) * cols + col, block,
		    width * sizeof *block);
	}
}

/* Along one row, in place. */
WIDTH static void
NAME(convolve_row)(float *row, size_t cols, const double *weight, size_t radius,
    double *strip)
{
	float block[BLOCK];
	size_t i, width, first = 0, last = cols; /* where it is not +0 */

	while (first < cols && is_zero(row[first]))
		first++;
	if (first == cols)
		return;
	while (is_zero(row[last - 1]))
		last--;
	for (i = 0; i < radius; i++) {
		strip[i] = (double)row[bsp_reflect((ptrdiff_t)i -
		    (ptrdiff_t)radius, cols)];
		strip[radius + cols + i] =
		    (double)row[bsp_reflect((ptrdiff_t)(cols + i), cols)];
	}
	for (i = 0; i < cols; i++)
		strip[radius + i] = (double)row[i];
	for (i = 0; i + BLOCK <= cols; i += BLOCK)
		if (i + BLOCK + radius > first && i < last + radius)
			NAME(convolve_block)(strip + radius + i, 1, weight,
			    radius, row + i);
	width = cols - i;
	if (width > 0) {
		NAME(convolve_block)(strip + radius + i, 1, weight, radius, block);
		memcpy(row + i, block, width * sizeof *block);
	}
}

/* Store the first sums of a block; most often all of them. */
static inline __attribute__((always_inline)) void
NAME(keep)(const NAME(lanes) sum[VECTORS], size_t width, double *to)
{
	size_t v;

	if (width < BLOCK)
		memcpy(to, sum, width * sizeof *to);
	else
		for (v = 0; v < VECTORS; v++)
			((NAME(lanes) *)to)[v] = sum[v];
}

/* The same two passes without the rounding between them. */
WIDTH static void
NAME(smooth_columns)(double *x, size_t rows, size_t cols, size_t col, size_t width,
    const double *weight, size_t radius, double *strip)
{
	NAME(lanes) sum[VECTORS];
	const double *from;
	size_t r;

	for (r = 0; r < rows + 2 * radius; r++) {
		from = x + col + cols * bsp_reflect((ptrdiff_t)r -
		    (ptrdiff_t)radius, rows);
		if (width == BLOCK)
			memcpy(strip + r * BLOCK, from, BLOCK * sizeof *x);
		else
			memcpy(strip + r * BLOCK, from, width * sizeof *x);
	}
	for (r = 0; r < rows; r++) {
		NAME(sum_block)(strip + (r + radius) * BLOCK, BLOCK, weight, radius,
		    sum);
		NAME(keep)(sum, width, x + r * cols + col);
	}
}

WIDTH static void
NAME(smooth_row)(double *row, size_t cols, const double *weight, size_t radius,
    double *strip)
{
	NAME(lanes) sum[VECTORS];
	size_t i, width;

	for (i = 0; i < radius && radius <= cols; i++) { /* no division */
		strip[i] = row[radius - 1 - i];
		strip[radius + cols + i] = row[cols - 1 - i];
	}
	for (; i < radius; i++) {
		strip[i] = row[bsp_reflect((ptrdiff_t)i - (ptrdiff_t)radius,
		    cols)];
		strip[radius + cols + i] =
		    row[bsp_reflect((ptrdiff_t)(cols + i), cols)];
	}
	memcpy(strip + radius, row, cols * sizeof *row);
	for (i = 0; i < cols; i += BLOCK) {
		width = cols - i < BLOCK ? cols - i : BLOCK;
		NAME(sum_block)(strip + radius + i, 1, weight, radius, sum);
		NAME(keep)(sum, width, row + i);
	}
}

static const struct passes NAME(passes) = {
	NAME(convolve_columns), NAME(convolve_row),
	NAME(smooth_columns), NAME(smooth_row),
};

#undef VECTORS
#undef LANES
#undef NAME
#undef WIDTH
