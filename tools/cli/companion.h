/*
 * A stream that is read beside the images: one of its images for each of
 * theirs.  A file begins again at its end, and image i of the whole stream gets
 * image i modulo their number, whatever piece is read; a pipe is read in
 * lock-step and must be long enough.
 */
#ifndef COMPANION_H
#define COMPANION_H

#include "cli.h"

struct companion {
	const char *path;   /* NULL: there is none */
	const char *option; /* that named it */
	enum bsp_content content;
	bool any_size;
	uint64_t first_index; /* of the images in the whole stream */
	struct bsp_reader *reader;
	const char *name;   /* as errors call it */
	int file;           /* a file, open once more; else -1 */
	off_t begin;        /* where in it the stream begins */
	uint64_t index;     /* of the next image in the stream */
	uint64_t given;     /* images so far */
	uint64_t count;     /* of images in the stream; 0: not known */
	bool is_told;       /* keep the hash, of all that was given once */
	struct bsp_hash hash;
};

/* Open the stream, unless its path is NULL, or die. */
void companion_open(struct companion *companion);

/* Can it be opened by its name a second time, to be read on its own? */
bool companion_is_file(const struct companion *companion);

/* Where in the stream the image given last lies. */
uint64_t companion_last(const struct companion *companion);

/* How many different images were given. */
uint64_t companion_used(const struct companion *companion);

/*
 * Read the next image, which must have the size of `like' unless any will do;
 * does nothing where there is no stream.  0 or -1.
 */
int companion_next(struct companion *companion, const struct bsp_image *like,
    struct bsp_image *image, struct bsp_error *e);

/*
 * Die unless the kind's needs and what was given agree: takes says that the
 * kind can do with the stream, needs that it cannot do without.
 */
void companion_check(const struct companion *companion, const char *kind,
    bool takes, bool needs);

#endif
