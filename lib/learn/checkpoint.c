/*
 * Checkpoints: all that a training is taken up again from, in the tensors of a
 * file that is a model too.
 */
#include <string.h>

#include "../base/base.h"
#include "blindspot-learn.h"

/* ----------------------------------------------------------------- writing */

static int
put_best(struct bsp_tensors *tensors, const struct bsp_best *best,
    struct bsp_error *e)
{
	return bsp_tensors_copy(tensors, "best.", &best->tensors, e) ||
	    bsp_tensors_set_number(tensors, "best_ap", best->result.ap, e) ||
	    bsp_tensors_set_number(tensors, "best_error", best->result.error,
	    e) || bsp_tensors_set_number(tensors, "best_step",
	    (double)best->step, e) ? -1 : 0;
}

static int
put_facts(struct bsp_tensors *tensors, const struct bsp_fact *fact, size_t n,
    struct bsp_error *e)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (bsp_tensors_set_fact(tensors, fact[i].name, fact[i].text,
		    e))
			return -1;
	return 0;
}

int
bsp_checkpoint_save(const struct bsp_checkpoint *checkpoint,
    struct bsp_tensors *tensors, struct bsp_error *e)
{
	const struct bsp_tensors *own = bsp_model_tensors(checkpoint->model);

	return put_facts(tensors, own->fact, own->facts, e) ||
	    put_facts(tensors, checkpoint->setting, checkpoint->settings, e) ||
	    bsp_tensors_set_fact(tensors, "checkpoint", "1", e) ||
	    bsp_tensors_set_number(tensors, "losses_sum",
	    checkpoint->losses.sum, e) ||
	    bsp_tensors_set_number(tensors, "losses_count",
	    (double)checkpoint->losses.count, e) ||
	    bsp_trainer_save(checkpoint->trainer, tensors, e) ||
	    (checkpoint->best->any &&
	    put_best(tensors, checkpoint->best, e)) ? -1 : 0;
}

/* ----------------------------------------------------------------- reading */

/* What facts are whose names say little. */
static const char *
meaning(const char *fact)
{
	static const char *const known[][2] = {
		{"images_xxh3", "training images of fingerprint"},
		{"validation_xxh3", "validation images of fingerprint"},
		{"weight_decay", "weight-decay"},
	};
	size_t i;

	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(fact, known[i][0]) == 0)
			return known[i][1];
	return fact;
}

/* A fact of the checkpoint must be as this training has it. */
static int
must_share(const struct bsp_tensors *tensors, const struct bsp_fact *mine,
    struct bsp_error *e)
{
	const char *text = bsp_tensors_fact(tensors, mine->name);

	if (text != NULL && strcmp(text, mine->text) == 0)
		return 0;
	return bsp_error_set(e, BSP_DATA, "is a checkpoint with %s %.100s, "
	    "expected %.100s as in this training", meaning(mine->name),
	    text == NULL ? "unknown" : text, mine->text);
}

static int
must_be_checkpoint(const struct bsp_tensors *tensors, struct bsp_error *e)
{
	const char *text = bsp_tensors_fact(tensors, "checkpoint");

	if (text != NULL && strcmp(text, "1") == 0)
		return 0;
	return bsp_error_set(e, BSP_DATA, "is a model, expected a checkpoint");
}

/* Facts of the model itself that a checkpoint must share. */
static int
must_be_model(const struct bsp_tensors *tensors, struct bsp_model *model,
    struct bsp_error *e)
{
	static const char *const shared[] = {"architecture", "rows", "cols",
	    "latent", "channels", "width"};
	const struct bsp_tensors *own = bsp_model_tensors(model);
	size_t i, k;

	for (i = 0; i < own->facts; i++)
		for (k = 0; k < sizeof shared / sizeof shared[0]; k++)
			if (strcmp(own->fact[i].name, shared[k]) == 0 &&
			    must_share(tensors, &own->fact[i], e))
				return -1;
	return 0;
}

static int
get_number(const struct bsp_tensors *tensors, const char *name,
    double *value, struct bsp_error *e)
{
	const char *text = bsp_tensors_fact(tensors, name);

	if (text != NULL && bsp_number_parse(text, value, e) == 0 &&
	    *value >= 0 && *value <= 1e15)
		return 0;
	return bsp_error_set(e, BSP_DATA, "has a %s of '%.40s', expected a "
	    "number", name, text == NULL ? "" : text);
}

/* The best model, if there was one. */
static int
get_best(const struct bsp_tensors *tensors, struct bsp_model *model,
    struct bsp_best *best, struct bsp_error *e)
{
	struct bsp_validation_result result;
	double step;

	bsp_best_free(best);
	if (bsp_tensors_fact(tensors, "best_ap") == NULL)
		return 0;
	return get_number(tensors, "best_ap", &result.ap, e) ||
	    get_number(tensors, "best_error", &result.error, e) ||
	    get_number(tensors, "best_step", &step, e) ||
	    bsp_best_keep(best, model, &result, (uint64_t)step, e) ||
	    bsp_tensors_fill(&best->tensors, "best.", tensors, e) ? -1 : 0;
}

int
bsp_checkpoint_resume(struct bsp_checkpoint *checkpoint,
    const struct bsp_tensors *tensors, struct bsp_error *e)
{
	double count;
	size_t i;

	if (must_be_checkpoint(tensors, e) ||
	    must_be_model(tensors, checkpoint->model, e))
		return -1;
	for (i = 0; i < checkpoint->settings; i++)
		if (must_share(tensors, &checkpoint->setting[i], e))
			return -1;
	if (bsp_trainer_resume(checkpoint->trainer, tensors, e) ||
	    get_best(tensors, checkpoint->model, checkpoint->best, e) ||
	    get_number(tensors, "losses_sum", &checkpoint->losses.sum, e) ||
	    get_number(tensors, "losses_count", &count, e))
		return -1;
	checkpoint->losses.count = (uint64_t)count;
	return 0;
}
