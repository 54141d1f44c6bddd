/*
 * From the canvas to an image: point spread, average, noise, histogram.
 */
#include "phantom.h"

#define POINT_SPREAD .26
#define NOISE .022

/*
 * Means of factor x factor samples: intensity, and how much of a pixel is
 * within the outline.
 */
static void
average(const struct canvas *canvas, size_t size, float *value, float *within)
{
	size_t factor = canvas->side / size, r, c, k, i;
	const float *from, *depth;
	float sum, inside, all = (float)(factor * factor);

	for (r = 0; r < size; r++)
		for (c = 0; c < size; c++) {
			sum = inside = 0;
			for (k = 0; k < factor; k++) {
				i = (r * factor + k) * canvas->side +
				    c * factor;
				from = canvas->value + i;
				depth = canvas->depth + i;
				for (i = 0; i < factor; i++) {
					sum += from[i];
					inside += depth[i] > 0 ? 1.f : 0.f;
				}
			}
			value[r * size + c] = sum / all;
			within[r * size + c] = inside / all;
		}
}

int
bsp_phantom_expose(struct canvas *canvas, size_t size,
    struct bsp_image *out, struct bsp_error *e)
{
	/* What the canvas no longer needs holds the foreground. */
	float *within = canvas->white, *inside = (float *)canvas->nearest;
	struct bsp_random random;
	size_t i, k, n = size * size;

	if (bsp_image_resize(out, size, size, e) ||
	    bsp_blur(canvas->value, canvas->value, canvas->side, canvas->side,
	    POINT_SPREAD * canvas->scale, 4, e))
		return -1;
	average(canvas, size, out->data, within);
	bsp_phantom_start(&random, &canvas->draw, PART_NOISE);
	for (i = 0, k = 0; i < n; i++)
		if (within[i] >= .5f)
			inside[k++] = (float)((double)out->data[i] +
			    NOISE * bsp_random_normal(&random));
	if (bsp_target_match(inside, k, &canvas->draw, e))
		return -1;
	for (i = 0, k = 0; i < n; i++)
		out->data[i] = within[i] >= .5f ? inside[k++] : 0;
	return 0;
}
