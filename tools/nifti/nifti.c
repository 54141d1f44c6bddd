/*
 * NIfTI volumes: see nifti.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/base/base.h"
#include "../../lib/base/whole-file.h"
#include "header.h"

/* ------------------------------------------------------------------ pairs */

/*
 * The path with the ending of the other file of a pair; false where it has not
 * the ending of the one.  What case it is in stays as it is.
 */
static bool
other_of_pair(const char *path, const char *ending, const char *other,
    char *room, size_t size)
{
	size_t n = strlen(path), i;
	char *at;

	if (n >= size)
		return false;
	memcpy(room, path, n + 1);
	if (n > 3 && strcasecmp(room + n - 3, ".gz") == 0)
		n -= 3;
	if (n < 4 || strncasecmp(room + n - 4, ending, 4) != 0)
		return false;
	at = room + n - 4;
	for (i = 1; i < 4; i++)
		at[i] = at[i] >= 'A' && at[i] <= 'Z' ?
		    (char)(other[i] - 'a' + 'A') : other[i];
	return true;
}

const char *
volume_header_path(const char *path, char *room, size_t size)
{
	return other_of_pair(path, ".img", ".hdr", room, size) ? room : path;
}

/* Open the voxels of a .hdr: an .img beside it, compressed or not. */
static int
open_pair(const struct volume *volume, struct bsp_error *e)
{
	char path[4096];
	size_t n;
	int fd;

	if (!other_of_pair(volume->name, ".hdr", ".img", path,
	    sizeof path - 4) && !other_of_pair(volume->name, ".img", ".img",
	    path, sizeof path - 4))
		return bsp_error_set(e, BSP_DATA, "magic says that its voxels "
		    "are in another file, expected a name that ends with .hdr "
		    "and an .img beside it");
	n = strlen(path);
	fd = bsp_open(path, O_RDONLY);
	if (fd < 0 && errno == ENOENT) {
		/* One may be compressed and the other not. */
		if (n > 3 && strcasecmp(path + n - 3, ".gz") == 0)
			path[n - 3] = '\0';
		else
			strcpy(path + n, ".gz");
		fd = bsp_open(path, O_RDONLY);
		path[n] = '\0';
		if (fd < 0)
			errno = ENOENT;
	}
	if (fd < 0)
		return bsp_error_system(e, errno, "open %.256s", path);
	return fd;
}

/* ----------------------------------------------------------------- voxels */

#define CHUNK ((size_t)1 << 20)

/* Read on to the end of the file: only there does gzip's checksum stand. */
static int
read_rest(struct bytes *bytes, struct bsp_error *e)
{
	char sink[4096];
	size_t got;

	do
		if (bytes_read(bytes, sink, sizeof sink, &got, e))
			return -1;
	while (got > 0);
	return 0;
}

/* Skip the bytes before the voxels; where they end, the voxels are missed. */
static int
skip(struct bytes *bytes, uint64_t n, struct bsp_error *e)
{
	char sink[4096];
	size_t got = 1;

	for (; n > 0 && got > 0; n -= got)
		if (bytes_read(bytes, sink, n < sizeof sink ? (size_t)n :
		    sizeof sink, &got, e))
			return -1;
	return 0;
}

/*
 * Memory that is filled once, from end to end, costs half as much in large
 * pages, where the system has them to give.
 */
static void
ask_for_large_pages(unsigned char *memory, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)memory + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)memory + n) / page * page;

	if (begin < end)
		(void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}

/*
 * Room grows as voxels arrive, not as the header claims; but all that a file
 * has left is there.
 */
static int
read_voxels(struct volume *volume, struct bytes *bytes, struct bsp_error *e)
{
	size_t have = 0, room = 0, n, got = 1;
	size_t total = volume_size(volume) * volume->bytes;
	uint64_t left = bytes_left(bytes);
	unsigned char *grown;

	while (have < total && got > 0) {
		if (room == have) {
			room = room + room / 2 + CHUNK;
			room = room < total && left < total ? room : total;
			grown = realloc(volume->raw, room);
			if (grown == NULL)
				return bsp_error_system(e, ENOMEM, "%zu bytes "
				    "of voxels", room);
			volume->raw = grown;
			ask_for_large_pages(grown, room);
		}
		n = room - have < CHUNK ? room - have : CHUNK;
		if (bytes_read(bytes, volume->raw + have, n, &got, e))
			return -1;
		have += got;
	}
	if (have < total)
		return bsp_error_set(e, BSP_DATA, "the file ends after %zu "
		    "bytes of voxels, expected %zu", have, total);
	return read_rest(bytes, e);
}

