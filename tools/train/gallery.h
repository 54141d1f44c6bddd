/*
 * All the images of some streams, of one size, in memory.
 */
#ifndef GALLERY_H
#define GALLERY_H

#include "../cli/cli.h"

struct gallery {
	struct bsp_image *image; /* [count] */
	size_t count, capacity;
	const char *first; /* the name of the stream that began it */
	char fingerprint[BSP_FINGERPRINT_SIZE]; /* of them all, in order */
};

/*
 * Read streams to their ends, or die: of bad data, of an image of another size
 * than the first, and where there is no image at all.
 */
void gallery_read(struct gallery *gallery, const char *const *paths,
    size_t n);

void gallery_free(struct gallery *gallery);

#endif
