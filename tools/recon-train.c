/*
 * recon-train: fit a learned reconstruction to healthy images.
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/model-file.h"
#include "cli/progress.h"
#include "train/gallery.h"
#include "train/trainlog.h"

static uint64_t seed, threads, validate_every = 100, checkpoint_every = 1000;
static const char *validate_path, *log_path, *checkpoint_path, *resume_path;
static const char *output_path;

static const struct cli_option options[] = {
	{"output", "MODEL", "write the model there (safetensors)", CLI_TEXT,
	    &output_path, 0, 0},
	{"seed", "N", "seed of weights, order and validation (default 0)",
	    CLI_COUNT, &seed, 0, UINT64_MAX},
	{"validate", "STREAM", "healthy images to choose the best model by",
	    CLI_INPUT, &validate_path, 0, 0},
	{"validate-every", "N", "steps from one validation, and row of the "
	    "log, to the next (default 100)", CLI_COUNT, &validate_every, 1,
	    1000000000},
	{"log", "FILE", "write a table of loss and validation there",
	    CLI_TEXT, &log_path, 0, 0},
	{"checkpoint", "FILE", "keep there what --resume goes on from",
	    CLI_TEXT, &checkpoint_path, 0, 0},
	{"checkpoint-every", "N", "steps from one checkpoint to the next "
	    "(default 1000)", CLI_COUNT, &checkpoint_every, 1, 1000000000},
	{"resume", "FILE", "go on from a checkpoint", CLI_INPUT,
	    &resume_path, 0, 0},
	TABLE_DIGITS_OPTION,
	CLI_EXPECT_OPTION,
	LEARNED_THREADS_OPTION(threads),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "recon-train",
	.summary = "Fit a learned reconstruction to healthy images.",
	.operands = "[TRAIN]...",
	.kinds = bsp_architectures,
	.options = options,
	.most = SIZE_MAX,
	.output = CLI_TABLE,
	.examples = {
		"recon-train pca --latent 1 --output pca.safetensors "
		    "healthy.pfm",
		"brain-phantom --count 8 --size 16 | recon-train ae --latent 4 "
		    "--width 8 --steps 4 --batch 4 --output ae.safetensors",
	},
};

#define SETTINGS 6

/* One training of a network. */
struct training {
	const struct cli_command *command;
	uint64_t steps;
	struct bsp_training how;
	struct gallery images, healthy; /* to train on, and to validate on */
	struct bsp_validation validation;
	struct bsp_model *model;
	struct bsp_trainer *trainer;
	struct bsp_best best;
	struct bsp_fact settings[SETTINGS]; /* what a checkpoint must share */
	char text[SETTINGS][BSP_NUMBER_SIZE];
	struct table log;
	struct bsp_checkpoint checkpoint;   /* of all of them */
};

/* The signal that asks to stop, 0 for none yet. */
static volatile sig_atomic_t stopped;

static void (*at_once)(int number);

/* The first ends the training in order, a second at once, as it would have. */
static void
stop(int number)
{
	if (stopped == 0)
		stopped = number;
	else if (at_once != NULL)
		at_once(number);
}

static void
catch_signals(void)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
	struct sigaction action = {.sa_handler = stop}, old;
	size_t i;

	for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		sigaction(numbers[i], NULL, &old);
		if (old.sa_handler == SIG_IGN) /* as under nohup */
			continue;
		if (old.sa_handler != SIG_DFL)
			at_once = old.sa_handler;
		sigaction(numbers[i], &action, NULL);
	}
}

static double
param(const struct cli_command *command, const char *name)
{
	return command->params[bsp_kind_param_find(command->kind, name)];
}

/* ------------------------------------------------------------------- facts */

static void
set_fact(struct bsp_model *model, const char *name, const char *text)
{
	struct bsp_error e = {0};

	if (bsp_tensors_set_fact(bsp_model_tensors(model), name, text, &e))
		cli_die(&e);
}

