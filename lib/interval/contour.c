/*
 * The line in a plane where its values are at a level, by marching squares:
 * see blindspot.h.
 *
 * A square's corners are counted counterclockwise, (i, j) first, and side k
 * joins corners k and k + 1.  A piece of the line enters a square through a
 * side that leads, counterclockwise, out of what is below, and leaves it
 * through one that leads in: so it has what is below on its left, in every
 * square, and a side that one square's piece leaves by is where its
 * neighbour's begins.
 * Source: Lorensen and Cline 1987; for squares of two pieces, Nielson and
 * Hamann, "The asymptotic decider", 1991.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "interval.h"

#define NOWHERE SIZE_MAX

struct march {
	const struct bsp_plane *plane;
	double level;
	size_t along_x; /* how many sides of squares lie along x; those along y
	                   follow */
	size_t sides;
	size_t *next;   /* [sides] the side that a piece from here leads to */
	bool *reached;  /* [sides] does a piece lead here? */
};

/* The height above the level. */
static double
height(const struct march *m, size_t i, size_t j)
{
	return m->plane->value[i * m->plane->cols + j] - m->level;
}

/* The numbers of the sides of the square at (i, j). */
static void
find_sides(const struct march *m, size_t i, size_t j, size_t side[4])
{
	size_t rows = m->plane->rows, cols = m->plane->cols;

	side[0] = j * (rows - 1) + i;
	side[1] = m->along_x + (i + 1) * (cols - 1) + j;
	side[2] = (j + 1) * (rows - 1) + i;
	side[3] = m->along_x + i * (cols - 1) + j;
}

/* Of a square with two opposite corners below: do these hang together?  At the
 * saddle of the bilinear surface it is below or not. */
static bool
joined(const double h[4])
{
	return (h[0] * h[2] - h[1] * h[3]) /
	    (h[0] + h[2] - h[1] - h[3]) < 0;
}

static void
march_square(struct march *m, size_t i, size_t j)
{
	double h[4] = {height(m, i, j), height(m, i + 1, j),
	    height(m, i + 1, j + 1), height(m, i, j + 1)};
	bool low[4], two;
	size_t side[4], k, to;

	for (k = 0; k < 4; k++) {
		if (isnan(h[k]))
			return;
		low[k] = h[k] < 0;
	}
	two = low[0] == low[2] && low[1] == low[3] && low[0] != low[1];
	find_sides(m, i, j, side);
	for (k = 0; k < 4; k++) {
		if (!low[k] || low[(k + 1) % 4])
			continue;
		if (two)
			to = joined(h) ? (k + 1) % 4 : (k + 3) % 4;
		else
			for (to = (k + 1) % 4;
			    low[to] || !low[(to + 1) % 4]; to = (to + 1) % 4)
				;
		m->next[side[k]] = side[to];
		m->reached[side[to]] = true;
	}
}

/* Where the line meets a side. */
static void
place_on(const struct march *m, size_t side, double *x, double *y)
{
	const struct bsp_plane *p = m->plane;
	size_t i, j;

	if (side < m->along_x) {
		i = side % (p->rows - 1);
		j = side / (p->rows - 1);
		*y = p->y[j];
		*x = bsp_crossing(p->x[i], p->x[i + 1], height(m, i, j),
		    height(m, i + 1, j));
		return;
	}
	side -= m->along_x;
	i = side / (p->cols - 1);
	j = side % (p->cols - 1);
	*x = p->x[i];
	*y = bsp_crossing(p->y[j], p->y[j + 1], height(m, i, j),
	    height(m, i, j + 1));
}

/* Add a point to the line that is being made, unless it is where that ends. */
static int
add_point(struct bsp_contour *c, size_t start, double x, double y,
    struct bsp_error *e)
{
	if (c->points > start && c->point[c->points - 1].x == x &&
	    c->point[c->points - 1].y == y)
		return 0;
	if (bsp_array_grow(&c->point, &c->capacity, c->points + 1,
	    sizeof *c->point, e))
		return -1;
	c->point[c->points++] = (struct bsp_point){x, y};
	return 0;
}

/* Follow the line from a side to its end, or until it is back there. */
static int
follow(struct march *m, size_t side, struct bsp_contour *c,
    struct bsp_error *e)
{
	size_t start = c->points, to;
	double x, y;

	if (bsp_array_grow(&c->start, &c->starts, c->lines + 2,
	    sizeof *c->start, e))
		return -1;
	for (; side != NOWHERE; side = to) {
		place_on(m, side, &x, &y);
		if (add_point(c, start, x, y, e))
			return -1;
		to = m->next[side];
		m->next[side] = NOWHERE;
	}
	/* A corner that touches the level is no line. */
	if (c->points < start + 2)
		c->points = start;
	else
		c->start[++c->lines] = c->points;
	return 0;
}

static int
follow_all(struct march *m, struct bsp_contour *c, struct bsp_error *e)
{
	size_t side;

	/* First those that begin at the border, then those that are closed. */
	for (side = 0; side < m->sides; side++)
		if (m->next[side] != NOWHERE && !m->reached[side] &&
		    follow(m, side, c, e))
			return -1;
	for (side = 0; side < m->sides; side++)
		if (m->next[side] != NOWHERE && follow(m, side, c, e))
			return -1;
	return 0;
}

int
bsp_plane_contour(const struct bsp_plane *plane, double level,
    struct bsp_contour *contour, struct bsp_error *e)
{
	struct march m = {.plane = plane, .level = level};
	size_t i, j;
	int r = -1;

	contour->lines = contour->points = 0;
	if (bsp_plane_check(plane, level, e) || bsp_array_grow(
	    &contour->start, &contour->starts, 1, sizeof *contour->start, e))
		return -1;
	contour->start[0] = 0;
	m.along_x = (plane->rows - 1) * plane->cols;
	m.sides = m.along_x + plane->rows * (plane->cols - 1);
	m.next = calloc(m.sides + 1, sizeof *m.next);
	m.reached = calloc(m.sides + 1, sizeof *m.reached);
	if (m.next == NULL || m.reached == NULL) {
		bsp_error_system(e, ENOMEM, "%zu sides of squares", m.sides);
		goto done;
	}
	for (i = 0; i < m.sides; i++)
		m.next[i] = NOWHERE;
	for (i = 0; i + 1 < plane->rows; i++)
		for (j = 0; j + 1 < plane->cols; j++)
			march_square(&m, i, j);
	r = follow_all(&m, contour, e);
done:
	free(m.next);
	free(m.reached);
	return r;
}

void
bsp_contour_free(struct bsp_contour *contour)
{
	free(contour->start);
	free(contour->point);
	*contour = (struct bsp_contour){.lines = 0};
}
