/*
 * Images in memory.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

int
bsp_array_grow(void *data, size_t *capacity, size_t wanted, size_t size,
    struct bsp_error *e)
{
	void *old, *grown;
	size_t n = *capacity + *capacity / 2;

	if (wanted <= *capacity)
		return 0;
	if (n < wanted)
		n = wanted;
	memcpy(&old, data, sizeof old);
	if (n > PTRDIFF_MAX / size || (grown = realloc(old, n * size)) == NULL)
		return bsp_error_system(e, ENOMEM,
		    "%zu elements of %zu bytes", n, size);
	memcpy(data, &grown, sizeof grown);
	*capacity = n;
	return 0;
}

int
bsp_image_resize(struct bsp_image *image, size_t rows, size_t cols,
    struct bsp_error *e)
{
	float *data;

	if (cols != 0 && rows > PTRDIFF_MAX / sizeof *data / cols)
		return bsp_error_system(e, ENOMEM, "an image of %zu x %zu",
		    cols, rows);
	if (rows * cols > image->capacity) {
		/* The old samples need not be kept. */
		data = malloc(rows * cols * sizeof *data);
		if (data == NULL)
			return bsp_error_system(e, ENOMEM,
			    "an image of %zu x %zu", cols, rows);
		free(image->data);
		image->data = data;
		image->capacity = rows * cols;
	}
	image->rows = rows;
	image->cols = cols;
	return 0;
}

int
bsp_image_copy(struct bsp_image *to, const struct bsp_image *from,
    struct bsp_error *e)
{
	if (bsp_image_resize(to, from->rows, from->cols, e))
		return -1;
	if (bsp_image_size(from) > 0)
		memcpy(to->data, from->data,
		    bsp_image_size(from) * sizeof *to->data);
	return 0;
}

void
bsp_image_free(struct bsp_image *image)
{
	free(image->data);
	*image = (struct bsp_image){0};
}

BSP_CLONES static size_t
count_positive(const float *x, size_t n)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += x[i] > 0;
	return count;
}

size_t
bsp_image_foreground(const struct bsp_image *image)
{
	return count_positive(image->data, bsp_image_size(image));
}

int
bsp_foreground_check(const struct bsp_image *image, struct bsp_error *e)
{
	if (bsp_image_foreground(image) > 0)
		return 0;
	return bsp_error_set(e, BSP_DATA,
	    "an image of %zu x %zu without foreground (no sample above 0): "
	    "there is nowhere to put an anomaly", image->cols, image->rows);
}

void
bsp_image_range(const struct bsp_image *image, float *low, float *high)
{
	size_t i;
	float x;

	*low = *high = image->data[0];
	for (i = 1; i < bsp_image_size(image); i++) {
		x = image->data[i];
		*low = x < *low ? x : *low;
		*high = x > *high ? x : *high;
	}
}

void
bsp_foreground_range(const struct bsp_image *image, float *low, float *high)
{
	size_t i;
	float x;

	*low = INFINITY;
	*high = 0;
	for (i = 0; i < bsp_image_size(image); i++) {
		x = image->data[i];
		if (!(x > 0))
			continue;
		*low = x < *low ? x : *low;
		*high = x > *high ? x : *high;
	}
}

static bool
is_nonfinite(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof bits);
	return (bits & 0x7F800000) == 0x7F800000;
}

BSP_CLONES static bool
has_nonfinite(const float *x, size_t n)
{
	uint32_t found = 0;
	size_t i;

	for (i = 0; i < n; i++)
		found |= is_nonfinite(x[i]);
	return found;
}

bool
bsp_find_nonfinite(const float *x, size_t n, size_t *first)
{
	size_t i;

	if (!has_nonfinite(x, n))
		return false;
	for (i = 0; !is_nonfinite(x[i]); i++)
		;
	*first = i;
	return true;
}
