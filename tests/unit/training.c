/*
 * Validation, the best model and checkpoints, of cases known beforehand.
 */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include <learn/blindspot-learn.h>
#include "tap.h"

#define SIDE 16
#define IMAGES 6

static struct bsp_error e;
static struct bsp_image image[IMAGES];

static bool
fails(int result, enum bsp_status status, const char *text)
{
	bool so = result == -1 && e.status == status &&
	    strstr(e.text, text) != NULL;

	if (!so)
		printf("# %d, status %d: %s\n", result, (int)e.status, e.text);
	return so;
}

/* Of one intensity each, .1 to .85. */
static void
make_images(void)
{
	size_t i, k;

	for (i = 0; i < IMAGES; i++) {
		bsp_image_resize(&image[i], SIDE, SIDE, &e);
		for (k = 0; k < SIDE * SIDE; k++)
			image[i].data[k] = .1f + .15f * (float)i;
	}
}

/*
 * The one component of such images is a constant.  They are reconstructed as
 * they are; one with a disk that covers the share f becomes constant, and is
 * off by d f outside the disk and by d (1 - f) in it: every pixel of the disk
 * scores higher than all others.
 */
static void
validation(void)
{
	struct bsp_model *model = bsp_model_fit_pca(image, IMAGES, 1, &e);
	struct bsp_image dark = {0}, three[3];
	struct bsp_validation v, again;
	struct bsp_validation_result r = {-1, -1};
	size_t i, k, changed = 0;
	bool same = true;

	ok(model != NULL && bsp_validation_start(&v, image, IMAGES, 3, &e) ==
	    0 && v.images == IMAGES, "a validation");
	for (i = 0; i < IMAGES; i++)
		for (k = 0; k < SIDE * SIDE; k++) {
			changed += v.label[i].data[k] != 0;
			same = same && (v.label[i].data[k] != 0 ||
			    v.anomalous[i].data[k] == image[i].data[k]);
		}
	/* A radius of 20 16/256 = 1.25 pixels: a centre and 4 neighbours. */
	ok(same && changed <= 5 * IMAGES && changed >= 3 * IMAGES,
	    "a small disk in each: %zu pixels", changed);
	ok(bsp_validation_run(&v, model, &r, &e) == 0 && r.ap == 1 &&
	    r.error < 1e-6, "all are found, and healthy images kept: %g %g",
	    r.ap, r.error);
	bsp_validation_start(&again, image, IMAGES, 3, &e);
	for (i = 0; i < IMAGES; i++)
		same = same && memcmp(v.anomalous[i].data,
		    again.anomalous[i].data, SIDE * SIDE * sizeof(float)) == 0;
	ok(same, "the same seed, the same disks");
	bsp_validation_free(&again);
	bsp_validation_free(&v);
	ok(v.images == 0 && v.anomalous == NULL, "it is empty");
	ok(fails(bsp_validation_run(&v, model, &r, &e), BSP_USAGE,
	    "no images"), "nothing to run");
	ok(fails(bsp_validation_start(&v, NULL, 3, 0, &e), BSP_USAGE,
	    "no images") && fails(bsp_validation_start(&v, image, 0, 0, &e),
	    BSP_USAGE, "no images"), "no images");
	bsp_image_resize(&dark, SIDE, SIDE, &e);
	memset(dark.data, 0, SIDE * SIDE * sizeof *dark.data);
	three[0] = image[0];
	three[1] = dark;
	three[2] = image[1];
	ok(fails(bsp_validation_start(&v, three, 3, 0, &e), BSP_DATA,
	    "without foreground") && e.image == 1 && v.anomalous == NULL,
	    "an image without foreground, by its number");
	bsp_image_resize(&dark, SIDE, SIDE / 2, &e);
	for (k = 0; k < SIDE * SIDE / 2; k++)
		dark.data[k] = 1;
	three[1] = dark;
	ok(bsp_validation_start(&v, three, 3, 0, &e) == 0 &&
	    fails(bsp_validation_run(&v, model, &r, &e), BSP_DATA,
	    "8 x 16, expected the 16 x 16") && e.image == 1,
	    "one that the model does not take");
	bsp_validation_free(&v);
	bsp_image_free(&dark);
	bsp_model_free(model);
}

static struct bsp_model *
make_model(size_t width, uint64_t seed)
{
	const struct bsp_kind *ae = bsp_kind_find(bsp_architectures, "ae");
	double params[BSP_PARAMS_MAX];

	bsp_kind_defaults(ae, params);
	params[bsp_kind_param_find(ae, "latent")] = 4;
	params[bsp_kind_param_find(ae, "width")] = (double)width;
	return bsp_model_new(ae, params, SIDE, SIDE, seed, &e);
}

