/*
 * What a sweep reads: images, and reconstructions from a stream or a command.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "../cli/table.h"
#include "command.h"

struct source {
	const struct bsp_sweep *sweep;
	struct bsp_reader *images;
	struct bsp_reader *recons;  /* NULL: the sweep degrades */
	size_t recons_each;         /* reconstructions an image */
	struct side_stream donors, shapes, within;
	struct command command;     /* that makes them, if text is not NULL */
	const struct positions *positions; /* of anomalies, or NULL: drawn */
	uint64_t first_index;
	uint64_t count;             /* images read */
	off_t size;                 /* of a regular file, else 0 */
	int fd;
	struct bsp_hash image_hash, recon_hash;
	/* for source_again */
	struct kept {
		int fd; /* -1: nothing is kept */
		off_t begin;
		const char *name;
	} kept_images, kept_recons;
	struct bsp_writer *copy; /* of what a command reconstructs */
	struct side_stream donors_set, shapes_set, within_set;
};

/*
 * Open the images, and the reconstructions of a stream or a command (at most
 * one of both, else NULL), or die.  The caller has set donors, shapes, within
 * and positions.  again: all will be read more than once; what comes through a pipe or
 * from a command is then kept in temporary files.
 */
void source_open(struct source *source, const struct bsp_sweep *sweep,
    const char *images, const char *recon, const char *command,
    uint64_t first_index, uint64_t timeout, bool again);

/*
 * After the end, where source_open was told that all is read again: begin
 * again.  Only the last time donors and shapes are read too.  The masks are a
 * file.
 */
void source_again(struct source *source, bool last);

/*
 * Read the next image and its reconstructions, recons_each of them, where
 * there are any, and its donor, shape, mask and places; false at the end, where
 * everything must have ended well.
 */
bool source_next(struct source *source, struct bsp_image *image,
    struct bsp_image *recons, struct bsp_image *donor,
    struct bsp_image *shape, struct bsp_image *within,
    struct bsp_place *place);

/* The number of images and a fingerprint of their samples. */
const char *source_fingerprint(const struct source *source, bool of_recons,
    char text[TABLE_IMAGES_SIZE]);

/* The same of a stream beside them. */
const char *source_side_stream(const struct side_stream *side,
    char text[TABLE_IMAGES_SIZE]);

#endif
