/*
 * NIfTI volumes: see nifti.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <nifti2_io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "nifti.h"

/* How the values of a datatype are read. */
static const struct datatype {
	int code;
	size_t bytes;
	const char *name;
} datatypes[] = {
	{DT_UINT8, 1, "uint8"}, {DT_INT8, 1, "int8"},
	{DT_UINT16, 2, "uint16"}, {DT_INT16, 2, "int16"},
	{DT_UINT32, 4, "uint32"}, {DT_INT32, 4, "int32"},
	{DT_UINT64, 8, "uint64"}, {DT_INT64, 8, "int64"},
	{DT_FLOAT32, 4, "float32"}, {DT_FLOAT64, 8, "float64"},
};

static _Noreturn void
die(const struct volume *volume, struct bsp_error *e)
{
	e->stream = volume->name;
	cli_die(e);
}

static void
check_readable(const struct volume *volume)
{
	struct bsp_error e;
	struct stat s;
	int fd = open(volume->name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &s) != 0) {
		bsp_error_system(&e, errno, "open");
		die(volume, &e);
	}
	close(fd);
	if (S_ISDIR(s.st_mode)) {
		bsp_error_system(&e, EISDIR, "open");
		die(volume, &e);
	}
}

static void
set_datatype(struct volume *volume, int code)
{
	const char *wanted = "an integer or float type of 8 to 64 bits";
	struct bsp_error e;
	size_t i;

	for (i = 0; i < sizeof datatypes / sizeof datatypes[0]; i++)
		if (datatypes[i].code == code) {
			volume->datatype = code;
			volume->bytes = datatypes[i].bytes;
			return;
		}
	bsp_error_set(&e, BSP_DATA, "datatype %s (%d), expected %s",
	    nifti_datatype_string(code), code, wanted);
	die(volume, &e);
}

/* A dimension of a raw header, which may be in the other byte order. */
static int64_t
raw_dim(const void *raw, int version, int i)
{
	const nifti_1_header *one = raw;
	const nifti_2_header *two = raw;
	bool swapped;
	int16_t small;
	int64_t large;

	/* dim[0] is a number of dimensions, 1 to 7. */
	if (version == 1) {
		swapped = one->dim[0] < 1 || one->dim[0] > 7;
		small = one->dim[i];
		if (swapped)
			nifti_swap_2bytes(1, &small);
		return small;
	}
	swapped = two->dim[0] < 1 || two->dim[0] > 7;
	large = two->dim[i];
	if (swapped)
		nifti_swap_8bytes(1, &large);
	return large;
}

/* libnifti takes a dimension below 1 for 1; it is a damaged header. */
static void
check_dims(const struct volume *volume)
{
	struct bsp_error e;
	int version = 0, i;
	void *raw = nifti_read_header(volume->name, &version, 0);
	int64_t dim;

	if (raw == NULL || (version != 1 && version != 2)) {
		free(raw);
		bsp_error_set(&e, BSP_DATA,
		    "an ANALYZE file, expected NIfTI-1 or NIfTI-2");
		die(volume, &e);
	}
	for (i = 1; i <= raw_dim(raw, version, 0); i++) {
		dim = raw_dim(raw, version, i);
		if (dim < 1) {
			bsp_error_set(&e, BSP_DATA,
			    "dim[%d] is %lld, expected at least 1", i,
			    (long long)dim);
			die(volume, &e);
		}
	}
	free(raw);
}

static void
set_size(struct volume *volume, const nifti_image *header)
{
	struct bsp_error e;
	size_t i;

	if (header->nt > 1 || header->nu > 1 || header->nv > 1 ||
	    header->nw > 1) {
		bsp_error_set(&e, BSP_DATA,
		    "%lld values a voxel or volumes (%lld-D), expected one 3-D "
		    "volume (fslroi or nibabel takes one out)",
		    (long long)(header->nt * header->nu * header->nv *
		    header->nw), (long long)header->ndim);
		die(volume, &e);
	}
	volume->dim[0] = (size_t)header->nx;
	volume->dim[1] = (size_t)header->ny;
	volume->dim[2] = (size_t)header->nz;
	for (i = 0; i < 3; i++)
		if (volume->dim[i] < 1 || volume->dim[i] > INT32_MAX) {
			bsp_error_set(&e, BSP_DATA,
			    "%lld voxels along axis %c, expected 1 to %d",
			    (long long)volume->dim[i], "xyz"[i], INT32_MAX);
			die(volume, &e);
		}
	if (volume->dim[2] > PTRDIFF_MAX / volume->bytes /
	    (volume->dim[0] * volume->dim[1])) {
		bsp_error_set(&e, BSP_DATA,
		    "%zu x %zu x %zu voxels do not fit into memory",
		    volume->dim[0], volume->dim[1], volume->dim[2]);
		die(volume, &e);
	}
}

static void
set_scale(struct volume *volume, const nifti_image *header)
{
	struct bsp_error e;

	/* A slope of 0 means that there is no scaling (NIfTI-1 standard). */
	volume->slope = header->scl_slope;
	volume->inter = header->scl_inter;
	if (volume->slope == 0 || !isfinite(volume->slope)) {
		volume->slope = 1;
		volume->inter = 0;
	}
	if (!isfinite(volume->inter)) {
		bsp_error_set(&e, BSP_DATA,
		    "scl_inter is not finite, expected a number");
		die(volume, &e);
	}
}

