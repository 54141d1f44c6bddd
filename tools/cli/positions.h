/*
 * Positions of anomalies taken from a table instead of drawn.
 */
#ifndef POSITIONS_H
#define POSITIONS_H

#include "cli.h"

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

/* Die if there are rows for images from this index on. */
void positions_check_end(const struct positions *positions, uint64_t end);

#endif
