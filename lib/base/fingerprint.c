/*
 * Fingerprints of streams, by which tables and models say what they are of.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base.h"

void
bsp_fingerprint_add(struct bsp_hash *hash, const struct bsp_image *image)
{
	uint64_t size[2] = {image->rows, image->cols};

	bsp_hash_add(hash, size, sizeof size);
	bsp_hash_add(hash, image->data,
	    bsp_image_size(image) * sizeof *image->data);
}

char *
bsp_fingerprint_format(char text[BSP_FINGERPRINT_SIZE],
    const struct bsp_hash *hash)
{
	snprintf(text, BSP_FINGERPRINT_SIZE, "%016" PRIx64,
	    bsp_hash_value(hash));
	return text;
}
