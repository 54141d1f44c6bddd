/*
 * NIfTI headers: see header.h.  Every field that the voxels depend on is
 * checked here; no library reads the file.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "header.h"

/* ------------------------------------------------------ what is no NIfTI */

/* What other files begin with, what they are and what reads them. */
static const struct foreign {
	size_t at, n;
	const char *magic, *what, *how;
} foreign[] = {
	{0, 4, "\x28\xB5\x2F\xFD", "compressed with zstd",
	    "zstd -dc FILE | nii-slices -"},
	{0, 3, "BZh", "compressed with bzip2",
	    "bzip2 -dc FILE | nii-slices -"},
	{0, 6, "\xFD" "7zXZ\0", "compressed with xz",
	    "xz -dc FILE | nii-slices -"},
	{0, 2, "\x1F\x8B", "compressed twice with gzip",
	    "gzip -dc FILE | nii-slices -"},
	{0, 4, "PK\3\4", "a zip archive", "unzip -p FILE | nii-slices -"},
	{128, 4, "DICM", "a DICOM file", "dcm2niix makes NIfTI of it"},
	{0, 4, "\0\0\0\1", "an MGH volume", "mri_convert makes NIfTI of it"},
	{0, 4, "NRRD", "an NRRD file", "3D Slicer makes NIfTI of it"},
	{0, 10, "ObjectType", "a MetaImage header",
	    "3D Slicer makes NIfTI of it"},
	{0, 5, "NDims", "a MetaImage header", "3D Slicer makes NIfTI of it"},
	{0, 4, "\x89HDF", "an HDF5 or MINC file",
	    "mnc2nii makes NIfTI of MINC"},
	{0, 3, "CDF", "a MINC file", "mnc2nii makes NIfTI of it"},
	{0, 6, "\x93NUMPY", "a numpy array", "nibabel makes NIfTI of it"},
	{0, 4, "\x89PNG", "a PNG image", "pngtopnm reads it"},
	{0, 3, "\xFF\xD8\xFF", "a JPEG image", "jpegtopnm reads it"},
	{0, 4, "II*\0", "a TIFF image", "tifftopnm reads it"},
	{0, 4, "MM\0*", "a TIFF image", "tifftopnm reads it"},
	{0, 2, "P5", "an image stream", "it needs no slicing"},
	{0, 2, "P2", "an image stream", "it needs no slicing"},
	{0, 2, "P7", "an image stream", "it needs no slicing"},
	{0, 2, "Pf", "an image stream", "it needs no slicing"},
};

static int
not_nifti(const unsigned char *start, size_t n, struct bsp_error *e)
{
	const struct foreign *f;

	for (f = foreign; f < foreign + sizeof foreign / sizeof *foreign; f++)
		if (n >= f->at + f->n &&
		    memcmp(start + f->at, f->magic, f->n) == 0)
			return bsp_error_set(e, BSP_DATA, "not a NIfTI file "
			    "but %s: %s", f->what, f->how);
	if (n == 0)
		return bsp_error_set(e, BSP_DATA, "not a NIfTI file: it is "
		    "empty");
	return bsp_error_set(e, BSP_DATA, "not a NIfTI file: sizeof_hdr is "
	    "neither 348 (NIfTI-1) nor 540 (NIfTI-2)");
}

/* --------------------------------------------------------- the raw header */

union raw {
	nifti_1_header one;
	nifti_2_header two;
	unsigned char byte[540];
	int32_t size;
};

_Static_assert(sizeof(nifti_1_header) == 348, "NIfTI-1 headers are 348 bytes");
_Static_assert(sizeof(nifti_2_header) == 540, "NIfTI-2 headers are 540 bytes");

/* The version that the first four bytes tell, 0 where it is no NIfTI. */
static int
find_version(const union raw *raw, bool *swapped)
{
	int32_t other = raw->size;

	nifti_swap_Nbytes(1, 4, &other);
	*swapped = other == 348 || other == 540;
	if (raw->size == 348 || other == 348)
		return 1;
	return raw->size == 540 || other == 540 ? 2 : 0;
}

