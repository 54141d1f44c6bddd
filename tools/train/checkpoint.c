/*
 * Checkpoints: see checkpoint.h.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint.h"

void
checkpoint_fact(struct bsp_tensors *tensors, const char *name,
    const char *text)
{
	struct bsp_error e = {0};

	if (bsp_tensors_set_fact(tensors, name, text, &e))
		cli_die(&e);
}

void
checkpoint_number(struct bsp_tensors *tensors, const char *name,
    double value)
{
	char text[BSP_NUMBER_SIZE];

	checkpoint_fact(tensors, name, bsp_number_format(text, value));
}

void
best_keep(struct best *best, struct bsp_model *model, double ap,
    double error, uint64_t step)
{
	struct bsp_error e = {0};

	bsp_tensors_free(&best->tensors);
	if (bsp_tensors_copy(&best->tensors, "", bsp_model_tensors(model),
	    &e))
		cli_die(&e);
	best->any = true;
	best->ap = ap;
	best->error = error;
	best->step = step;
}

/* ----------------------------------------------------------------- writing */

static void
put_best(struct bsp_tensors *tensors, const struct best *best)
{
	struct bsp_error e = {0};

	if (bsp_tensors_copy(tensors, "best.", &best->tensors, &e))
		cli_die(&e);
	checkpoint_number(tensors, "best_ap", best->ap);
	checkpoint_number(tensors, "best_error", best->error);
	checkpoint_number(tensors, "best_step", (double)best->step);
}

void
checkpoint_write(const char *path, struct bsp_model *model,
    const struct bsp_trainer *trainer, const struct best *best,
    const struct losses *losses, const struct bsp_fact *settings,
    size_t count)
{
	const struct bsp_tensors *own = bsp_model_tensors(model);
	struct bsp_tensors tensors = {0};
	struct bsp_error e = {0};
	size_t i;

	for (i = 0; i < own->facts; i++)
		checkpoint_fact(&tensors, own->fact[i].name,
		    own->fact[i].text);
	for (i = 0; i < count; i++)
		checkpoint_fact(&tensors, settings[i].name, settings[i].text);
	checkpoint_fact(&tensors, "checkpoint", "1");
	checkpoint_number(&tensors, "losses_sum", losses->sum);
	checkpoint_number(&tensors, "losses_count", (double)losses->count);
	if (bsp_trainer_save(trainer, &tensors, &e))
		cli_die(&e);
	if (best->any)
		put_best(&tensors, best);
	learned_write(path, &tensors);
	bsp_tensors_free(&tensors);
}

/* ----------------------------------------------------------------- reading */

static _Noreturn void
die_bad(const char *path, struct bsp_error *e)
{
	e->stream = path;
	e->image = e->byte = -1;
	cli_die(e);
}

/* What facts are whose names say little. */
static const char *
meaning(const char *fact)
{
	static const char *const known[][2] = {
		{"images_xxh3", "training images of fingerprint"},
		{"validation_xxh3", "--validate images of fingerprint"},
		{"weight_decay", "weight-decay"},
	};
	size_t i;

	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(fact, known[i][0]) == 0)
			return known[i][1];
	return fact;
}

/* A fact of the checkpoint must be as this training has it. */
static void
must_share(const char *path, const struct bsp_tensors *tensors,
    const struct bsp_fact *mine)
{
	const char *text = bsp_tensors_fact(tensors, mine->name);
	struct bsp_error e;

	if (text != NULL && strcmp(text, mine->text) == 0)
		return;
	bsp_error_set(&e, BSP_DATA, "is a checkpoint with %s %.100s, expected "
	    "%.100s as in this training", meaning(mine->name),
	    text == NULL ? "unknown" : text, mine->text);
	die_bad(path, &e);
}

static void
must_be_checkpoint(const char *path, const struct bsp_tensors *tensors)
{
	const char *text = bsp_tensors_fact(tensors, "checkpoint");
	struct bsp_error e;

	if (text != NULL && strcmp(text, "1") == 0)
		return;
	bsp_error_set(&e, BSP_DATA, "is a model, expected a checkpoint, as "
	    "--checkpoint writes them");
	die_bad(path, &e);
}

static double
get_number(const char *path, const struct bsp_tensors *tensors,
    const char *name)
{
	const char *text = bsp_tensors_fact(tensors, name);
	struct bsp_error e;
	double value;

	if (text == NULL || bsp_number_parse(text, &value, &e) || value < 0 ||
	    value > 1e15) {
		bsp_error_set(&e, BSP_DATA, "has a %s of '%.40s', expected a "
		    "number", name, text == NULL ? "" : text);
		die_bad(path, &e);
	}
	return value;
}

static void
get_best(const char *path, const struct bsp_tensors *tensors,
    struct bsp_model *model, struct best *best)
{
	struct bsp_error e = {0};

	if (bsp_tensors_fact(tensors, "best_ap") == NULL)
		return;
	best_keep(best, model, get_number(path, tensors, "best_ap"),
	    get_number(path, tensors, "best_error"),
	    (uint64_t)get_number(path, tensors, "best_step"));
	if (bsp_tensors_fill(&best->tensors, "best.", tensors, &e))
		die_bad(path, &e);
}

/* Facts of the model itself that a checkpoint must share. */
static const char *const shared[] = {"architecture", "rows", "cols",
    "latent", "channels", "width"};

void
checkpoint_resume(const char *path, struct bsp_model *model,
    struct bsp_trainer *trainer, struct best *best, struct losses *losses,
    const struct bsp_fact *settings, size_t count)
{
	const struct bsp_tensors *own = bsp_model_tensors(model);
	struct bsp_fact fact = {NULL, NULL};
	struct bsp_tensors tensors;
	struct bsp_error e = {0};
	size_t i, k;

	learned_read(path, &tensors);
	must_be_checkpoint(path, &tensors);
	for (i = 0; i < own->facts; i++)
		for (k = 0; k < sizeof shared / sizeof shared[0]; k++)
			if (strcmp(own->fact[i].name, shared[k]) == 0) {
				fact = own->fact[i];
				must_share(path, &tensors, &fact);
			}
	for (i = 0; i < count; i++)
		must_share(path, &tensors, &settings[i]);
	if (bsp_trainer_resume(trainer, &tensors, &e))
		die_bad(path, &e);
	get_best(path, &tensors, model, best);
	losses->sum = get_number(path, &tensors, "losses_sum");
	losses->count = (uint64_t)get_number(path, &tensors, "losses_count");
	bsp_tensors_free(&tensors);
}
