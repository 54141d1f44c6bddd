/*
 * A box of an image taken from another image, so that it meets what surrounds
 * it without a seam.
 */
#ifndef BSP_INJECT_SEAMLESS_H
#define BSP_INJECT_SEAMLESS_H

#include "inject.h"

struct bsp_box {
	size_t row, col, rows, cols;
};

/* The samples no farther than half a side from the centre, in the image. */
struct bsp_box bsp_box_around(const struct bsp_image *image, size_t row,
    size_t col, double half_height, double half_width);

/*
 * Make *out, of the box's size, what the foreground of the box becomes: at its
 * edge and outside of the foreground it is the image; between neighbours it
 * differs by donor_weight times what the donor does, or by own_weight times
 * what the image does where that is more.  Clipped to the range of both.
 */
int bsp_seamless(const struct bsp_image *image, const struct bsp_image *donor,
    const struct bsp_box *box, double donor_weight, double own_weight,
    struct bsp_image *out, struct bsp_error *e);

#endif
