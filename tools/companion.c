/*
 * Streams beside the images: see companion.h.
 */
#include <sys/stat.h>

#include "companion.h"

bool
companion_is_file(const struct companion *companion)
{
	struct stat status;

	return stat(companion->path, &status) == 0 && S_ISREG(status.st_mode);
}

void
companion_open(struct companion *companion)
{
	if (companion->path == NULL)
		return;
	companion->again = companion_is_file(companion);
	companion->reader = cli_reader(companion->path, companion->content);
}

static int
begin_again(struct companion *companion, struct bsp_error *e)
{
	uint64_t count = bsp_reader_count(companion->reader);

	if (count > 0 && companion->again) {
		companion->count = companion->count > 0 ? companion->count :
		    count;
		bsp_reader_close(companion->reader);
		companion->reader = cli_reader(companion->path,
		    companion->content);
		return 0;
	}
	bsp_error_set(e, BSP_DATA, count == 0 ? "holds no image, expected one "
	    "for each image (--%s)" : "ran out, expected one for each image, "
	    "or a file, which begins again (--%s)", companion->option);
	e->stream = companion->path;
	e->image = (int64_t)count;
	return -1;
}

static void
add_hash(XXH3_state_t *hash, const struct bsp_image *image)
{
	uint64_t size[2] = {image->rows, image->cols};

	XXH3_64bits_update(hash, size, sizeof size);
	XXH3_64bits_update(hash, image->data,
	    bsp_image_size(image) * sizeof *image->data);
}

int
companion_next(struct companion *companion, const struct bsp_image *like,
    struct bsp_image *image, struct bsp_error *e)
{
	int r;

	if (companion->path == NULL)
		return 0;
	r = bsp_reader_next(companion->reader, image, e);
	if (r == 0) {
		if (begin_again(companion, e))
			return -1;
		r = bsp_reader_next(companion->reader, image, e);
		if (r == 0)
			r = begin_again(companion, e);
	}
	if (r < 0)
		return -1;
	if (companion->hash != NULL && companion->count == 0)
		add_hash(companion->hash, image);
	if (!companion->any_size && (image->rows != like->rows ||
	    image->cols != like->cols)) {
		bsp_error_set(e, BSP_DATA, "is %zu x %zu, expected the %zu x "
		    "%zu of the image beside it (--%s)", image->cols,
		    image->rows, like->cols, like->rows, companion->option);
		return bsp_reader_blame(companion->reader, e);
	}
	return 0;
}

void
companion_check(const struct companion *companion, const char *kind,
    bool takes, bool needs)
{
	if (companion->path != NULL && !takes && !needs)
		cli_usage("--%s: %s takes none", companion->option, kind);
	if (companion->path == NULL && needs)
		cli_usage("%s: no --%s, expected a stream beside the images",
		    kind, companion->option);
}
