/*
 * Volumes out: see write.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

#include "../../lib/base/whole-file.h"
#include "write.h"

static bool
ends_with(const char *path, const char *ending)
{
	size_t n = strlen(path), k = strlen(ending);

	return n > k && strcasecmp(path + n - k, ending) == 0;
}

bool
volume_is_file_name(const char *path)
{
	return ends_with(path, ".nii") || ends_with(path, ".nii.gz");
}

/* ------------------------------------------------------------------ header */

/* The fields that the voxels need, and those that say where they lie. */
static nifti_2_header
make_header(const struct header *like, int datatype)
{
	const nifti_2_header *from = &like->n;
	nifti_2_header to = *from;
	int64_t i;

	to.dim[0] = 3;
	for (i = from->dim[0] + 1; i < 8; i++)
		to.dim[i] = 1;
	for (i = 4; i < 8; i++)
		to.dim[i] = 1;
	to.datatype = (int16_t)datatype;
	to.bitpix = (int16_t)(datatype == DT_FLOAT32 || datatype == DT_INT32 ||
	    datatype == DT_UINT32 ? 32 : datatype == DT_UINT8 ||
	    datatype == DT_INT8 ? 8 : datatype == DT_INT64 ||
	    datatype == DT_UINT64 ? 64 : 16);
	to.scl_slope = 1;
	to.scl_inter = 0;
	to.cal_min = to.cal_max = 0;
	to.slice_code = 0;
	to.slice_start = to.slice_end = 0;
	to.slice_duration = 0;
	to.toffset = 0;
	to.intent_code = 0;
	to.intent_p1 = to.intent_p2 = to.intent_p3 = 0;
	memset(to.intent_name, 0, sizeof to.intent_name);
	memset(to.descrip, 0, sizeof to.descrip);
	memset(to.aux_file, 0, sizeof to.aux_file);
	snprintf(to.descrip, sizeof to.descrip, "blindspot %s", BSP_VERSION);
	to.dim_info = 0;
	return to;
}

static nifti_1_header
narrow(const nifti_2_header *from)
{
	nifti_1_header to = {
		.sizeof_hdr = 348, .regular = 'r', .vox_offset = 352,
		.datatype = (short)from->datatype,
		.bitpix = (short)from->bitpix, .scl_slope = 1,
		.xyzt_units = (char)from->xyzt_units,
		.qform_code = (short)from->qform_code,
		.sform_code = (short)from->sform_code,
		.quatern_b = (float)from->quatern_b,
		.quatern_c = (float)from->quatern_c,
		.quatern_d = (float)from->quatern_d,
		.qoffset_x = (float)from->qoffset_x,
		.qoffset_y = (float)from->qoffset_y,
		.qoffset_z = (float)from->qoffset_z,
		.magic = "n+1",
	};
	size_t i;

	memcpy(to.descrip, from->descrip, sizeof to.descrip);
	for (i = 0; i < 8; i++) {
		to.dim[i] = (short)from->dim[i];
		to.pixdim[i] = (float)from->pixdim[i];
	}
	for (i = 0; i < 4; i++) {
		to.srow_x[i] = (float)from->srow_x[i];
		to.srow_y[i] = (float)from->srow_y[i];
		to.srow_z[i] = (float)from->srow_z[i];
	}
	return to;
}

/* ------------------------------------------------------------------ voxels */

static size_t
datatype_bytes(int datatype)
{
	switch (datatype) {
	case DT_UINT8: case DT_INT8: return 1;
	case DT_UINT16: case DT_INT16: return 2;
	case DT_UINT64: case DT_INT64: return 8;
	default: return 4;
	}
}

double
datatype_most(int datatype)
{
	switch (datatype) {
	case DT_UINT8: return UINT8_MAX;
	case DT_INT8: return INT8_MAX;
	case DT_UINT16: return UINT16_MAX;
	case DT_INT16: return INT16_MAX;
	case DT_UINT32: case DT_INT32: case DT_UINT64: case DT_INT64:
		return 1 << 24;
	default: return 0;
	}
}

