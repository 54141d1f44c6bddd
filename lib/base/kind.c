/*
 * What the entry points of the stages check: see kind.h.
 */
#include "kind.h"

int
bsp_kind_refuse(const struct bsp_kind *kind, const char *what,
    struct bsp_error *e)
{
	if (kind == NULL || kind->name == NULL)
		return bsp_error_set(e, BSP_USAGE, "no kind, expected %s",
		    what);
	return bsp_error_set(e, BSP_USAGE, "%s: a kind of another stage, "
	    "expected %s", kind->name, what);
}

int
bsp_kind_lacks(const struct bsp_kind *kind, const char *what,
    struct bsp_error *e)
{
	return bsp_error_set(e, BSP_USAGE, "%s: no %s, expected one",
	    kind->name, what);
}

/* Are there samples, as many as can be? */
static bool
has_samples(const struct bsp_image *image)
{
	return image->data != NULL && image->rows > 0 && image->cols > 0 &&
	    image->rows <= PTRDIFF_MAX / sizeof *image->data / image->cols;
}

int
bsp_image_check(const struct bsp_kind *kind, const char *what,
    const struct bsp_image *image, const struct bsp_image *like,
    struct bsp_error *e)
{
	if (image == NULL)
		return bsp_error_set(e, BSP_USAGE, "%s: no %s, expected one%s",
		    kind->name, what,
		    like != NULL ? " of the image's size" : "");
	if (!has_samples(image))
		return bsp_error_set(e, BSP_DATA, "its %s is %zu x %zu "
		    "without samples, expected at least one", what,
		    image->cols, image->rows);
	if (like != NULL && (image->rows != like->rows ||
	    image->cols != like->cols))
		return bsp_error_set(e, BSP_DATA, "its %s is %zu x %zu, "
		    "expected the %zu x %zu of the image", what, image->cols,
		    image->rows, like->cols, like->rows);
	return 0;
}

int
bsp_finite_check(const char *what, const struct bsp_image *image,
    struct bsp_error *e)
{
	size_t first;

	if (!bsp_find_nonfinite(image->data, bsp_image_size(image), &first))
		return 0;
	return bsp_error_set(e, BSP_DATA, "its %s has samples that are not "
	    "finite, at row %zu, column %zu first", what,
	    first / image->cols, first % image->cols);
}

int
bsp_input_check(const struct bsp_kind *kind, const char *what,
    const struct bsp_image *image, const struct bsp_image *like,
    struct bsp_error *e)
{
	return bsp_image_check(kind, what, image, like, e) ||
	    bsp_finite_check(what, image, e) ? -1 : 0;
}

int
bsp_apart_check(const struct bsp_kind *kind, const struct bsp_image *written,
    const struct bsp_image *read, struct bsp_error *e)
{
	if (read == NULL || (written != read &&
	    (written->data == NULL || written->data != read->data)))
		return 0;
	return bsp_error_set(e, BSP_USAGE, "%s: the image that it writes is "
	    "one that it reads, expected another", kind->name);
}

#define DRAW_NUMBERS (1 << 24)

int
bsp_draw_number_check(uint32_t number, struct bsp_error *e)
{
	if (number < DRAW_NUMBERS)
		return 0;
	return bsp_error_set(e, BSP_USAGE, "number: %lu is out of range, "
	    "expected 0 to %d", (unsigned long)number, DRAW_NUMBERS - 1);
}