static void
widen(const nifti_1_header *from, nifti_2_header *to)
{
	size_t i;

	*to = (nifti_2_header){
		.datatype = from->datatype, .bitpix = from->bitpix,
		.scl_slope = (double)from->scl_slope,
		.scl_inter = (double)from->scl_inter,
		.qform_code = from->qform_code,
		.sform_code = from->sform_code,
		.xyzt_units = from->xyzt_units,
		.quatern_b = (double)from->quatern_b,
		.quatern_c = (double)from->quatern_c,
		.quatern_d = (double)from->quatern_d,
		.qoffset_x = (double)from->qoffset_x,
		.qoffset_y = (double)from->qoffset_y,
		.qoffset_z = (double)from->qoffset_z,
	};
	for (i = 0; i < 8; i++) {
		to->dim[i] = from->dim[i];
		to->pixdim[i] = (double)from->pixdim[i];
	}
	for (i = 0; i < 4; i++) {
		to->srow_x[i] = (double)from->srow_x[i];
		to->srow_y[i] = (double)from->srow_y[i];
		to->srow_z[i] = (double)from->srow_z[i];
	}
}

static int
check_magic(struct header *h, const union raw *raw, struct bsp_error *e)
{
	const char *magic = h->version == 1 ? raw->one.magic : raw->two.magic;
	char single[4] = {'n', '+', (char)('0' + h->version), '\0'};
	char pair[4] = {'n', 'i', (char)('0' + h->version), '\0'};

	h->pair = memcmp(magic, pair, 4) == 0;
	if (!h->pair && memcmp(magic, single, 4) != 0)
		return bsp_error_set(e, BSP_DATA, "magic is not %s or %s: an "
		    "ANALYZE file or a damaged header, expected NIfTI-1 or "
		    "NIfTI-2", single, pair);
	if (h->version == 2 && memcmp(magic + 4, "\r\n\032\n", 4) != 0)
		return bsp_error_set(e, BSP_DATA, "magic does not end with "
		    "\\r\\n\\032\\n: the file was changed as if it were text");
	return 0;
}

/* ----------------------------------------------------------------- fields */

static const char *
number(char text[BSP_NUMBER_SIZE], double v)
{
	if (isnan(v))
		return "NaN";
	if (isinf(v))
		return v > 0 ? "infinite" : "-infinite";
	return bsp_number_format(text, v);
}

static int
check_dims(const nifti_2_header *n, struct bsp_error *e)
{
	int64_t i, values = 1;

	if (n->dim[0] < 1 || n->dim[0] > 7)
		return bsp_error_set(e, BSP_DATA,
		    "dim[0] is %lld, expected 1 to 7 dimensions",
		    (long long)n->dim[0]);
	for (i = 1; i <= n->dim[0]; i++)
		if (n->dim[i] < 1 || n->dim[i] > INT32_MAX)
			return bsp_error_set(e, BSP_DATA,
			    "dim[%lld] is %lld, expected at least 1 and at "
			    "most %d", (long long)i, (long long)n->dim[i],
			    INT32_MAX);
	for (i = 4; i <= n->dim[0]; i++)
		if (__builtin_mul_overflow(values, n->dim[i], &values))
			return bsp_error_set(e, BSP_DATA, "dim[4] to dim[7] "
			    "are too large, expected one 3-D volume");
	if (values > 1)
		return bsp_error_set(e, BSP_DATA,
		    "%lld values a voxel or volumes (%lld-D), expected one 3-D "
		    "volume (fslroi or nibabel takes one out)",
		    (long long)values, (long long)n->dim[0]);
	return 0;
}

/* The datatypes whose values are read. */
static const struct datatype {
	int code;
	size_t bytes;
} datatypes[] = {
	{DT_UINT8, 1}, {DT_INT8, 1}, {DT_UINT16, 2}, {DT_INT16, 2},
	{DT_UINT32, 4}, {DT_INT32, 4}, {DT_UINT64, 8}, {DT_INT64, 8},
	{DT_FLOAT32, 4}, {DT_FLOAT64, 8},
};

static int
check_datatype(struct header *h, struct bsp_error *e)
{
	const struct datatype *t = datatypes;
	const struct datatype *end = t + sizeof datatypes / sizeof *datatypes;

	while (t < end && t->code != h->n.datatype)
		t++;
	if (t == end)
		return bsp_error_set(e, BSP_DATA, "datatype is %d (%s), "
		    "expected an integer or float type of 8 to 64 bits",
		    h->n.datatype, nifti_datatype_string(h->n.datatype));
	h->bytes = t->bytes;
	/* Some writers leave bitpix out. */
	if (h->n.bitpix != 0 && h->n.bitpix != (int)(8 * t->bytes))
		return bsp_error_set(e, BSP_DATA, "bitpix is %d, expected %zu "
		    "for datatype %d (%s)", h->n.bitpix, 8 * t->bytes,
		    t->code, nifti_datatype_string(t->code));
	return 0;
}

