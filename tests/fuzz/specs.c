/* Specs, ranges and numbers: what is accepted lies in its range. */
#include "stream.h"

static void
check_spec(const struct bsp_kind *kinds, const char *text)
{
	const struct bsp_param *param;
	struct bsp_error e = {0};
	struct bsp_spec spec;
	size_t i, j, last;
	double v;

	if (bsp_spec_parse(kinds, text, &spec, &e) != 0) {
		must(e.status == BSP_USAGE && e.text[0] != '\0');
		return;
	}
	must(spec.swept_count <= bsp_kind_params(spec.kind));
	for (i = 0; i < bsp_kind_params(spec.kind); i++) {
		param = &spec.kind->params[i];
		last = spec.range[i].n - 1;
		for (j = 0; j <= last; j += last > 100 ? last / 100 : 1) {
			v = bsp_range_point(&spec.range[i], j);
			must(v >= param->min && v <= param->max);
			must(!param->above_min || v > param->min);
			must(param->type != BSP_INTEGER || rint(v) == v);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), number[BSP_NUMBER_SIZE];
	struct bsp_error e;
	uint64_t count;
	double v, again;

	memcpy(text, data, size);
	text[size] = '\0';
	check_spec(bsp_inject_kinds, text);
	check_spec(bsp_degrade_kinds, text);
	check_spec(bsp_residual_kinds, text);
	if (bsp_number_parse(text, &v, &e) == 0) {
		must(isfinite(v));
		bsp_number_format(number, v);
		must(bsp_number_parse(number, &again, &e) == 0 && again == v);
	}
	if (bsp_count_parse(text, &count, &e) == 0)
		must(strspn(text, "0123456789") == strlen(text));
	free(text);
	return 0;
}
