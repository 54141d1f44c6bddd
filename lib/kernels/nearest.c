/*
 * The nearest seed of every sample: down the columns, then along the rows the
 * lower envelope of the parabolas that the columns leave.
 * Source: Meijster, Roerdink, Hesselink, "A general algorithm for computing
 * distance transforms in linear time", 2000.
 */
#include <errno.h>
#include <stdlib.h>

#include "kernels.h"

/* seed[i]: the row of the nearest seed in i's column, BSP_NOWHERE if none. */
static void
search_columns(const float *value, float level, size_t rows, size_t cols,
    uint32_t *seed)
{
	uint32_t above, below;
	size_t r, c, i;

	for (r = 0; r < rows; r++)
		for (c = 0; c < cols; c++) {
			i = r * cols + c;
			above = r > 0 ? seed[i - cols] : BSP_NOWHERE;
			seed[i] = value[i] >= level ? (uint32_t)r : above;
		}
	for (r = rows - 1; r-- > 0; )
		for (c = 0; c < cols; c++) {
			i = r * cols + c;
			below = seed[i + cols];
			if (below != BSP_NOWHERE && (seed[i] == BSP_NOWHERE ||
			    below - r < r - seed[i]) && below > r)
				seed[i] = below;
		}
}

/* A column's parabola, lowest of all from sample `from' of the row on. */
struct parabola {
	int64_t col, height, from;
};

/* The first column at which b, to the right of a, is lower. */
static int64_t
meeting(const struct parabola *a, const struct parabola *b)
{
	int64_t over = b->col * b->col - a->col * a->col + b->height -
	    a->height;
	int64_t under = 2 * (b->col - a->col);

	/* Where they cross left of the row, anywhere there will do. */
	return over < 0 ? 0 : over / under + 1;
}

static void
search_row(const uint32_t *seed, size_t row, size_t cols, uint32_t *nearest,
    struct parabola *stack)
{
	struct parabola p;
	size_t c, n = 0, k;
	int64_t away;

	for (c = 0; c < cols; c++) {
		if (seed[c] == BSP_NOWHERE)
			continue;
		away = (int64_t)row - (int64_t)seed[c];
		p = (struct parabola){(int64_t)c, away * away, 0};
		while (n > 0 && (p.from = meeting(&stack[n - 1], &p)) <=
		    stack[n - 1].from)
			n--;
		if (n == 0)
			p.from = 0;
		if (p.from < (int64_t)cols)
			stack[n++] = p;
	}
	for (c = cols, k = n; c-- > 0; ) {
		while (k > 1 && stack[k - 1].from > (int64_t)c)
			k--;
		nearest[c] = k == 0 ? BSP_NOWHERE :
		    seed[stack[k - 1].col] * (uint32_t)cols +
		    (uint32_t)stack[k - 1].col;
	}
}

int
bsp_nearest_seed(const float *value, float level, size_t rows, size_t cols,
    uint32_t *nearest, uint32_t *scratch, struct bsp_error *e)
{
	struct parabola *stack;
	size_t r;

	if (rows > UINT32_MAX / cols)
		return bsp_error_set(e, BSP_DATA, "distances in %zu x %zu "
		    "samples, expected fewer than 2^32", cols, rows);
	stack = malloc(cols * sizeof *stack);
	if (stack == NULL)
		return bsp_error_system(e, ENOMEM, "a row of %zu samples",
		    cols);
	search_columns(value, level, rows, cols, scratch);
	for (r = 0; r < rows; r++)
		search_row(scratch + r * cols, r, cols, nearest + r * cols,
		    stack);
	free(stack);
	return 0;
}
