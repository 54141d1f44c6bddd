/*
 * Kinds that a program of one's own calls without what they work with: a job
 * that lacks it is an error, not a crash or a map of NaN.
 */
#include <string.h>

#include "../../lib/blindspot.h"
#include "tap.h"

static float sample[6] = {0, .25f, .5f, .75f, 1, .125f};
static const struct bsp_image image = {.data = sample, .rows = 2, .cols = 3};

/* A residual of so many reconstructions fails so; NULL: it does not. */
static void
residual(const char *name, size_t recons, const char *text)
{
	const struct bsp_kind *kind = bsp_kind_find(bsp_residual_kinds, name);
	const struct bsp_image recon[3] = {image, image, image};
	struct bsp_residual_job job = {.input = &image, .recon = recon,
	    .recons = recons};
	double params[BSP_PARAMS_MAX];
	struct bsp_image map = {0};
	struct bsp_error e = {0};
	int result;

	bsp_kind_defaults(kind, params);
	result = bsp_residual_map(kind, &job, params, &map, &e);
	if (text == NULL)
		ok(result == 0, "%s of %zu reconstructions", name, recons);
	else
		ok(result == -1 && e.status == BSP_USAGE &&
		    strstr(e.text, text) != NULL,
		    "%s of %zu reconstructions: %s", name, recons, e.text);
	bsp_image_free(&map);
}

static void
inpaint(const struct bsp_image *mask, bool passes)
{
	const struct bsp_kind *kind = bsp_kind_find(bsp_degrade_kinds,
	    "inpaint");
	struct bsp_degrade_job job = {.mask = mask};
	double params[BSP_PARAMS_MAX];
	struct bsp_image out = {0};
	struct bsp_error e = {0};
	int result;

	bsp_kind_defaults(kind, params);
	result = kind->apply.degrade(&job, params, &image, &out, &e);
	ok(passes ? result == 0 : result == -1 && e.status == BSP_USAGE &&
	    strstr(e.text, "no mask") != NULL, "inpaint %s a mask",
	    passes ? "with" : "without");
	bsp_image_free(&out);
}

int
main(void)
{
	static const char *const kinds[] = {"mahalanobis",
	    "mahalanobis-diagonal"};
	size_t i;

	for (i = 0; i < 2; i++) {
		residual(kinds[i], 0, "expected two or more");
		residual(kinds[i], 1, "expected two or more");
		residual(kinds[i], 2, NULL);
		residual(kinds[i], 3, NULL);
	}
	residual("zscore", 0, "no model");
	inpaint(NULL, false);
	inpaint(&image, true);
	return done();
}