static void
set_number(struct bsp_model *model, const char *name, double value)
{
	char text[BSP_NUMBER_SIZE];

	set_fact(model, name, bsp_number_format(text, value));
}

/* What made the model, into its file. */
static void
describe(struct bsp_model *model, const struct gallery *images)
{
	static const char *const changes_nothing[] = {"digits", "expect",
	    "log", "threads", NULL};

	set_fact(model, "command", cli_command_line(changes_nothing));
	set_number(model, "images", (double)images->count);
	set_fact(model, "images_xxh3", images->fingerprint);
}

static void
add_setting(struct training *t, size_t i, const char *name, const char *text)
{
	t->settings[i].name = (char *)(uintptr_t)name;
	snprintf(t->text[i], sizeof t->text[i], "%s", text);
	t->settings[i].text = t->text[i];
	set_fact(t->model, name, text);
}

static void
make_settings(struct training *t)
{
	char text[BSP_NUMBER_SIZE];

	add_setting(t, 0, "batch", bsp_number_format(text,
	    (double)t->how.batch));
	add_setting(t, 1, "lr", bsp_number_format(text, t->how.lr));
	add_setting(t, 2, "weight_decay", bsp_number_format(text,
	    t->how.weight_decay));
	add_setting(t, 3, "seed", table_digits(text, seed));
	add_setting(t, 4, "images_xxh3", t->images.fingerprint);
	add_setting(t, 5, "validation_xxh3", validate_path == NULL ? "none" :
	    t->healthy.fingerprint);
}

/* --------------------------------------------------------------- a network */

static void
open_log(struct training *t)
{
	struct table_fact facts[] = {
		{"images", t->images.fingerprint},
		{"validation", t->settings[5].text},
		{NULL, NULL},
	};

	if (log_path != NULL)
		trainlog_begin(&t->log, log_path, facts,
		    bsp_trainer_steps(t->trainer));
}

/* An error of an image of a stream. */
static _Noreturn void
die_of(const struct gallery *images, struct bsp_error *e)
{
	if (e->image >= 0)
		e->stream = images->first;
	cli_die(e);
}

static void
start_model(struct training *t)
{
	const struct cli_command *command = t->command;
	const struct bsp_image *first = t->images.image;
	struct bsp_error e = {0};

	t->model = bsp_model_new(command->kind, command->params, first->rows,
	    first->cols, seed, &e);
	if (t->model != NULL)
		return;
	if (e.status == BSP_USAGE)
		cli_usage("--%s", e.text);
	e.stream = e.status == BSP_DATA ? t->images.first : NULL;
	e.image = 0;
	cli_die(&e);
}

static void
start_validation(struct training *t)
{
	struct bsp_error e = {0};

	if (validate_path == NULL)
		return;
	gallery_read(&t->healthy, &validate_path, 1);
	if (bsp_validation_start(&t->validation, t->healthy.image,
	    t->healthy.count, seed, &e))
		die_of(&t->healthy, &e);
}

/* Go on from a checkpoint. */
static void
resume(struct training *t)
{
	struct bsp_tensors tensors;
	struct bsp_error e = {0};

	learned_read(resume_path, &tensors);
	if (bsp_checkpoint_resume(&t->checkpoint, &tensors, &e)) {
		e.stream = resume_path;
		e.image = e.byte = -1;
		cli_die(&e);
	}
	bsp_tensors_free(&tensors);
	if (bsp_trainer_steps(t->trainer) > t->steps)
		cli_usage("--steps: %llu, but %s has done %llu",
		    (unsigned long long)t->steps, resume_path,
		    (unsigned long long)bsp_trainer_steps(t->trainer));
}

