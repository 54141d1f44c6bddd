/*
 * Images in memory: see gallery.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gallery.h"

/* Room for one more image; die where there is none. */
static struct bsp_image *
next_image(struct gallery *gallery)
{
	struct bsp_error e;
	struct bsp_image *grown;
	size_t n = gallery->capacity;

	if (gallery->count == n) {
		n = n == 0 ? 64 : 2 * n;
		grown = realloc(gallery->image, n * sizeof *grown);
		if (grown == NULL) {
			bsp_error_system(&e, ENOMEM, "%zu images", n);
			cli_die(&e);
		}
		memset(grown + gallery->count, 0,
		    (n - gallery->count) * sizeof *grown);
		gallery->image = grown;
		gallery->capacity = n;
	}
	return &gallery->image[gallery->count];
}

static void
check_size(const struct gallery *gallery, const struct bsp_reader *reader)
{
	const struct bsp_image *first = gallery->image;
	const struct bsp_image *image = first + gallery->count;
	struct bsp_error e;

	if (image->rows == first->rows && image->cols == first->cols)
		return;
	bsp_error_set(&e, BSP_DATA, "is %zu x %zu, expected the %zu x %zu of "
	    "the first image", image->cols, image->rows, first->cols,
	    first->rows);
	bsp_reader_blame(reader, &e);
	cli_die(&e);
}

static void
read_stream(struct gallery *gallery, const char *path, struct bsp_hash *hash)
{
	struct bsp_reader *reader = cli_reader(path, BSP_IMAGES);
	struct bsp_error e = {0};
	struct bsp_image *image;
	int r;

	while (image = next_image(gallery),
	    (r = bsp_reader_next(reader, image, &e)) == 1) {
		check_size(gallery, reader);
		bsp_fingerprint_add(hash, image);
		gallery->count++;
	}
	if (r < 0)
		cli_die(&e);
	bsp_reader_close(reader);
}

static const char *
stream_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

void
gallery_read(struct gallery *gallery, const char *const *paths, size_t n)
{
	struct bsp_hash hash = {0};
	struct bsp_error e;
	size_t i;

	*gallery = (struct gallery){.first = stream_name(paths[0])};
	for (i = 0; i < n; i++)
		read_stream(gallery, paths[i], &hash);
	if (gallery->count == 0) {
		bsp_error_set(&e, BSP_DATA, "holds no images, expected at "
		    "least one");
		e.stream = gallery->first;
		cli_die(&e);
	}
	bsp_fingerprint_format(gallery->fingerprint, &hash);
}

void
gallery_free(struct gallery *gallery)
{
	size_t i;

	for (i = 0; i < gallery->capacity; i++)
		bsp_image_free(&gallery->image[i]);
	free(gallery->image);
}