#define STORE(type)                       \
	do {                              \
		type x = (type)value;     \
		memcpy(to, &x, sizeof x); \
	} while (0)

static void
store(unsigned char *to, int datatype, float value)
{
	switch (datatype) {
	case DT_UINT8: STORE(uint8_t); break;
	case DT_INT8: STORE(int8_t); break;
	case DT_UINT16: STORE(uint16_t); break;
	case DT_INT16: STORE(int16_t); break;
	case DT_UINT32: STORE(uint32_t); break;
	case DT_INT32: STORE(int32_t); break;
	case DT_UINT64: STORE(uint64_t); break;
	case DT_INT64: STORE(int64_t); break;
	default: STORE(float); break;
	}
}

/* All voxels in the order of the file. */
static unsigned char *
make_voxels(const struct volume *v, int datatype, const float *value)
{
	size_t n = volume_size(v), bytes = datatype_bytes(datatype), i, j;
	size_t dim[3], at[3];
	unsigned char *voxels = malloc(n * bytes);

	for (j = 0; j < 3; j++)
		dim[v->axis[j]] = v->dim[j];
	for (i = 0; voxels != NULL && i < n; i++) {
		volume_where(v, i, at);
		store(voxels + bytes * (at[0] + dim[0] * (at[1] + dim[1] *
		    at[2])), datatype, value[i]);
	}
	return voxels;
}

/* -------------------------------------------------------------------- file */

#define CHUNK ((size_t)1 << 20)

static int
put(gzFile file, const void *bytes, size_t n)
{
	const unsigned char *from = bytes;
	size_t done, size;

	for (done = 0; done < n; done += size) {
		size = n - done < CHUNK ? n - done : CHUNK;
		if (gzwrite(file, from + done, (unsigned)size) != (int)size)
			return -1;
	}
	return 0;
}

static int
put_all(gzFile file, const nifti_2_header *two, int version,
    const unsigned char *voxels, size_t n)
{
	const unsigned char no_extension[4] = {0};
	nifti_1_header one;
	nifti_2_header header = *two;

	if (version == 1) {
		one = narrow(two);
		if (put(file, &one, sizeof one))
			return -1;
	} else {
		header.sizeof_hdr = 540;
		header.vox_offset = 544;
		memcpy(header.magic, "n+2\0\r\n\032\n", 8);
		if (put(file, &header, sizeof header))
			return -1;
	}
	return put(file, no_extension, 4) || put(file, voxels, n) ? -1 : 0;
}

/* Write what the file holds, compressed or not; errno says what failed. */
static int
write_file(int fd, bool compress, const nifti_2_header *header, int version,
    const unsigned char *voxels, size_t n)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* gzclose closes it */
	int result, errnum;
	gzFile file;

	if (own < 0)
		return -1;
	file = gzdopen(own, compress ? "wb6" : "wbT");
	if (file == NULL) {
		close(own);
		errno = ENOMEM;
		return -1;
	}
	errno = 0;
	result = put_all(file, header, version, voxels, n);
	errnum = errno;
	if (gzclose(file) != Z_OK && result == 0) {
		result = -1;
		errnum = errno;
	}
	errno = errnum != 0 ? errnum : EIO;
	return result;
}

int
volume_write(const char *path, const struct volume *volume,
    const struct header *like, int datatype, const float *value,
    struct bsp_error *e)
{
	nifti_2_header header = make_header(like, datatype);
	unsigned char *voxels = make_voxels(volume, datatype, value);
	struct bsp_file file;
	int result = -1;

	if (voxels == NULL) {
		bsp_error_system(e, ENOMEM, "write");
		e->stream = path;
		return -1;
	}
	if (bsp_file_open(&file, path, e) == 0) {
		result = write_file(file.fd, ends_with(path, ".gz"), &header,
		    like->version, voxels, volume_size(volume) *
		    datatype_bytes(datatype));
		if (result == 0) {
			result = bsp_file_keep(&file, e);
		} else {
			bsp_error_system(e, errno, "write");
			e->stream = path;
			bsp_file_drop(&file);
		}
	}
	free(voxels);
	return result;
}
