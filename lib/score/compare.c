/*
 * Paired tests.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

/* Sums that differ by rounding alone are ties. */
#define ROUNDING 1e-12

/* All sign patterns; each total is summed anew, so that all round alike. */
static double
flip_all(const double *sum, size_t n, double observed, double slack)
{
	uint64_t patterns = (uint64_t)1 << n, i, extreme = 0;
	double total;
	size_t k;

	for (i = 0; i < patterns; i++) {
		for (k = 0, total = 0; k < n; k++)
			total += i >> k & 1 ? -sum[k] : sum[k];
		extreme += fabs(total) >= observed - slack;
	}
	return (double)extreme / (double)patterns;
}

static double
flip_some(const double *sum, size_t n, double observed, double slack,
    size_t permutations, uint64_t seed)
{
	struct bsp_random random;
	size_t i, k, extreme = 1; /* the observed one is one of them */
	uint32_t bits = 0;
	double total;

	for (i = 0; i < permutations; i++) {
		bsp_random_start(&random, seed, BSP_DRAW_SIGNS, 0, i);
		for (k = 0, total = 0; k < n; k++, bits >>= 1) {
			if (k % 32 == 0)
				bits = bsp_random_u32(&random);
			total += bits & 1 ? -sum[k] : sum[k];
		}
		extreme += fabs(total) >= observed - slack;
	}
	return (double)extreme / (double)(permutations + 1);
}

static bool
is_exact(size_t n, size_t permutations)
{
	return n < 32 && (uint64_t)1 << n <= permutations;
}

double
bsp_sign_flip_min(size_t n, size_t permutations)
{
	if (n == 0)
		return (double)NAN;
	return is_exact(n, permutations) ? ldexp(2, -(int)n) :
	    1 / (double)(permutations + 1);
}

double
bsp_sign_flip(const double *sum, size_t n, size_t permutations, uint64_t seed)
{
	double observed = 0, size = 0, slack;
	size_t k;

	if (n == 0)
		return (double)NAN;
	for (k = 0; k < n; k++) {
		observed += sum[k];
		size += fabs(sum[k]);
	}
	observed = fabs(observed);
	slack = ROUNDING * size;
	if (is_exact(n, permutations))
		return flip_all(sum, n, observed, slack);
	return flip_some(sum, n, observed, slack, permutations, seed);
}

int
bsp_holm(const double *p, size_t n, double *adjusted, struct bsp_error *e)
{
	size_t *order = malloc((n + 1) * sizeof *order), tests = 0, i, k;
	double own, most = 0;

	if (order == NULL)
		return bsp_error_system(e, ENOMEM, "%zu tests", n);
	/* Insert each into its place among the smaller ones. */
	for (i = 0; i < n; i++) {
		adjusted[i] = (double)NAN;
		if (isnan(p[i]))
			continue;
		for (k = tests++; k > 0 && p[order[k - 1]] > p[i]; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	for (i = 0; i < tests; i++) {
		own = (double)(tests - i) * p[order[i]];
		most = own > most ? own : most;
		adjusted[order[i]] = most < 1 ? most : 1;
	}
	free(order);
	return 0;
}