static void
best(void)
{
	struct bsp_model *model = make_model(4, 0);
	float *weight = bsp_model_tensors(model)->tensor[0].data;
	struct bsp_validation_result half = {.5, .1}, more = {.75, .25},
	    none = {(double)NAN, 0};
	struct bsp_best b = {.any = false};
	const char *text;

	ok(fails(bsp_best_take(&b, model, &e), BSP_USAGE, "no model"),
	    "nothing was kept");
	weight[0] = 1;
	ok(bsp_best_keep(&b, model, &half, 10, &e) == 0 && b.any &&
	    b.step == 10, "the first is the best");
	weight[0] = 2;
	ok(bsp_best_keep(&b, model, &half, 20, &e) == 0 && b.step == 10 &&
	    b.tensors.tensor[0].data[0] == 1, "of equals the earlier");
	ok(bsp_best_keep(&b, model, &none, 25, &e) == 0 && b.step == 10,
	    "an undefined AP is no better");
	ok(bsp_best_keep(&b, model, &more, 30, &e) == 0 && b.step == 30 &&
	    b.result.ap == .75 && b.tensors.tensor[0].data[0] == 2,
	    "a greater one is");
	weight[0] = 3;
	ok(bsp_best_take(&b, model, &e) == 0 && weight[0] == 2,
	    "its weights are taken");
	text = bsp_tensors_fact(bsp_model_tensors(model), "validation_ap");
	ok(text != NULL && strcmp(text, "0.75") == 0, "and told");
	bsp_best_free(&b);
	ok(!b.any && b.tensors.count == 0, "it is empty");
	bsp_model_free(model);
}

/* A training of some images. */
static struct bsp_checkpoint
begin(size_t width, uint64_t seed, struct bsp_best *b,
    const struct bsp_fact *fact)
{
	struct bsp_training how = {.batch = 2, .lr = .01, .seed = 7};
	struct bsp_checkpoint c = {.model = make_model(width, seed),
	    .best = b, .setting = fact, .settings = 1};

	*b = (struct bsp_best){.any = false};
	c.trainer = bsp_trainer_new(c.model, &how, image, IMAGES, &e);
	return c;
}

static void
end(struct bsp_checkpoint *c)
{
	bsp_best_free(c->best);
	bsp_trainer_free(c->trainer);
	bsp_model_free(c->model);
}

static void
checkpoints(void)
{
	struct bsp_fact lr = {(char[]){"lr"}, (char[]){"0.01"}},
	    other = {(char[]){"lr"}, (char[]){"0.5"}},
	    more = {(char[]){"momentum"}, (char[]){"1"}};
	struct bsp_validation_result half = {.5, .125};
	struct bsp_tensors saved = {0};
	struct bsp_best b, b2;
	struct bsp_checkpoint c = begin(4, 0, &b, &lr), d;
	double first[2], second[2];

	bsp_trainer_step(c.trainer, first, &e);
	bsp_trainer_step(c.trainer, first, &e);
	bsp_best_keep(&b, c.model, &half, 1, &e);
	c.losses.sum = 2.5;
	c.losses.count = 2;
	ok(bsp_checkpoint_save(&c, &saved, &e) == 0 &&
	    strcmp(bsp_tensors_fact(&saved, "checkpoint"), "1") == 0 &&
	    strcmp(bsp_tensors_fact(&saved, "lr"), "0.01") == 0,
	    "a checkpoint with its settings");
	bsp_trainer_step(c.trainer, &first[0], &e);
	bsp_trainer_step(c.trainer, &first[1], &e);
	d = begin(4, 99, &b2, &lr);
	ok(bsp_checkpoint_resume(&d, &saved, &e) == 0 &&
	    bsp_trainer_steps(d.trainer) == 2 && d.losses.sum == 2.5 &&
	    d.losses.count == 2, "taken up after two steps");
	ok(b2.any && b2.result.ap == .5 && b2.result.error == .125 &&
	    b2.step == 1 && memcmp(b2.tensors.tensor[0].data,
	    b.tensors.tensor[0].data, b.tensors.tensor[0].size *
	    sizeof(float)) == 0, "with the best model");
	bsp_trainer_step(d.trainer, &second[0], &e);
	bsp_trainer_step(d.trainer, &second[1], &e);
	ok(first[0] == second[0] && first[1] == second[1],
	    "the next steps are those that would have come");
	d.setting = &other;
	ok(fails(bsp_checkpoint_resume(&d, &saved, &e), BSP_DATA,
	    "with lr 0.01, expected 0.5"), "another setting");
	d.setting = &more;
	ok(fails(bsp_checkpoint_resume(&d, &saved, &e), BSP_DATA,
	    "with momentum unknown, expected 1"), "one that is missing");
	d.setting = &lr;
	bsp_tensors_set_fact(&saved, "losses_count", "-1", &e);
	ok(fails(bsp_checkpoint_resume(&d, &saved, &e), BSP_DATA,
	    "losses_count of '-1'"), "a number that is none");
	bsp_tensors_set_fact(&saved, "best_step", "x", &e);
	ok(fails(bsp_checkpoint_resume(&d, &saved, &e), BSP_DATA,
	    "best_step of 'x'"), "another");
	bsp_tensors_set_fact(&saved, "checkpoint", "2", &e);
	ok(fails(bsp_checkpoint_resume(&d, &saved, &e), BSP_DATA,
	    "expected a checkpoint"), "another version");
	ok(fails(bsp_checkpoint_resume(&d, bsp_model_tensors(d.model), &e),
	    BSP_DATA, "is a model, expected a checkpoint"), "a model");
	end(&d);
	bsp_tensors_set_fact(&saved, "checkpoint", "1", &e);
	d = begin(8, 0, &b2, &lr);
	ok(fails(bsp_checkpoint_resume(&d, &saved, &e), BSP_DATA,
	    "with width 4, expected 8"), "another model");
	end(&d);
	end(&c);
	bsp_tensors_free(&saved);
}

int
main(void)
{
	size_t i;

	omp_set_num_threads(1);
	make_images();
	validation();
	best();
	checkpoints();
	for (i = 0; i < IMAGES; i++)
		bsp_image_free(&image[i]);
	return done();
}
