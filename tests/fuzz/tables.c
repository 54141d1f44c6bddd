/*
 * Tables that programs read: an index, positions, a sweep's curves and planes,
 * thresholds, scores.  Each input goes to each reader.
 */
#include "cli.h"
#include "../../tools/cli/curves.h"
#include "../../tools/cli/index.h"
#include "../../tools/cli/positions.h"
#include "../../tools/score/score.h"

int program_main(int argc, char **argv);
#define main program_main
#include "../../tools/score-compare.c"
#undef main

static void
read_index(void)
{
	struct index index;
	uint64_t last;

	index_read(&index, "0");
	last = index.rows > 0 ? index.row[index.rows - 1].image : 0;
	must(index.rows == 0 || index_get(&index, last) ==
	    &index.row[index.rows - 1]);
	index_check_end(&index, last + 1);
}

static void
read_positions(void)
{
	static float sample; /* the size alone matters */
	const struct bsp_image image = {.rows = 8, .cols = 8,
	    .data = &sample};
	struct positions positions;
	size_t row, col;

	positions_read(&positions, "0", 3);
	positions_get(&positions, 0, 0, &image, &row, &col);
	must(row < 8 && col < 8);
	positions_check_end(&positions, 64);
}

static void
read_curves(void)
{
	const struct curves_request request = {.x = "intensity",
	    .value = "ap"};
	struct curves curves;
	double *x, *value;
	size_t g, n;

	curves_read(&curves, "0", &request);
	x = curves_take(malloc(curves.rows * sizeof *x));
	value = curves_take(malloc(curves.rows * sizeof *value));
	for (g = 0; g < curves.groups; g++) {
		n = curves_points(&curves, g, x, value);
		must(n > 0 && n <= curves.rows);
	}
	curves_same_study(&curves, &curves);
	curves_free(&curves);
}

static void
read_planes(void)
{
	const struct curves_request request = {.x = "intensity",
	    .y = "sigma", .value = "ap"};
	struct bsp_plane plane;
	struct curves curves;
	size_t g;

	curves_read(&curves, "0", &request);
	for (g = 0; g < curves.groups; g++) {
		curves_plane(&curves, g, &plane);
		curves_plane_free(&plane);
	}
	curves_free(&curves);
}

static void
read_thresholds(void)
{
	const struct points_request request = {.threshold = "@0"};
	static struct points points;

	points_parse(&points, &request);
	points_find(&points, &request);
	must(points.count > 0 && points.count <= BSP_POINTS_MAX);
}

static void
read_compared(void)
{
	struct scores scores;

	read_scores(&scores, "0");
	must(scores.rows > 0 && scores.metrics > 0);
	check_pair(&scores, &scores);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(void) = {read_index, read_positions,
	    read_curves, read_planes, read_thresholds, read_compared};
	size_t i;

	input[0].data = data;
	input[0].size = size;
	fuzz_taken = -1;
	for (i = 0; i < sizeof readers / sizeof readers[0]; i++)
		if (takes(readers[i]))
			fuzz_taken = (int)i;
	return 0;
}

const enum fuzz_cut fuzz_cut = FUZZ_AT_LINES;
