/*
 * Poisson's equation on part of a grid, by conjugate gradients.
 * Source: Hestenes, Stiefel 1952; for images, Perez, Gangnet, Blake, "Poisson
 * image editing", 2003.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernels.h"

#define TOLERANCE 1e-10
#define ROUNDING 1e-15

/* The unknowns, numbered, and the unknown neighbours of each. */
struct system {
	size_t n;
	uint32_t *at;          /* [n] in the grid */
	uint32_t (*next)[4];   /* [n] neighbours; n where none is unknown */
	double *degree;        /* [n] how many neighbours the grid gives */
};

/* Call each neighbour of sample i of the grid. */
static int
neighbours(size_t i, size_t rows, size_t cols, size_t to[4])
{
	size_t r = i / cols, c = i % cols;
	int n = 0;

	if (r > 0)
		to[n++] = i - cols;
	if (c > 0)
		to[n++] = i - 1;
	if (c + 1 < cols)
		to[n++] = i + 1;
	if (r + 1 < rows)
		to[n++] = i + cols;
	return n;
}

/* Number the unknowns, and make b of what is known. */
static void
set_up(struct system *s, const double *x, const uint8_t *unknown,
    const double *divergence, size_t rows, size_t cols, uint32_t *number,
    double *b)
{
	size_t i, k, to[4];
	int n, j;

	for (i = s->n = 0; i < rows * cols; i++)
		if (unknown[i]) {
			number[i] = (uint32_t)s->n;
			s->at[s->n++] = (uint32_t)i;
		}
	for (k = 0; k < s->n; k++) {
		n = neighbours(s->at[k], rows, cols, to);
		s->degree[k] = n;
		b[k] = divergence[s->at[k]];
		for (j = 0; j < 4; j++) {
			s->next[k][j] = (uint32_t)s->n;
			if (j < n && unknown[to[j]])
				s->next[k][j] = number[to[j]];
			else if (j < n)
				b[k] += x[to[j]];
		}
	}
}

/* p[n] is 0: a neighbour that is not unknown. */
static void
multiply(const struct system *s, const double *p, double *to)
{
	const uint32_t *next;
	size_t k;

	for (k = 0; k < s->n; k++) {
		next = s->next[k];
		to[k] = s->degree[k] * p[k] - p[next[0]] - p[next[1]] -
		    p[next[2]] - p[next[3]];
	}
}

/* x, r, p, q have n + 1 samples; r begins as b. */
static bool
descend(const struct system *s, double *x, double *r, double *p, double *q,
    size_t steps)
{
	double before, now, step, goal, least;
	size_t i, n = s->n;

	/* What the rounding of b - A x leaves, at whatever scale x is. */
	least = ROUNDING * ROUNDING * (bsp_dot(r, r, n) +
	    16 * bsp_dot(x, x, n));
	multiply(s, x, q);
	for (i = 0; i < n; i++)
		p[i] = r[i] -= q[i];
	p[n] = 0;
	before = bsp_dot(r, r, n);
	goal = TOLERANCE * TOLERANCE * before;
	goal = goal > least ? goal : least;
	for (; before > goal; before = now) {
		if (steps-- == 0)
			return false;
		multiply(s, p, q);
		step = before / bsp_dot(p, q, n);
		for (i = 0; i < n; i++) {
			x[i] += step * p[i];
			r[i] -= step * q[i];
		}
		now = bsp_dot(r, r, n);
		for (i = 0; i < n; i++)
			p[i] = r[i] + now / before * p[i];
	}
	return true;
}

int
bsp_poisson(double *x, const uint8_t *unknown, const double *divergence,
    size_t rows, size_t cols, struct bsp_error *e)
{
	size_t n = rows * cols, i, steps = 10 * (rows + cols) + 1000;
	struct system s;
	double *field, *r, *p, *q, *y;
	uint32_t *index;
	bool done;

	if (rows > UINT32_MAX / cols)
		return bsp_error_set(e, BSP_DATA, "a system of %zu x %zu "
		    "samples, expected fewer than 2^32", cols, rows);
	field = malloc((5 * n + 4) * sizeof *field);
	index = malloc(2 * n * sizeof *index);
	s.next = malloc(n * sizeof *s.next);
	if (field == NULL || index == NULL || s.next == NULL) {
		free(field);
		free(index);
		free(s.next);
		return bsp_error_system(e, ENOMEM, "a system of %zu unknowns",
		    n);
	}
	r = field;
	p = r + n + 1;
	q = p + n + 1;
	y = q + n + 1;
	s.at = index + n;
	s.degree = y + n + 1;
	set_up(&s, x, unknown, divergence, rows, cols, index, r);
	for (i = 0; i < s.n; i++)
		y[i] = x[s.at[i]];
	y[s.n] = 0;
	done = descend(&s, y, r, p, q, steps);
	for (i = 0; i < s.n; i++)
		x[s.at[i]] = y[i];
	free(field);
	free(index);
	free(s.next);
	return done ? 0 : bsp_error_set(e, BSP_DATA, "Poisson's equation of "
	    "%zu unknowns is not solved after %zu steps", s.n, steps);
}
