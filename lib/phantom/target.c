/*
 * The histogram of a phantom's foreground.
 */
#include <errno.h>
#include <stdlib.h>

#include "phantom.h"

#define BINS 50
#define LEAST .001 /* the foreground is > 0 */
#define GREY .30
#define WHITE .46

/*
 * The foreground of the test images of Meissen et al. (MIDL 2022), in bins of
 * .02 from 0, read off the figure in the repository of the paper.
 */
static const double histogram[BINS] = {
	1.11, .69, .37, .32, .31, .32, .34, .38, .44, .53, .69, .99, 1.42, 1.96,
	2.34, 2.36, 2.31, 1.78, 1.54, 1.48, 1.75, 2.75, 4.42, 4.96, 3.09, 1.32,
	.46, .20, .11, .07, .06, .04, .03, .03, .03, .03, .03, .02, .01,
};

/* Where the peaks of this image lie, and how bright it is. */
struct shift {
	double grey, white, gain;
};

static double
shifted(double x, const struct shift *shift)
{
	if (x < GREY)
		x *= shift->grey / GREY;
	else if (x < WHITE)
		x = shift->grey + (x - GREY) * (shift->white - shift->grey) /
		    (WHITE - GREY);
	else
		x = shift->white + (x - WHITE) * (1 - shift->white) /
		    (1 - WHITE);
	x *= shift->gain;
	return x < LEAST ? LEAST : x > 1 ? 1 : x;
}

int
bsp_target_match(float *x, size_t n, const struct draw *draw,
    struct bsp_error *e)
{
	uint64_t *word = malloc((2 * n + 1) * sizeof *word);
	double total = 0, below = 0, share;
	struct bsp_random random;
	struct shift shift;
	size_t i, bin = 0;

	if (word == NULL)
		return bsp_error_system(e, ENOMEM, "%zu pixels", n);
	bsp_phantom_start(&random, draw, PART_TARGET);
	shift.grey = GREY + bsp_phantom_between(&random, -.02, .02);
	shift.white = WHITE + bsp_phantom_between(&random, -.02, .02);
	shift.gain = bsp_phantom_between(&random, .95, 1.05);
	for (i = 0; i < BINS; i++)
		total += histogram[i];
	for (i = 0; i < n; i++)
		word[i] = (uint64_t)bsp_key_of(x[i]) << 32 | i;
	bsp_sort_u64(word, word + n, n);
	for (i = 0; i < n; i++) {
		share = ((double)i + .5) / (double)n * total;
		while (bin + 1 < BINS && below + histogram[bin] < share)
			below += histogram[bin++];
		x[(uint32_t)word[i]] = (float)shifted(((double)bin +
		    (share - below) / histogram[bin]) / BINS, &shift);
	}
	free(word);
	return 0;
}
