/*
 * NIfTI volumes: what is accepted has voxels of finite values, each at its own
 * place, and the same whether its axes are turned or not; samples are finite
 * and background is 0.
 */
#include "../../tools/nifti/intensity.h"
#include "../../tools/nifti/labels.h"
#include "stream.h"

static int
read_as(const uint8_t *data, size_t size, const struct volume_how *how,
    struct volume *volume, struct bsp_error *e)
{
	*e = (struct bsp_error){.status = BSP_OK};
	return volume_read(volume, how, memory_file(data, size), "fuzz.nii",
	    e);
}

/* Turned and as stored, the voxels are the same ones. */
static double
value_of(const struct volume *volume, size_t i)
{
	double value;

	volume_values(volume, i, 1, 1, &value);
	return value;
}

static void
must_be_turned(const struct volume *turned, const struct volume *stored)
{
	size_t i, at[3];
	double a, b;

	must(volume_size(turned) == volume_size(stored));
	for (i = 0; i < volume_size(turned); i++) {
		volume_where(turned, i, at);
		must(at[0] < stored->dim[0] && at[1] < stored->dim[1] &&
		    at[2] < stored->dim[2]);
		a = value_of(turned, i);
		b = value_of(stored, at[0] + stored->dim[0] * (at[1] +
		    stored->dim[1] * at[2]));
		must(a == b || (isnan(a) && isnan(b)));
	}
}

static void
must_scale(const struct volume *volume, enum normalize how)
{
	struct normalization n = {how, 5, 95, false};
	struct intensity intensity;
	struct bsp_error e = {0};
	size_t i;
	float x;

	if (intensity_find(&intensity, volume, NULL, &n, &e) != 0) {
		must(e.status == BSP_DATA && e.text[0] != '\0');
		return;
	}
	for (i = 0; i < volume_size(volume); i++) {
		intensity_samples(&intensity, i, 1, 1, &x);
		must(how == NONE || (x >= 0 && x <= 1));
		if (intensity.zero_is_background &&
		    value_of(volume, i) == 0)
			must(x == 0);
		else if (how == MINMAX && intensity.zero_is_background &&
		    !isnan(value_of(volume, i)))
			must(x > 0);
	}
}

static void
must_label(const struct volume *volume)
{
	double *label = malloc(volume_size(volume) * sizeof *label);
	struct labels_how how = {(double)NAN};
	struct bsp_error e = {0};
	size_t i;

	must(label != NULL);
	if (labels_of(volume, &how, label, &e) == 0)
		for (i = 0; i < volume_size(volume); i++)
			must(rint(label[i]) == label[i]);
	else
		must(e.status == BSP_DATA && e.text[0] != '\0');
	free(label);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct volume_how stored = {.as_stored = true, .allows_nan = true};
	struct volume_how turned = {.allows_nan = true};
	struct volume a, b, again;
	struct bsp_error e, other;
	int r, s;

	r = read_as(data, size, &stored, &a, &e);
	must(r == 0 || (e.status == BSP_DATA && e.text[0] != '\0'));
	choose_piece(data, size);
	s = read_as(data, size, &stored, &again, &other);
	piece = 0;
	must(r == s && (r == 0 || e.status == other.status));
	/* How far inflate gets in damaged input depends on how it comes. */
	must(r == 0 || (size > 0 && data[0] == 0x1F) ||
	    strcmp(e.text, other.text) == 0);
	fuzz_taken = r;
	if (r != 0)
		return 0;
	must(memcmp(a.raw, again.raw, volume_size(&a) * a.bytes) == 0);
	if (read_as(data, size, &turned, &b, &e) == 0) {
		must_be_turned(&b, &a);
		volume_free(&b);
	} else {
		must(e.status == BSP_DATA && e.text[0] != '\0');
	}
	must_scale(&a, MINMAX);
	must_scale(&a, NONE);
	must_scale(&a, PERCENTILE);
	must_label(&a);
	volume_free(&a);
	volume_free(&again);
	return 0;
}

const enum fuzz_cut fuzz_cut = FUZZ_NOWHERE;