static void
start(struct training *t)
{
	const struct cli_command *command = t->command;
	struct bsp_error e = {0};

	t->steps = (uint64_t)param(command, "steps");
	t->how = (struct bsp_training){.seed = seed,
	    .batch = (size_t)param(command, "batch"),
	    .lr = param(command, "lr"),
	    .weight_decay = param(command, "weight-decay")};
	start_model(t);
	start_validation(t);
	describe(t->model, &t->images);
	make_settings(t);
	t->trainer = bsp_trainer_new(t->model, &t->how, t->images.image,
	    t->images.count, &e);
	if (t->trainer == NULL)
		cli_die(&e);
	t->checkpoint = (struct bsp_checkpoint){.model = t->model,
	    .trainer = t->trainer, .best = &t->best,
	    .setting = t->settings, .settings = SETTINGS};
	if (resume_path != NULL)
		resume(t);
}

/* A row of the log, and the choice of the best model. */
static void
report(struct training *t)
{
	struct bsp_validation_result result = {(double)NAN, (double)NAN};
	uint64_t step = bsp_trainer_steps(t->trainer);
	struct bsp_checkpoint *c = &t->checkpoint;
	struct bsp_error e = {0};

	if (validate_path != NULL && (bsp_validation_run(&t->validation,
	    t->model, &result, &e) || bsp_best_keep(&t->best, t->model,
	    &result, step, &e)))
		die_of(&t->healthy, &e);
	if (log_path != NULL)
		trainlog_add(&t->log, step, c->losses.sum /
		    (double)c->losses.count, result.ap, result.error);
	c->losses.sum = 0;
	c->losses.count = 0;
}

static void
save(struct training *t)
{
	struct bsp_tensors tensors = {0};
	struct bsp_error e = {0};

	if (checkpoint_path == NULL)
		return;
	if (bsp_checkpoint_save(&t->checkpoint, &tensors, &e))
		cli_die(&e);
	learned_write(checkpoint_path, &tensors);
	bsp_tensors_free(&tensors);
}

/* End by a signal, once what was done is safe. */
static _Noreturn void
interrupted(struct training *t)
{
	char then[4096] = "without --checkpoint nothing is kept";
	struct bsp_error e = {0};

	save(t);
	if (checkpoint_path != NULL)
		snprintf(then, sizeof then, "--resume %.4000s goes on from "
		    "there", checkpoint_path);
	bsp_error_set(&e, (enum bsp_status)(128 + stopped), "interrupted "
	    "after step %llu of %llu; %s",
	    (unsigned long long)bsp_trainer_steps(t->trainer),
	    (unsigned long long)t->steps, then);
	cli_die(&e);
}

static void
show(struct progress *progress, const struct training *t, uint64_t begun,
    double loss)
{
	char note[64];
	uint64_t step = bsp_trainer_steps(t->trainer);

	snprintf(note, sizeof note, "loss %.4g", loss);
	progress->note = note;
	progress_show(progress, (step - begun) * t->how.batch,
	    (t->steps - begun) * t->how.batch);
	progress->note = NULL;
}

static void
train(struct training *t)
{
	uint64_t step = bsp_trainer_steps(t->trainer), begun = step;
	struct progress progress;
	struct bsp_error e = {0};
	double loss;

	progress_begin(&progress, "images");
	while (step < t->steps) {
		if (bsp_trainer_step(t->trainer, &loss, &e)) {
			progress_end(&progress);
			cli_die(&e);
		}
		step++;
		t->checkpoint.losses.sum += loss;
		t->checkpoint.losses.count++;
		show(&progress, t, begun, loss);
		if (step % validate_every == 0)
			report(t);
		if (step % checkpoint_every == 0 && step < t->steps)
			save(t);
		if (stopped != 0) {
			progress_end(&progress);
			interrupted(t);
		}
	}
	progress_end(&progress);
	/* Before a last validation, which longer training would not have. */
	save(t);
	if (t->checkpoint.losses.count > 0 || (validate_path != NULL && !t->best.any))
		report(t);
}

