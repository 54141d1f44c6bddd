/* Specs, ranges and numbers: what is accepted lies in its range. */
#include "stream.h"

static void
must_be_in_range(const struct bsp_param *param, double v)
{
	/* NaN fails the first of these. */
	must(v >= param->min && v <= param->max);
	must(!param->above_min || v > param->min);
	must(param->type == BSP_REAL || rint(v) == v);
	must(param->type != BSP_ODD || fmod(v, 2) != 0);
}

static void
check_spec(const struct bsp_kind *kinds, const char *text)
{
	const struct bsp_range *range;
	struct bsp_error e = {0};
	struct bsp_spec spec;
	size_t i, j, swept = 0;

	if (bsp_spec_parse(kinds, text, &spec, &e) != 0) {
		must(e.status == BSP_USAGE && e.text[0] != '\0');
		return;
	}
	must(strncmp(text, spec.kind->name, strlen(spec.kind->name)) == 0);
	for (i = 0; i < bsp_kind_params(spec.kind); i++) {
		range = &spec.range[i];
		must(range->n >= 1 && range->n <= 1000000);
		swept += range->n > 1;
		/* Both ends, and about a hundred points between. */
		for (j = 0; j < range->n; j += range->n / 100 + 1)
			must_be_in_range(bsp_kind_param(spec.kind, i),
			    bsp_range_point(range, j));
		must_be_in_range(bsp_kind_param(spec.kind, i),
		    bsp_range_point(range, range->n - 1));
	}
	must(spec.swept_count == swept);
	for (i = 0; i < swept; i++)
		must(spec.range[spec.swept[i]].n > 1);
}

static void
check_range(const char *text)
{
	struct bsp_error e = {0};
	struct bsp_range range;

	if (bsp_range_parse(text, &range, &e) != 0) {
		must(e.status == BSP_USAGE && e.text[0] != '\0');
		return;
	}
	must(isfinite(range.lo) && isfinite(range.hi));
	must(isfinite(bsp_range_point(&range, 0)));
	must(isfinite(bsp_range_point(&range, range.n / 2)));
	must(isfinite(bsp_range_point(&range, range.n - 1)));
}

static void
check_number(const char *text)
{
	char number[BSP_NUMBER_SIZE], *end;
	struct bsp_error e = {0};
	uint64_t count;
	double v, again;

	if (bsp_number_parse(text, &v, &e) == 0) {
		must(isfinite(v) && v == strtod(text, &end) && *end == '\0');
		bsp_number_format(number, v);
		must(bsp_number_parse(number, &again, &e) == 0 && again == v);
	} else {
		must(e.status == BSP_USAGE && e.text[0] != '\0');
	}
	if (bsp_count_parse(text, &count, &e) == 0) {
		must(strspn(text, "0123456789") == strlen(text));
		must(count == strtoull(text, NULL, 10));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_spec(bsp_inject_kinds, text);
	check_spec(bsp_degrade_kinds, text);
	check_spec(bsp_residual_kinds, text);
	check_range(text);
	check_number(text);
	free(text);
	return 0;
}

const enum fuzz_cut fuzz_cut = FUZZ_ANYWHERE;
