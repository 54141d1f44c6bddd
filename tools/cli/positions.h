/*
 * Positions of anomalies taken from a table instead of drawn.
 */
#ifndef POSITIONS_H
#define POSITIONS_H

#include "table.h"

struct positions {
	const char *name;
	struct position *at; /* sorted by image and anomaly */
	size_t count, capacity;
};

/*
 * Read the columns image, row, col and, if there, anomaly, whose numbers are
 * below the count of anomalies an image; or die.
 */
void positions_read(struct positions *positions, const char *path,
    uint64_t count);

/* Where the anomaly of that number of an image lies, inside it; or die. */
void positions_get(struct positions *positions, uint64_t index,
    uint64_t number, const struct bsp_image *image, size_t *row,
    size_t *col);

/* The same of the first count anomalies of an image, in place[]; or -1. */
int positions_places(const struct positions *positions, uint64_t index,
    const struct bsp_image *image, size_t count, struct bsp_place *place,
    struct bsp_error *e);

/* How many centres the table has, and a fingerprint of them. */
const char *positions_fingerprint(const struct positions *positions,
    char text[TABLE_IMAGES_SIZE]);

/* Die if there are rows for images from this index on. */
void positions_check_end(const struct positions *positions, uint64_t end);

#endif
