/*
 * --help and shell completion: see help.h.
 */
#include <string.h>

#include "help.h"

static void
print_option(const char *name, const char *value, const char *help)
{
	char left[64];

	snprintf(left, sizeof left, "--%s%s%s", name, value != NULL ? " " : "",
	    value != NULL ? value : "");
	printf("  %-22s %s\n", left, help);
}

static void
print_param(const struct bsp_param *param)
{
	char range[64], initial[BSP_NUMBER_SIZE], help[256];

	if (param->type == BSP_FLAG) {
		print_option(param->name, NULL, param->help);
		return;
	}
	snprintf(help, sizeof help, "%s (%s%s%s; default %s)", param->help,
	    bsp_param_range(param, range), *param->unit != '\0' ? " " : "",
	    param->unit, bsp_number_format(initial, param->initial));
	print_option(param->name, param->type == BSP_REAL ? "X" : "N",
	    help);
}

static void
print_kind(const struct bsp_kind *kind)
{
	size_t i;

	printf("\n%s: %s\nSource: %s\n", kind->name, kind->summary,
	    kind->source);
	if (bsp_kind_params(kind) > 0)
		printf("\nParameters of %s:\n", kind->name);
	for (i = 0; i < bsp_kind_params(kind); i++)
		print_param(bsp_kind_param(kind, i));
}

static void
print_kinds(const struct bsp_kind *kinds, const char *program)
{
	printf("\nKinds ('%s KIND --help' shows the parameters of one):\n",
	    program);
	for (; kinds->name != NULL; kinds++)
		printf("  %-22s %s\n", kinds->name, kinds->summary);
}

/* The metrics that an option takes, and what its help says after them. */
static void
print_metrics(const struct cli_option *option)
{
	const struct bsp_metric *metric;
	char help[512] = "of ";
	size_t n = strlen(help);

	for (metric = bsp_metrics; metric->name != NULL; metric++)
		if (option->max & CLI_SCOPE(metric->scope) && n < sizeof help)
			n += (size_t)snprintf(help + n, sizeof help - n,
			    "%s%s", n > 3 ? ", " : "", metric->name);
	if (n < sizeof help)
		snprintf(help + n, sizeof help - n, " %s", option->help);
	print_option(option->name, option->value, help);
}

void
help_print(const struct cli_program *program, const struct bsp_kind *kind)
{
	const struct cli_option *option;

	printf("usage: %s", program->name);
	if (program->kinds != NULL)
		printf(" %s [--PARAM X]...",
		    kind != NULL ? kind->name : "KIND");
	printf(" [OPTION]... %s\n%s\n", program->operands, program->summary);
	if (kind != NULL)
		print_kind(kind);
	else if (program->kinds != NULL)
		print_kinds(program->kinds, program->name);
	printf("\nOptions:\n");
	for (option = program->options; option->name != NULL; option++)
		if (option->type == CLI_METRICS)
			print_metrics(option);
		else
			print_option(option->name, option->value,
			    option->help);
	print_option("help", NULL, "print this and exit; so does -h");
	print_option("version", NULL, "print the version and exit");
	print_option("cite", NULL, "print what to cite, as BibTeX, and exit");
	printf("\nExamples:\n  %s\n  %s\n\nMore in %s(1) and blindspot(7).\n",
	    program->examples[0], program->examples[1], program->name);
}

/* Words with | between them, each to its colon; a value's name is none. */
static void
complete_words(const char *words)
{
	size_t n;

	if (strchr(words, '|') == NULL)
		return;
	for (; *words != '\0'; words += n, words += *words == '|') {
		n = strcspn(words, "|");
		if (memchr(words, ':', n) != NULL)
			printf("%.*s:\n", (int)strcspn(words, ":"), words);
		else
			printf("%.*s\n", (int)n, words);
	}
}

static void
complete_kinds(const struct bsp_kind *kinds)
{
	for (; kinds->name != NULL; kinds++)
		printf("%s\n", kinds->name);
}

/* The words of an option's value. */
static void
complete_value(const struct cli_option *option)
{
	const struct bsp_metric *metric;

	switch (option->type) {
	case CLI_METRICS:
		for (metric = bsp_metrics; metric->name != NULL; metric++)
			if (option->max & CLI_SCOPE(metric->scope))
				printf("%s\n", metric->name);
		break;
	case CLI_INJECT:
		complete_kinds(bsp_inject_kinds);
		break;
	case CLI_DEGRADE:
		complete_kinds(bsp_degrade_kinds);
		break;
	case CLI_RESIDUALS:
		complete_kinds(bsp_residual_kinds);
		break;
	default:
		complete_words(option->value);
	}
}

bool
help_complete(const struct cli_program *program, const struct bsp_kind *kind,
    const char *name)
{
	const struct cli_option *option;
	size_t i;

	if (name != NULL) {
		for (option = program->options; option->name != NULL; option++)
			if (strcmp(option->name, name) == 0)
				break;
		if (option->name != NULL && option->value != NULL)
			complete_value(option);
		i = kind == NULL ? 0 : bsp_kind_param_find(kind, name);
		return option->name != NULL ? option->value != NULL :
		    kind != NULL && i < bsp_kind_params(kind) &&
		    bsp_kind_param(kind, i)->type != BSP_FLAG;
	}
	if (kind == NULL && program->kinds != NULL)
		complete_kinds(program->kinds);
	for (i = 0; kind != NULL && i < bsp_kind_params(kind); i++)
		printf("--%s\n", bsp_kind_param(kind, i)->name);
	for (option = program->options; option->name != NULL; option++)
		printf("--%s\n", option->name);
	printf("--help\n--version\n--cite\n");
	return true;
}
