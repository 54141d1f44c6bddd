/*
 * Training: which images make a batch, a step, and all that a training can be
 * taken up again from.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn.h"

struct bsp_trainer {
	struct bsp_model *model;
	struct bsp_training training;
	const struct bsp_image *images;
	size_t n;
	struct bsp_network *net;
	struct bsp_tensors first, second; /* moments, in the plan's order */
	uint64_t step;  /* that were done */
	size_t *order;  /* [n] of this epoch */
	uint64_t epoch; /* UINT64_MAX: none yet */
};

/* ------------------------------------------------------------------ making */

/* Zeros of the model's shapes, under its names with something before them. */
static int
make_moments(struct bsp_tensors *moments, const struct bsp_model *model,
    const char *before, struct bsp_error *e)
{
	const struct learn_spec *spec = model->plan->spec;
	char name[LEARN_NAME + 24];
	size_t i;

	for (i = 0; i < model->plan->specs; i++) {
		snprintf(name, sizeof name, "%s.%s", before, spec[i].name);
		/* What is not trained has none, but a place. */
		if (bsp_tensors_add(moments, name, spec[i].trained ?
		    spec[i].rank : 0, spec[i].shape, e) == NULL)
			return -1;
	}
	return 0;
}

struct bsp_trainer *
bsp_trainer_new(struct bsp_model *model, const struct bsp_training *training,
    const struct bsp_image *images, size_t n, struct bsp_error *e)
{
	struct bsp_trainer *t = calloc(1, sizeof *t);

	if (t == NULL || n == 0 || n > SIZE_MAX / sizeof *t->order ||
	    (t->order = malloc(n * sizeof *t->order)) == NULL) {
		if (t != NULL && n == 0)
			bsp_error_set(e, BSP_DATA, "no images to train on, "
			    "expected at least one");
		else
			bsp_error_system(e, ENOMEM, "a trainer");
		free(t);
		return NULL;
	}
	t->model = model;
	t->training = *training;
	t->images = images;
	t->n = n;
	t->epoch = UINT64_MAX;
	if (make_moments(&t->first, model, "first", e) ||
	    make_moments(&t->second, model, "second", e) ||
	    (t->net = learn_network_new(model->plan, &model->tensors,
	    training->batch, true, false, e)) == NULL) {
		bsp_trainer_free(t);
		return NULL;
	}
	return t;
}

void
bsp_trainer_free(struct bsp_trainer *t)
{
	if (t == NULL)
		return;
	learn_network_free(t->net);
	bsp_tensors_free(&t->first);
	bsp_tensors_free(&t->second);
	free(t->order);
	free(t);
}

/* ---------------------------------------------------------------- stepping */

/* Fisher and Yates's permutation, an epoch's own. */
static void
shuffle(struct bsp_trainer *t, uint64_t epoch)
{
	struct bsp_random random;
	size_t i, j, other;

	bsp_random_start(&random, t->training.seed, BSP_DRAW_BATCH, 0, epoch);
	for (i = 0; i < t->n; i++)
		t->order[i] = i;
	for (i = t->n - 1; i > 0; i--) {
		j = (size_t)bsp_random_below(&random, i + 1);
		other = t->order[i];
		t->order[i] = t->order[j];
		t->order[j] = other;
	}
	t->epoch = epoch;
}

static void
gather(struct bsp_trainer *t)
{
	uint64_t at = t->step * t->training.batch;
	float *input = learn_network_input(t->net);
	size_t i, pixels = t->model->plan->rows * t->model->plan->cols;

	for (i = 0; i < t->training.batch; i++, at++) {
		if (at / t->n != t->epoch)
			shuffle(t, at / t->n);
		memcpy(input + i * pixels,
		    t->images[t->order[at % t->n]].data,
		    pixels * sizeof *input);
	}
}

static void
descend(struct bsp_trainer *t)
{
	struct learn_adamw adamw = {.lr = t->training.lr,
	    .weight_decay = t->training.weight_decay, .step = t->step + 1};
	struct learn_weight *weight = t->net->weight;
	size_t i;

	for (i = 0; i < t->model->plan->specs; i++, weight++)
		if (weight->trained)
			learn_adamw_step(&adamw, weight->tensor->data,
			    weight->gradient, t->first.tensor[i].data,
			    t->second.tensor[i].data, weight->tensor->size);
	bsp_model_changed(t->model);
}

int
bsp_trainer_step(struct bsp_trainer *t, double *loss, struct bsp_error *e)
{
	size_t n = t->training.batch * t->model->plan->rows *
	    t->model->plan->cols;

	gather(t);
	if (learn_network_forward(t->net, t->model->version, e))
		return -1;
	*loss = learn_l1(learn_network_output(t->net),
	    learn_network_input(t->net),
	    learn_network_output_gradient(t->net), n) +
	    LEARN_COMMITMENT * t->net->latent_loss;
	if (!isfinite(*loss))
		return bsp_error_set(e, BSP_DATA, "step %llu: the loss is "
		    "not finite; try a lower learning rate, and samples "
		    "between 0 and 1", (unsigned long long)t->step + 1);
	if (learn_network_backward(t->net, e))
		return -1;
	descend(t);
	t->step++;
	return 0;
}

uint64_t
bsp_trainer_steps(const struct bsp_trainer *t)
{
	return t->step;
}

/* ---------------------------------------------------------- taking up again */

int
bsp_trainer_save(const struct bsp_trainer *t, struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	char text[BSP_NUMBER_SIZE];

	snprintf(text, sizeof text, "%llu", (unsigned long long)t->step);
	if (bsp_tensors_copy(tensors, "", &t->model->tensors, e) ||
	    bsp_tensors_copy(tensors, "", &t->first, e) ||
	    bsp_tensors_copy(tensors, "", &t->second, e))
		return -1;
	return bsp_tensors_set_fact(tensors, "step", text, e);
}

int
bsp_trainer_resume(struct bsp_trainer *t, const struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	const char *text = bsp_tensors_fact(tensors, "step");
	struct bsp_error other;

	if (text == NULL || bsp_count_parse(text, &t->step, &other) ||
	    t->step > UINT64_MAX / 2 / t->training.batch)
		return bsp_error_set(e, BSP_DATA, "has no number of steps "
		    "done, expected a checkpoint");
	if (bsp_tensors_fill(&t->model->tensors, "", tensors, e) ||
	    bsp_tensors_fill(&t->first, "", tensors, e) ||
	    bsp_tensors_fill(&t->second, "", tensors, e))
		return -1;
	bsp_model_changed(t->model);
	return 0;
}