static int
check_size(const struct header *h, struct bsp_error *e)
{
	const int64_t *dim = h->n.dim;
	int64_t total = (int64_t)h->bytes, i;

	for (i = 1; i <= 3 && i <= dim[0]; i++)
		if (__builtin_mul_overflow(total, dim[i], &total))
			return bsp_error_set(e, BSP_DATA, "dim[1] to dim[3]: "
			    "that many voxels do not fit into memory");
	return 0;
}

/* vox_offset is a float of NIfTI-1, which may hold anything. */
static int
check_offset(struct header *h, const union raw *raw, struct bsp_error *e)
{
	double least = h->pair ? 0 : h->version == 1 ? 352 : 544;
	double offset = h->version == 1 ? (double)raw->one.vox_offset :
	    (double)raw->two.vox_offset;
	char text[BSP_NUMBER_SIZE];

	if (!(offset >= least) || offset != floor(offset) ||
	    offset > 0x1p62)
		return bsp_error_set(e, BSP_DATA, "vox_offset is %s, expected "
		    "a whole number of at least %g in %s", number(text, offset),
		    least, h->pair ? "an .img file" : "a single file");
	h->offset = h->version == 1 ? (uint64_t)offset :
	    (uint64_t)raw->two.vox_offset;
	return 0;
}

/*
 * A slope of 0 means that there is no scaling (NIfTI-1 standard).  NaN and
 * infinity are written for the same, beside an intercept of 0 or NaN; beside
 * another one, nobody knows what is meant.
 */
static int
check_scale(nifti_2_header *n, struct bsp_error *e)
{
	char slope[BSP_NUMBER_SIZE], inter[BSP_NUMBER_SIZE];

	if (n->scl_slope == 0 || (!isfinite(n->scl_slope) &&
	    (n->scl_inter == 0 || isnan(n->scl_inter)))) {
		n->scl_slope = 1;
		n->scl_inter = 0;
		return 0;
	}
	if (!isfinite(n->scl_slope))
		return bsp_error_set(e, BSP_DATA, "scl_slope is %s beside a "
		    "scl_inter of %s, expected a number", number(slope,
		    n->scl_slope), number(inter, n->scl_inter));
	if (!isfinite(n->scl_inter))
		return bsp_error_set(e, BSP_DATA, "scl_inter is %s beside a "
		    "scl_slope of %s, expected a number", number(inter,
		    n->scl_inter), number(slope, n->scl_slope));
	return 0;
}

int
header_read(struct header *h, struct bytes *bytes, struct bsp_error *e)
{
	union raw raw = {.size = 0};
	size_t got, more = 0, wanted;

	*h = (struct header){.version = 0};
	if (bytes_read(bytes, raw.byte, 348, &got, e))
		return -1;
	if (got >= 4)
		h->version = find_version(&raw, &h->swapped);
	if (h->version == 0)
		return not_nifti(raw.byte, got, e);
	wanted = h->version == 1 ? 348 : 540;
	if (got == 348 && wanted > got &&
	    bytes_read(bytes, raw.byte + got, wanted - got, &more, e))
		return -1;
	h->size = got + more;
	if (h->size < wanted)
		return bsp_error_set(e, BSP_DATA, "the header ends after %llu "
		    "bytes, expected %zu", (unsigned long long)h->size,
		    wanted);
	if (h->swapped && h->version == 1)
		nifti_swap_as_nifti1(&raw.one);
	else if (h->swapped)
		nifti_swap_as_nifti2(&raw.two);
	if (check_magic(h, &raw, e))
		return -1;
	if (h->version == 1)
		widen(&raw.one, &h->n);
	else
		h->n = raw.two;
	if (check_dims(&h->n, e) || check_datatype(h, e) || check_size(h, e) ||
	    check_offset(h, &raw, e) || check_scale(&h->n, e))
		return -1;
	return 0;
}
