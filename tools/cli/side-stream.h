/*
 * A stream that is read beside the images: one of its images for each of
 * theirs.  A file begins again at its end, and image i of the whole stream gets
 * image i modulo their number, whatever piece is read; a pipe is read in
 * lock-step and must be long enough.
 */
#ifndef SIDE_STREAM_H
#define SIDE_STREAM_H

#include "cli.h"

struct side_stream {
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
void side_stream_open(struct side_stream *side);

/* Can it be opened by its name a second time, to be read on its own? */
bool side_stream_is_file(const struct side_stream *side);

/* Where in the stream the image given last lies. */
uint64_t side_stream_last(const struct side_stream *side);

/* How many different images were given. */
uint64_t side_stream_used(const struct side_stream *side);

/*
 * Read the next image, which must have the size of `like' unless any will do;
 * does nothing where there is no stream.  0 or -1.
 */
int side_stream_next(struct side_stream *side, const struct bsp_image *like,
    struct bsp_image *image, struct bsp_error *e);

/*
 * Warn of masks that began again, where n images were read: one for all is
 * meant, several are hardly.
 */
void side_stream_warn(const struct side_stream *side, uint64_t n);

/*
 * Die unless the kind's needs and what was given agree: takes says that the
 * kind can do with the stream, needs that it cannot do without.
 */
void side_stream_check(const struct side_stream *side, const char *kind,
    bool takes, bool needs);

#endif