BSP_CLONES static bool
all_finite(const double *value, size_t n)
{
	unsigned others = 0;
	size_t i;

	for (i = 0; i < n; i++)
		others |= !(value[i] - value[i] == 0);
	return others == 0;
}

static int
check_finite(const struct volume *volume, bool allows_nan,
    struct bsp_error *e)
{
	size_t i, k, n, size = volume_size(volume), at[3];
	double value[VOLUME_RUN];

	for (i = 0; i < size; i += n) {
		n = size - i < VOLUME_RUN ? size - i : VOLUME_RUN;
		volume_values(volume, i, 1, n, value);
		k = all_finite(value, n) ? n : 0;
		while (k < n && (isfinite(value[k]) ||
		    (allows_nan && isnan(value[k]))))
			k++;
		if (k == n)
			continue;
		volume_where(volume, i + k, at);
		return bsp_error_set(e, BSP_DATA, "voxel (%zu, %zu, %zu) is "
		    "%s, expected a finite value%s", at[0], at[1], at[2],
		    isnan(value[k]) ? "NaN" : "infinite", isnan(value[k]) ?
		    " (--nan says what NaN stands for)" : "");
	}
	return 0;
}

/* The voxels, after a header that may be in the same file. */
static int
read_body(struct volume *volume, const struct header *header,
    struct bytes *bytes, bool allows_nan, struct bsp_error *e)
{
	uint64_t before = header->pair ? 0 : header->size;

	if (skip(bytes, header->offset - before, e) ||
	    read_voxels(volume, bytes, e))
		return -1;
	if (header->swapped && volume->bytes > 1)
		nifti_swap_Nbytes((int64_t)volume_size(volume),
		    (int)volume->bytes, volume->raw);
	return check_finite(volume, allows_nan, e);
}

static void
take_header(struct volume *volume, const struct header *header)
{
	size_t i;

	for (i = 0; i < 3; i++) {
		volume->dim[i] = (int64_t)i < header->n.dim[0] ?
		    (size_t)header->n.dim[i + 1] : 1;
		volume->axis[i] = i;
	}
	volume->datatype = header->n.datatype;
	volume->bytes = header->bytes;
	volume->slope = header->n.scl_slope;
	volume->inter = header->n.scl_inter;
}

/* All but the end: the bytes are those of the header, then of the voxels. */
static int
read_with(struct volume *volume, const struct volume_how *how,
    struct bytes **bytes, struct bsp_error *e)
{
	struct header header;
	size_t source[3];
	bool flipped[3];
	int fd;

	if (header_read(&header, *bytes, e))
		return -1;
	if (how->header != NULL)
		*how->header = header;
	take_header(volume, &header);
	if (header_affine(&header, volume, e)) {
		/* Nobody asks where voxels lie that are taken as stored; to no
		 * other grid is this one equal. */
		if (!how->as_stored)
			return -1;
		volume->affine = (struct affine){{{(double)NAN}}};
	}
	if (!how->as_stored && orientation_find(&volume->affine, source,
	    flipped, e))
		return -1;
	if (header.pair && !how->header_only) {
		fd = open_pair(volume, e);
		if (fd < 0 || read_rest(*bytes, e))
			return -1;
		bytes_close(*bytes);
		*bytes = bytes_open(fd, e);
		if (*bytes == NULL)
			return -1;
	}
	if (!how->header_only &&
	    read_body(volume, &header, *bytes, how->allows_nan, e))
		return -1;
	return how->as_stored ? 0 : orientation_apply(volume, source, flipped,
	    e);
}

int
volume_read(struct volume *volume, const struct volume_how *how, int fd,
    const char *path, struct bsp_error *e)
{
	struct bytes *bytes = bytes_open(fd, e);
	int result = -1;

	*volume = (struct volume){.name = path};
	if (bytes != NULL)
		result = read_with(volume, how, &bytes, e);
	bytes_close(bytes);
	if (result != 0) {
		volume_free(volume);
		e->stream = path;
	}
	return result;
}

