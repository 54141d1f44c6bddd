/*
 * A brain slice that was never anyone's.
 */
#include <errno.h>
#include <stdlib.h>

#include "phantom.h"

#define PIXELS 256
#define LEAST_SIDE 512 /* of the canvas */

void
bsp_phantom_start(struct bsp_random *random, const struct draw *draw,
    enum part part)
{
	bsp_random_start(random, draw->seed, BSP_DRAW_PHANTOM, part,
	    draw->index);
}

double
bsp_phantom_between(struct bsp_random *random, double lo, double hi)
{
	return lo + (hi - lo) * bsp_random_uniform(random);
}

static void
canvas_close(struct canvas *canvas)
{
	free(canvas->value);
	free(canvas->field[0]);
}

static int
canvas_open(struct canvas *canvas, size_t size, struct bsp_error *e)
{
	size_t factor = size < LEAST_SIDE / 2 ?
	    (LEAST_SIDE + size - 1) / size : 2, n;

	canvas->side = factor * size;
	canvas->scale = (double)canvas->side / PIXELS;
	n = canvas->side * canvas->side;
	canvas->value = malloc(5 * n * sizeof *canvas->value);
	canvas->field[0] = malloc(3 * sizeof *canvas->field[0]);
	if (canvas->value == NULL || canvas->field[0] == NULL) {
		canvas_close(canvas);
		return bsp_error_system(e, ENOMEM, "a phantom of %zu x %zu",
		    size, size);
	}
	canvas->depth = canvas->value + n;
	canvas->white = canvas->depth + n;
	canvas->nearest = (uint32_t *)(canvas->white + n);
	canvas->scratch = canvas->nearest + n;
	canvas->field[1] = canvas->field[0] + 1;
	canvas->field[2] = canvas->field[0] + 2;
	return 0;
}

int
bsp_phantom_draw(uint64_t seed, uint64_t index, size_t size,
    struct bsp_image *out, struct bsp_error *e)
{
	struct canvas canvas = {.draw = {seed, index}};
	int result = -1;

	if (size < BSP_PHANTOM_SIZE_MIN || size > BSP_PHANTOM_SIZE_MAX)
		return bsp_error_set(e, BSP_USAGE,
		    "a phantom of %zu x %zu, expected %d to %d", size, size,
		    BSP_PHANTOM_SIZE_MIN, BSP_PHANTOM_SIZE_MAX);
	if (canvas_open(&canvas, size, e))
		return -1;
	bsp_head_draw(&canvas);
	if (bsp_cortex_draw(&canvas, e))
		goto out;
	bsp_deep_draw(&canvas);
	if (bsp_rim_draw(&canvas, e))
		goto out;
	bsp_vessels_draw(&canvas);
	result = bsp_phantom_expose(&canvas, size, out, e);
out:
	canvas_close(&canvas);
	return result;
}