/* The best model where there was a choice, else the last. */
static void
write_network(struct training *t)
{
	struct bsp_error e = {0};

	if (t->best.any && bsp_best_take(&t->best, t->model, &e))
		cli_die(&e);
	set_number(t->model, "step", (double)(t->best.any ?
	    t->best.step : bsp_trainer_steps(t->trainer)));
	learned_write(output_path, bsp_model_tensors(t->model));
	if (t->best.any && t->best.step != t->steps)
		cli_note("%s: the model of step %llu of %llu, where "
		    "validation AP was greatest, %.4g", output_path,
		    (unsigned long long)t->best.step,
		    (unsigned long long)t->steps, t->best.result.ap);
}

static void
train_network(const struct cli_command *command, struct gallery *images)
{
	struct training t = {.command = command, .images = *images};

	start(&t);
	catch_signals();
	open_log(&t);
	train(&t);
	write_network(&t);
	bsp_best_free(&t.best);
	bsp_validation_free(&t.validation);
	gallery_free(&t.healthy);
	bsp_trainer_free(t.trainer);
	bsp_model_free(t.model);
}

/* ------------------------------------------------------------ closed form */

static void
fit_pca(const struct cli_command *command, const struct gallery *images)
{
	struct bsp_error e = {0};
	struct bsp_model *model = bsp_model_fit_pca(images->image,
	    images->count, (size_t)param(command, "latent"), &e);

	if (model == NULL) {
		e.stream = e.status == BSP_DATA ? images->first : NULL;
		cli_die(&e);
	}
	describe(model, images);
	learned_write(output_path, bsp_model_tensors(model));
	bsp_model_free(model);
}

static void
check_request(const struct cli_command *command, bool closed_form)
{
	const struct {const char *name, *value;} refused[] = {
		{"validate", validate_path}, {"log", log_path},
		{"checkpoint", checkpoint_path}, {"resume", resume_path},
	};
	size_t i;

	if (output_path == NULL)
		cli_usage("--output: missing, expected the name of the model "
		    "file");
	for (i = 0; closed_form && i < 4; i++)
		if (refused[i].value != NULL)
			cli_usage("--%s: %s has no steps", refused[i].name,
			    command->kind->name);
	cli_place(output_path);
	cli_check_whole(output_path);
	if (checkpoint_path != NULL) {
		/* The one that it goes on from may be replaced. */
		if (resume_path != NULL &&
		    strcmp(resume_path, checkpoint_path) == 0)
			cli_apart(checkpoint_path);
		else
			cli_place(checkpoint_path);
		cli_check_whole(checkpoint_path);
	}
	if (log_path != NULL)
		cli_place(log_path);
}

static void
check_count(const struct gallery *images)
{
	struct bsp_error e;

	if (cli_expected == UINT64_MAX || cli_expected == images->count)
		return;
	bsp_error_set(&e, BSP_DATA, "%zu images to train on, expected %llu",
	    images->count, (unsigned long long)cli_expected);
	e.stream = images->first;
	cli_die(&e);
}

/*
 * Threads of OpenMP that wait by spinning take the processor from those that
 * they wait for wherever something else runs too: training is then several
 * times slower, and alone hardly faster.  OpenBLAS makes threads that it is never
 * asked to use.  Both read the environment before main, so that the program
 * starts again once it is set; the user's own settings stay.
 */
static void
set_environment(char **argv)
{
	if (getenv("OMP_WAIT_POLICY") != NULL ||
	    getenv("GOMP_SPINCOUNT") != NULL ||
	    setenv("OMP_WAIT_POLICY", "passive", 1) != 0 ||
	    setenv("OPENBLAS_NUM_THREADS", "1", 0) != 0)
		return;
	execv("/proc/self/exe", argv); /* or go on as it is */
}

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct gallery images;
	bool closed_form;

	set_environment(argv);
	cli_parse(&program, argc, argv, &command);
	closed_form = command.kind->options == NULL;
	check_request(&command, closed_form);
	learned_threads(threads);
	gallery_read(&images, command.operand, command.operands);
	check_count(&images);
	if (closed_form)
		fit_pca(&command, &images);
	else
		train_network(&command, &images);
	gallery_free(&images);
	return cli_finish(false);
}