/* ----------------------------------------------------------------- values */

size_t
volume_size(const struct volume *volume)
{
	return volume->dim[0] * volume->dim[1] * volume->dim[2];
}

/* Values of one type, side by side or a step apart; malloc aligned them. */
#define CONVERT(name, type)                                              \
	BSP_CLONES static void                                           \
	convert_##name(const struct volume *volume, size_t first,        \
	    size_t step, size_t n, double *to)                           \
	{                                                                \
		const type *x = (const type *)(const void *)volume->raw + \
		    first;                                               \
		double slope = volume->slope, inter = volume->inter;     \
		size_t i;                                                \
                                                                         \
		if (step == 1)                                           \
			for (i = 0; i < n; i++)                          \
				to[i] = slope * (double)x[i] + inter;    \
		else                                                     \
			for (i = 0; i < n; i++)                          \
				to[i] = slope * (double)x[i * step] + inter; \
	}

CONVERT(uint8, uint8_t)
CONVERT(int8, int8_t)
CONVERT(uint16, uint16_t)
CONVERT(int16, int16_t)
CONVERT(uint32, uint32_t)
CONVERT(int32, int32_t)
CONVERT(uint64, uint64_t)
CONVERT(int64, int64_t)
CONVERT(float32, float)
CONVERT(float64, double)

void
volume_values(const struct volume *volume, size_t first, size_t step,
    size_t n, double *to)
{
	switch (volume->datatype) {
	case DT_UINT8: convert_uint8(volume, first, step, n, to); break;
	case DT_INT8: convert_int8(volume, first, step, n, to); break;
	case DT_UINT16: convert_uint16(volume, first, step, n, to); break;
	case DT_INT16: convert_int16(volume, first, step, n, to); break;
	case DT_UINT32: convert_uint32(volume, first, step, n, to); break;
	case DT_INT32: convert_int32(volume, first, step, n, to); break;
	case DT_UINT64: convert_uint64(volume, first, step, n, to); break;
	case DT_INT64: convert_int64(volume, first, step, n, to); break;
	case DT_FLOAT32: convert_float32(volume, first, step, n, to); break;
	case DT_FLOAT64: convert_float64(volume, first, step, n, to); break;
	}
}

void
volume_where(const struct volume *volume, size_t i, size_t at[3])
{
	size_t index[3] = {i % volume->dim[0],
	    i / volume->dim[0] % volume->dim[1],
	    i / volume->dim[0] / volume->dim[1]}, j;

	for (j = 0; j < 3; j++)
		at[volume->axis[j]] = volume->flipped[j] ?
		    volume->dim[j] - 1 - index[j] : index[j];
}

int
volume_same_shape(const struct volume *a, const struct volume *b,
    struct bsp_error *e)
{
	if (memcmp(a->dim, b->dim, sizeof a->dim) == 0)
		return 0;
	bsp_error_set(e, BSP_DATA, "%zu x %zu x %zu voxels, but %.128s has "
	    "%zu x %zu x %zu, expected the same grid", a->dim[0], a->dim[1],
	    a->dim[2], b->name, b->dim[0], b->dim[1], b->dim[2]);
	e->stream = a->name;
	return -1;
}

int
volume_same_grid(const struct volume *a, const struct volume *b,
    struct bsp_error *e)
{
	double mine, other;
	size_t i;

	if (volume_same_shape(a, b, e))
		return -1;
	for (i = 0; i < 12; i++) {
		mine = a->affine.m[i / 4][i % 4];
		other = b->affine.m[i / 4][i % 4];
		if (fabs(mine - other) <= 1e-3)
			continue;
		bsp_error_set(e, BSP_DATA, "row %zu, column %zu of its affine "
		    "is %g, but %.128s has %g, expected the same grid (to "
		    ".001)", i / 4 + 1, i % 4 + 1, mine, b->name, other);
		e->stream = a->name;
		return -1;
	}
	return 0;
}

void
volume_free(struct volume *volume)
{
	free(volume->raw);
	volume->raw = NULL;
}
