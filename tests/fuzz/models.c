/*
 * Fitted statistics, of zscore and of histograms, in the format of this release
 * and in that of 0.1.
 */
#include "cli.h"
#include "../../tools/cli/model.h"

static void
read_zscore(void)
{
	struct bsp_pixel_stats stats = {{0}, {0}};
	size_t i;

	model_read_stats("0", &stats);
	must(bsp_image_size(&stats.mean) > 0);
	must(stats.mean.rows == stats.sd.rows &&
	    stats.mean.cols == stats.sd.cols);
	for (i = 0; i < bsp_image_size(&stats.mean); i++)
		must(isfinite(stats.mean.data[i]) && stats.sd.data[i] >= 0);
}

static void
read_histograms(void)
{
	struct model model = {.kind = "ood-histogram", .doubles = true,
	    .length = 500, .part = {{.name = "mean"}, {.name = "components"},
	    {.name = "variance"}}};
	size_t i;

	model_read("0", &model);
	for (i = 0; i < 3; i++)
		must(model.part[i].rows > 0 && model.part[i].data != NULL);
	model_free(&model);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input[0].data = data;
	input[0].size = size;
	fuzz_taken = takes(read_zscore) || takes(read_histograms) ? 1 : -1;
	return 0;
}

const enum fuzz_cut fuzz_cut = FUZZ_NOWHERE;