#define CHUNK ((size_t)1 << 20)

static _Noreturn void
die_gz(const struct volume *volume, gzFile file, size_t at)
{
	struct bsp_error e;
	int code, errnum = errno;
	const char *text = gzerror(file, &code);

	if (code == Z_ERRNO)
		bsp_error_system(&e, errnum, "read");
	else
		bsp_error_set(&e, BSP_DATA,
		    "damaged after %zu bytes of voxels (%s), expected a whole "
		    "gzip stream", at, text);
	die(volume, &e);
}

/* Skip the bytes before the voxels. */
static void
skip(const struct volume *volume, gzFile file, size_t offset)
{
	char sink[4096];
	size_t n;
	int got;

	for (; offset > 0; offset -= (size_t)got) {
		n = offset < sizeof sink ? offset : sizeof sink;
		got = gzread(file, sink, (unsigned)n);
		if (got < 0)
			die_gz(volume, file, 0);
		if (got == 0)
			return; /* the voxels will be missed */
	}
}

/*
 * Read the voxels, growing as they arrive, and then on to the end of the file:
 * only there does gzip's checksum stand.
 */
static void
read_raw(struct volume *volume, gzFile file)
{
	size_t have = 0, room = 0, n;
	size_t total = volume->dim[0] * volume->dim[1] * volume->dim[2] *
	    volume->bytes;
	unsigned char *grown, sink[4096];
	struct bsp_error e;
	int got = 1, code;

	while (have < total && got > 0) {
		n = total - have < CHUNK ? total - have : CHUNK;
		if (room - have < n) {
			room = room + room / 2 + CHUNK;
			room = room < total ? room : total;
			grown = realloc(volume->raw, room);
			if (grown == NULL) {
				bsp_error_system(&e, ENOMEM, "%zu bytes of "
				    "voxels", room);
				die(volume, &e);
			}
			volume->raw = grown;
			n = room - have < n ? room - have : n;
		}
		got = gzread(file, volume->raw + have, (unsigned)n);
		if (got < 0)
			die_gz(volume, file, have);
		have += (size_t)got;
	}
	if (have < total) {
		bsp_error_set(&e, BSP_DATA,
		    "the file ends after %zu bytes of voxels, expected %zu",
		    have, total);
		die(volume, &e);
	}
	while ((got = gzread(file, sink, sizeof sink)) > 0)
		;
	gzerror(file, &code);
	if (got < 0 || code == Z_BUF_ERROR)
		die_gz(volume, file, have);
}

static void
check_finite(const struct volume *volume)
{
	size_t i, n = volume->dim[0] * volume->dim[1] * volume->dim[2];
	struct bsp_error e;

	for (i = 0; i < n; i++)
		if (!isfinite(volume_value(volume, i))) {
			bsp_error_set(&e, BSP_DATA,
			    "voxel (%zu, %zu, %zu) is %s, expected a finite "
			    "value", i % volume->dim[0],
			    i / volume->dim[0] % volume->dim[1],
			    i / volume->dim[0] / volume->dim[1],
			    isnan(volume_value(volume, i)) ? "NaN" :
			    "infinite");
			die(volume, &e);
		}
}

void
volume_read(struct volume *volume, const char *path)
{
	nifti_image *header;
	struct bsp_error e;
	gzFile file;

	*volume = (struct volume){.name = path};
	check_readable(volume);
	nifti_set_debug_level(0);
	header = nifti_image_read(path, 0);
	if (header == NULL) {
		bsp_error_set(&e, BSP_DATA,
		    "not a NIfTI file or a damaged header, expected NIfTI-1 or "
		    "-2 in a file named .nii, .nii.gz or .hdr");
		die(volume, &e);
	}
	check_dims(volume);
	set_datatype(volume, header->datatype);
	set_size(volume, header);
	set_scale(volume, header);
	file = gzopen(header->iname, "rb");
	if (file == NULL) {
		bsp_error_system(&e, errno, "open %s", header->iname);
		die(volume, &e);
	}
	skip(volume, file, (size_t)header->iname_offset);
	read_raw(volume, file);
	if (volume->bytes > 1 && header->byteorder != nifti_short_order())
		nifti_swap_Nbytes((int64_t)(volume->dim[0] * volume->dim[1] *
		    volume->dim[2]), (int)volume->bytes, volume->raw);
	gzclose_r(file);
	nifti_image_free(header);
	check_finite(volume);
}

#define STORED(type)                                             \
	do {                                                     \
		type x;                                          \
                                                                 \
		memcpy(&x, volume->raw + i * sizeof x, sizeof x); \
		stored = (double)x;                              \
	} while (0)

double
volume_value(const struct volume *volume, size_t i)
{
	double stored = 0;

	switch (volume->datatype) {
	case DT_UINT8: STORED(uint8_t); break;
	case DT_INT8: STORED(int8_t); break;
	case DT_UINT16: STORED(uint16_t); break;
	case DT_INT16: STORED(int16_t); break;
	case DT_UINT32: STORED(uint32_t); break;
	case DT_INT32: STORED(int32_t); break;
	case DT_UINT64: STORED(uint64_t); break;
	case DT_INT64: STORED(int64_t); break;
	case DT_FLOAT32: STORED(float); break;
	case DT_FLOAT64: STORED(double); break;
	}
	return volume->slope * stored + volume->inter;
}

void
volume_free(struct volume *volume)
{
	free(volume->raw);
	*volume = (struct volume){0};
}
