/*
 * Masks of what belongs to the patient, for images whose background is not 0.
 * A mask holds 0 outside and anything else inside.
 */
#include <errno.h>
#include <stdlib.h>

#include "base.h"

#define BINS 256

/* Two images of one size, neither empty. */
static int
check_pair(const struct bsp_image *image, const struct bsp_image *mask,
    struct bsp_error *e)
{
	if (image->rows == mask->rows && image->cols == mask->cols)
		return 0;
	return bsp_error_set(e, BSP_DATA, "the mask is %zu x %zu, expected the "
	    "%zu x %zu of the image", mask->cols, mask->rows, image->cols,
	    image->rows);
}

/* ------------------------------------------------------------------- Otsu */

static void
find_range(const struct bsp_image *image, float *lo, float *hi)
{
	size_t i, n = bsp_image_size(image);

	*lo = *hi = image->data[0];
	for (i = 1; i < n; i++) {
		*lo = image->data[i] < *lo ? image->data[i] : *lo;
		*hi = image->data[i] > *hi ? image->data[i] : *hi;
	}
}

int
bsp_threshold_otsu(const struct bsp_image *image, double *threshold,
    struct bsp_error *e)
{
	size_t n = bsp_image_size(image), i, bin, best = 0;
	uint64_t count[BINS] = {0}, below = 0;
	double width, sum = 0, left = 0, apart, most = -1;
	float lo, hi;

	if (n == 0)
		return bsp_error_set(e, BSP_DATA, "an empty image, expected "
		    "one to threshold");
	find_range(image, &lo, &hi);
	*threshold = (double)lo;
	width = ((double)hi - (double)lo) / BINS;
	if (!(width > 0))
		return 0;
	for (i = 0; i < n; i++) {
		bin = (size_t)(((double)image->data[i] - (double)lo) / width);
		count[bin < BINS ? bin : BINS - 1]++;
	}
	/* In bins, whose centres are .5 further. */
	for (i = 0; i < BINS; i++)
		sum += (double)i * (double)count[i];
	for (i = 0; i + 1 < BINS; i++) {
		below += count[i];
		left += (double)i * (double)count[i];
		apart = left / (double)below - (sum - left) /
		    (double)(n - below);
		apart *= apart * (double)below * (double)(n - below);
		if (apart > most) {
			most = apart;
			best = i;
		}
	}
	*threshold = (double)lo + ((double)best + .5) * width;
	return 0;
}

int
bsp_mask_above(const struct bsp_image *image, double threshold,
    struct bsp_image *mask, struct bsp_error *e)
{
	size_t i, n = bsp_image_size(image);

	if (bsp_image_resize(mask, image->rows, image->cols, e))
		return -1;
	for (i = 0; i < n; i++)
		mask->data[i] = (double)image->data[i] > threshold;
	return 0;
}

/* --------------------------------------------------------------- regions */

/* Samples that are reached from one another. */
struct flood {
	const struct bsp_image *mask;
	bool inside;      /* of samples that are in the mask, or of the others */
	bool diagonal;    /* neighbours touch at corners too */
	uint32_t *region; /* of each sample; 0: none yet */
	size_t *stack;
};

static int
flood_begin(struct flood *f, const struct bsp_image *mask, bool inside,
    struct bsp_error *e)
{
	size_t n = bsp_image_size(mask);

	*f = (struct flood){.mask = mask, .inside = inside,
	    .diagonal = inside};
	f->region = calloc(n + 1, sizeof *f->region);
	f->stack = malloc((n + 1) * sizeof *f->stack);
	if (f->region != NULL && f->stack != NULL)
		return 0;
	free(f->region);
	free(f->stack);
	return bsp_error_system(e, ENOMEM, "regions of %zu x %zu", mask->cols,
	    mask->rows);
}

static void
flood_end(struct flood *f)
{
	free(f->region);
	free(f->stack);
}

/* Give a region's number to what is reached from sample i; its size. */
static size_t
flood_from(struct flood *f, size_t i, uint32_t number)
{
	size_t rows = f->mask->rows, cols = f->mask->cols, depth = 0, size = 0;
	size_t row, col, j;
	int down, right;

	if (f->region[i] != 0 || (f->mask->data[i] != 0) != f->inside)
		return 0;
	f->region[i] = number;
	f->stack[depth++] = i;
	while (depth > 0) {
		i = f->stack[--depth];
		row = i / cols;
		col = i % cols;
		size++;
		for (down = -1; down <= 1; down++)
			for (right = -1; right <= 1; right++) {
				if ((down != 0 && right != 0 && !f->diagonal) ||
				    (down < 0 && row == 0) ||
				    (down > 0 && row + 1 == rows) ||
				    (right < 0 && col == 0) ||
				    (right > 0 && col + 1 == cols))
					continue;
				j = i + (size_t)(down * (ptrdiff_t)cols +
				    right);
				if (f->region[j] != 0 || (f->mask->data[j] !=
				    0) != f->inside)
					continue;
				f->region[j] = number;
				f->stack[depth++] = j;
			}
	}
	return size;
}

int
bsp_mask_keep_largest(struct bsp_image *mask, struct bsp_error *e)
{
	size_t n = bsp_image_size(mask), i, size, most = 0;
	uint32_t number = 1, best = 0;
	struct flood f;

	if (flood_begin(&f, mask, true, e))
		return -1;
	for (i = 0; i < n; i++) {
		size = flood_from(&f, i, number);
		if (size > most) {
			most = size;
			best = number;
		}
		number += size > 0;
	}
	for (i = 0; i < n; i++)
		if (f.region[i] != best)
			mask->data[i] = 0;
	flood_end(&f);
	return 0;
}

int
bsp_mask_fill_holes(struct bsp_image *mask, struct bsp_error *e)
{
	size_t rows = mask->rows, cols = mask->cols, n = rows * cols, i;
	struct flood f;

	if (flood_begin(&f, mask, false, e))
		return -1;
	/* What is reached from the rim is no hole. */
	for (i = 0; i < n; i++)
		if (i < cols || i >= n - cols || i % cols == 0 ||
		    i % cols == cols - 1)
			flood_from(&f, i, 1);
	for (i = 0; i < n; i++)
		if (f.region[i] == 0 && !(mask->data[i] != 0))
			mask->data[i] = 1;
	flood_end(&f);
	return 0;
}

/* ---------------------------------------------------------------- its use */

int
bsp_mask_apply(const struct bsp_image *mask, struct bsp_image *image,
    struct bsp_error *e)
{
	size_t i, n = bsp_image_size(image);

	if (check_pair(image, mask, e))
		return -1;
	for (i = 0; i < n; i++)
		if (!(mask->data[i] != 0))
			image->data[i] = 0;
	return 0;
}

int
bsp_mask_restore(const struct bsp_image *mask,
    const struct bsp_image *original, struct bsp_image *image,
    struct bsp_error *e)
{
	size_t i, n = bsp_image_size(image);

	if (check_pair(image, mask, e) || check_pair(image, original, e))
		return -1;
	for (i = 0; i < n; i++)
		if (!(mask->data[i] != 0))
			image->data[i] = original->data[i];
	return 0;
}
