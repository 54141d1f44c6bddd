/*
 * Where the voxels of a volume lie in the patient.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "header.h"

/* ---------------------------------------------------- the header's affines */

static int
check_affine(const struct affine *a, const char *field, struct bsp_error *e)
{
	size_t i, j;

	for (i = 0; i < 3; i++)
		for (j = 0; j < 4; j++)
			if (!isfinite(a->m[i][j]))
				return bsp_error_set(e, BSP_DATA, "%s gives "
				    "an affine that is not finite (row %zu, "
				    "column %zu), expected numbers", field,
				    i + 1, j + 1);
	return 0;
}

static void
affine_of_sform(const nifti_2_header *n, struct affine *a)
{
	memcpy(a->m[0], n->srow_x, sizeof a->m[0]);
	memcpy(a->m[1], n->srow_y, sizeof a->m[1]);
	memcpy(a->m[2], n->srow_z, sizeof a->m[2]);
}

/* How far voxels are apart along an axis; of no distance 1 is made, as all
 * readers do. */
static double
spacing(const nifti_2_header *n, size_t axis)
{
	double d = fabs(n->pixdim[axis + 1]);

	return d > 0 || isnan(d) ? d : 1;
}

static int
affine_of_qform(const nifti_2_header *n, struct affine *a,
    struct bsp_error *e)
{
	double length = n->quatern_b * n->quatern_b +
	    n->quatern_c * n->quatern_c + n->quatern_d * n->quatern_d;
	nifti_dmat44 q;
	size_t i, j;

	/* A unit quaternion's, up to the rounding of floats. */
	if (!(length <= 1 + 1e-5))
		return bsp_error_set(e, BSP_DATA, "quatern_b, quatern_c and "
		    "quatern_d have the length %g, expected at most 1",
		    sqrt(length));
	q = nifti_quatern_to_dmat44(n->quatern_b, n->quatern_c, n->quatern_d,
	    n->qoffset_x, n->qoffset_y, n->qoffset_z, spacing(n, 0),
	    spacing(n, 1), spacing(n, 2), n->pixdim[0] < 0 ? -1 : 1);
	for (i = 0; i < 3; i++)
		for (j = 0; j < 4; j++)
			a->m[i][j] = q.m[i][j];
	return 0;
}

/* ANALYZE's: from right to left, to the front, up, around the centre. */
static void
affine_of_spacing(const nifti_2_header *n, const size_t dim[3],
    struct affine *a)
{
	size_t i;

	*a = (struct affine){0};
	for (i = 0; i < 3; i++) {
		a->m[i][i] = i == 0 ? -spacing(n, i) : spacing(n, i);
		a->m[i][3] = -a->m[i][i] * ((double)dim[i] - 1) / 2;
	}
}

/* Do two affines tell two closest orientations? */
static bool
disagree(const struct affine *a, const struct affine *b)
{
	size_t from[2][3];
	bool flipped[2][3];
	struct bsp_error e;

	if (check_affine(b, "", &e) ||
	    orientation_find(a, from[0], flipped[0], &e) ||
	    orientation_find(b, from[1], flipped[1], &e))
		return false;
	return memcmp(from[0], from[1], sizeof from[0]) != 0 ||
	    memcmp(flipped[0], flipped[1], sizeof flipped[0]) != 0;
}

int
header_affine(const struct header *header, struct volume *volume,
    struct bsp_error *e)
{
	const nifti_2_header *n = &header->n;
	struct affine *a = &volume->affine, other;

	/* The order of nibabel, SPM and FreeSurfer: the sform first. */
	if (n->sform_code > 0) {
		affine_of_sform(n, a);
		volume->disputed = n->qform_code > 0 &&
		    affine_of_qform(n, &other, e) == 0 && disagree(a, &other);
		return check_affine(a, "srow_x, srow_y or srow_z", e);
	}
	if (n->qform_code > 0)
		return affine_of_qform(n, a, e) || check_affine(a,
		    "pixdim or qoffset", e) ? -1 : 0;
	volume->unknown = true;
	affine_of_spacing(n, volume->dim, a);
	return check_affine(a, "pixdim", e);
}

/* --------------------------------------------------------- canonical axes */

