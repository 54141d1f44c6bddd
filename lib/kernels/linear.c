/*
 * Small linear algebra: sums of products, and systems of a few unknowns.
 */
#include <math.h>

#include "kernels.h"

#define LANES 4
#define VECTORS 4 /* sums that do not wait for each other */
#define BLOCK (LANES * VECTORS)

typedef double lanes __attribute__((vector_size(LANES * sizeof(double)),
    aligned(sizeof(double)), may_alias));

BSP_CLONES static double
dot(const double *a, const double *b, size_t n)
{
	lanes sum[VECTORS] = {{0}};
	double total = 0;
	size_t i, k;

	for (i = 0; i + BLOCK <= n; i += BLOCK)
		for (k = 0; k < VECTORS; k++)
			sum[k] += *(const lanes *)(a + i + k * LANES) *
			    *(const lanes *)(b + i + k * LANES);
	for (k = 0; k < BLOCK; k++)
		total += sum[k / LANES][k % LANES];
	for (; i < n; i++)
		total += a[i] * b[i];
	return total;
}

double
bsp_dot(const double *a, const double *b, size_t n)
{
	return dot(a, b, n);
}

bool
bsp_cholesky(double *a, size_t n)
{
	size_t i, j, k;
	double sum;

	for (j = 0; j < n; j++)
		for (i = j; i < n; i++) {
			sum = a[i * n + j];
			for (k = 0; k < j; k++)
				sum -= a[i * n + k] * a[j * n + k];
			if (i == j && !(sum > 0))
				return false;
			a[i * n + j] = i == j ? sqrt(sum) :
			    sum / a[j * n + j];
		}
	return true;
}

void
bsp_solve_lower(const double *l, size_t n, double *b)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < i; k++)
			b[i] -= l[i * n + k] * b[k];
		b[i] /= l[i * n + i];
	}
}

void
bsp_solve_upper(const double *l, size_t n, double *b)
{
	size_t i, k;

	for (i = n; i-- > 0; ) {
		for (k = i + 1; k < n; k++)
			b[i] -= l[k * n + i] * b[k];
		b[i] /= l[i * n + i];
	}
}
