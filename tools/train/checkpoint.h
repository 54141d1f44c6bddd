/*
 * Checkpoints: all that a training is taken up again from, in a tensor file
 * that is a model too.
 */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include "../cli/model-file.h"

/* The best model so far, by validation. */
struct best {
	bool any;
	double ap, error;
	uint64_t step;
	struct bsp_tensors tensors; /* its weights */
};

/* The losses of the steps since the log's last row. */
struct losses {
	double sum;
	uint64_t count;
};

/* Write one, or die; settings are facts that a later training must share. */
void checkpoint_write(const char *path, struct bsp_model *model,
    const struct bsp_trainer *trainer, const struct best *best,
    const struct losses *losses, const struct bsp_fact *settings,
    size_t count);

/*
 * Take up training from one, or die: of what is no checkpoint, or is of another
 * model or of other settings.
 */
void checkpoint_resume(const char *path, struct bsp_model *model,
    struct bsp_trainer *trainer, struct best *best, struct losses *losses,
    const struct bsp_fact *settings, size_t count);

/* Set a fact of tensors, or die. */
void checkpoint_fact(struct bsp_tensors *tensors, const char *name,
    const char *text);
void checkpoint_number(struct bsp_tensors *tensors, const char *name,
    double value);

/* Keep a model as the best, or die. */
void best_keep(struct best *best, struct bsp_model *model, double ap,
    double error, uint64_t step);

#endif