/* The rotation (and flip) closest to the directions of the voxels' axes. */
static int
find_rotation(const struct affine *affine, nifti_dmat33 *rotation,
    struct bsp_error *e)
{
	nifti_dmat33 directions;
	double length;
	size_t i, j;

	for (j = 0; j < 3; j++) {
		for (length = 0, i = 0; i < 3; i++)
			length = hypot(length, affine->m[i][j]);
		for (i = 0; i < 3; i++)
			directions.m[i][j] = affine->m[i][j] / length;
	}
	/* A length of 0 makes NaN of the determinant. */
	if (!(fabs(nifti_dmat33_determ(directions)) > 1e-6))
		return bsp_error_set(e, BSP_DATA, "the affine of the header "
		    "is singular, expected three directions (--as-stored does "
		    "without)");
	*rotation = nifti_dmat33_polar(directions);
	return 0;
}

/*
 * Each axis of the file in turn takes the direction that it runs along most
 * and that none took before: nibabel.orientations.io_orientation.
 */
int
orientation_find(const struct affine *affine, size_t source[3],
    bool flipped[3], struct bsp_error *e)
{
	bool taken[3] = {false, false, false};
	nifti_dmat33 r;
	size_t axis, to, best;

	if (find_rotation(affine, &r, e))
		return -1;
	for (axis = 0; axis < 3; axis++) {
		for (best = 0; taken[best]; best++)
			;
		for (to = best + 1; to < 3; to++)
			if (!taken[to] &&
			    fabs(r.m[to][axis]) > fabs(r.m[best][axis]))
				best = to;
		taken[best] = true;
		source[best] = axis;
		flipped[best] = r.m[best][axis] < 0;
	}
	return 0;
}

static void
turn_affine(struct volume *v, const size_t dim[3])
{
	struct affine old = v->affine;
	size_t i, j;
	double d;

	for (j = 0; j < 3; j++)
		for (i = 0; i < 3; i++) {
			d = old.m[i][v->axis[j]];
			v->affine.m[i][j] = v->flipped[j] ? -d : d;
			if (v->flipped[j])
				v->affine.m[i][3] += d *
				    (double)(dim[v->axis[j]] - 1);
		}
}

/* Copy the voxels of one row, so many bytes apart in the file. */
static void
copy_row(unsigned char *to, const unsigned char *from, size_t n,
    ptrdiff_t step, size_t bytes)
{
	for (; n > 0; n--, to += bytes, from += step)
		memcpy(to, from, bytes);
}

static int
turn_voxels(struct volume *v, const size_t dim[3], struct bsp_error *e)
{
	size_t stride[3] = {v->bytes, v->bytes * dim[0],
	    v->bytes * dim[0] * dim[1]}, i, y, z;
	unsigned char *turned, *to;
	const unsigned char *from, *start = v->raw;
	ptrdiff_t step[3];

	turned = malloc(volume_size(v) * v->bytes);
	if (turned == NULL)
		return bsp_error_system(e, ENOMEM, "%zu bytes of voxels",
		    volume_size(v) * v->bytes);
	for (i = 0; i < 3; i++) {
		step[i] = (ptrdiff_t)stride[v->axis[i]];
		if (v->flipped[i]) {
			start += (v->dim[i] - 1) * (size_t)step[i];
			step[i] = -step[i];
		}
	}
	for (to = turned, z = 0; z < v->dim[2]; z++)
		for (y = 0; y < v->dim[1]; y++) {
			from = start + (ptrdiff_t)z * step[2] +
			    (ptrdiff_t)y * step[1];
			copy_row(to, from, v->dim[0], step[0], v->bytes);
			to += v->dim[0] * v->bytes;
		}
	free(v->raw);
	v->raw = turned;
	return 0;
}

int
orientation_apply(struct volume *v, const size_t source[3],
    const bool flipped[3], struct bsp_error *e)
{
	size_t dim[3], i;
	bool same = true;

	memcpy(dim, v->dim, sizeof dim);
	for (i = 0; i < 3; i++) {
		v->axis[i] = source[i];
		v->flipped[i] = flipped[i];
		v->dim[i] = dim[source[i]];
		same = same && source[i] == i && !flipped[i];
	}
	turn_affine(v, dim);
	return same || v->raw == NULL ? 0 : turn_voxels(v, dim, e);
}
