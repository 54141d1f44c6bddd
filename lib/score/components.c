/*
 * Connected regions of an image, with 8 neighbours, or of a volume, with 26.
 */
#include <stdlib.h>

#include "score.h"

static void
join(uint32_t *parent, uint32_t a, uint32_t b)
{
	a = bsp_root(parent, a);
	b = bsp_root(parent, b);
	if (a < b)
		parent[b] = a;
	else
		parent[a] = b;
}

/* Join a sample to those of three in a row that are inside. */
static void
join_row(uint32_t *parent, const uint8_t *inside, size_t cols, size_t c,
    size_t i, size_t from)
{
	size_t k = c > 0 ? from - 1 : from;
	size_t end = c + 1 < cols ? from + 1 : from;

	for (; k <= end; k++)
		if (inside[k])
			join(parent, (uint32_t)i, (uint32_t)k);
}

/* Join a sample to its neighbours before it. */
static void
join_before(uint32_t *parent, const uint8_t *inside,
    const struct bsp_grid *grid, size_t s, size_t r, size_t c, size_t i)
{
	size_t cols = grid->cols, slice = grid->rows * cols;

	if (c > 0 && inside[i - 1])
		join(parent, (uint32_t)i, (uint32_t)i - 1);
	if (r > 0)
		join_row(parent, inside, cols, c, i, i - cols);
	if (s == 0)
		return;
	join_row(parent, inside, cols, c, i, i - slice);
	if (r > 0)
		join_row(parent, inside, cols, c, i, i - slice - cols);
	if (r + 1 < grid->rows)
		join_row(parent, inside, cols, c, i, i - slice + cols);
}

size_t
bsp_components(const struct bsp_grid *grid, const uint8_t *inside,
    uint32_t *component)
{
	size_t n = grid->slices * grid->rows * grid->cols, count = 0;
	size_t s, r, c, i = 0;

	for (s = 0; s < grid->slices; s++)
		for (r = 0; r < grid->rows; r++)
			for (c = 0; c < grid->cols; c++, i++) {
				component[i] = (uint32_t)i;
				if (inside[i])
					join_before(component, inside, grid,
					    s, r, c, i);
			}
	/* Parents come before their children and have their number already. */
	for (i = 0; i < n; i++)
		if (!inside[i])
			component[i] = BSP_NO_COMPONENT;
		else if (component[i] == i)
			component[i] = (uint32_t)count++;
		else
			component[i] = component[component[i]];
	return count;
}
