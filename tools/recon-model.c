/*
 * recon-model: reconstructions of the images of a stream by a trained model.
 */
#include <stdio.h>
#include <string.h>

#include "cli/model-file.h"

static enum bsp_format format = BSP_PFM;
static uint64_t threads;
static const char *activation;
static bool clip;

static const struct cli_option options[] = {
	{"activation", "none|relu|sigmoid|tanh", "of the model's output "
	    "(default what its metadata say, else none)", CLI_TEXT,
	    &activation, 0, 0},
	LEARNED_THREADS_OPTION(threads),
	CLI_EXPECT_OPTION,
	CLI_FORMAT_OPTIONS(format, clip),
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "recon-model",
	.summary = "Reconstruct images with a trained model.",
	.operands = "MODEL [IMAGES]",
	.options = options,
	.least = 1,
	.most = 2,
	.output = CLI_STREAM,
	.examples = {
		"recon-train pca --latent 1 --output m.safetensors "
		    "healthy.pfm; recon-model m.safetensors healthy.pfm "
		    "> recon.pfm",
		"recon-train pca --latent 1 --output m.safetensors "
		    "healthy.pfm; anom-sweep --recon-cmd "
		    "'recon-model m.safetensors' --inject disk:radius=2 "
		    "--residual abs healthy.pfm",
	},
};

/* Die of an image, and name the model that did not take it. */
static _Noreturn void
die_of(const struct bsp_reader *in, const char *path, struct bsp_error *e)
{
	size_t used = strlen(e->text);

	snprintf(e->text + used, sizeof e->text - used, " (%s)", path);
	bsp_reader_blame(in, e);
	cli_die(e);
}

int
main(int argc, char **argv)
{
	struct bsp_image image = {0}, recon = {0};
	struct cli_command command;
	struct bsp_error e = {0};
	struct bsp_model *model;
	struct bsp_reader *in;
	struct bsp_writer *out;
	int r;

	cli_parse(&program, argc, argv, &command);
	out = cli_stream(format, clip);
	learned_threads(threads);
	model = learned_model(command.operand[0]);
	if (activation != NULL && bsp_model_activate(model, activation, &e))
		cli_usage("--%s", e.text);
	in = cli_images(command.operands > 1 ? command.operand[1] : "-");
	while ((r = bsp_reader_next(in, &image, &e)) == 1) {
		if (bsp_model_reconstruct(model, &image, &recon, &e))
			die_of(in, command.operand[0], &e);
		if (bsp_writer_put(out, &recon, &e))
			cli_die(&e);
	}
	if (r < 0)
		cli_die(&e);
	bsp_model_free(model);
	return cli_finish(false);
}
