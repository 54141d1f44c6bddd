/*
 * What training descends, and how: the mean absolute error and AdamW.
 */
#include <math.h>

#include "learn.h"

double
learn_l1(const float *a, const float *b, float *gradient, size_t n)
{
	float each = (float)(1 / (double)n), d;
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		d = a[i] - b[i];
		sum += fabs((double)d);
		gradient[i] = d > 0 ? each : d < 0 ? -each : 0;
	}
	return sum / (double)n;
}

/* PyTorch's defaults. */
#define BETA_1 .9
#define BETA_2 .999
#define EPSILON 1e-8

/*
 * Loshchilov and Hutter, ICLR 2019, algorithm 2, with the decay scaled by the
 * learning rate, as PyTorch has it.
 */
void
learn_adamw_step(const struct learn_adamw *adamw, float *weight,
    const float *gradient, float *first, float *second, size_t n)
{
	double t = (double)adamw->step;
	float keep = (float)(1 - adamw->lr * adamw->weight_decay);
	float rate = (float)(adamw->lr / (1 - bsp_pow(BETA_1, t)));
	float root = (float)sqrt(1 - bsp_pow(BETA_2, t));
	const float b1 = (float)BETA_1, c1 = (float)(1 - BETA_1);
	const float b2 = (float)BETA_2, c2 = (float)(1 - BETA_2);
	const float epsilon = (float)EPSILON;
	size_t i;

#pragma omp parallel for schedule(static)
	for (i = 0; i < n; i++) {
		first[i] = b1 * first[i] + c1 * gradient[i];
		second[i] = b2 * second[i] + c2 * gradient[i] * gradient[i];
		weight[i] = keep * weight[i] - rate * first[i] /
		    (sqrtf(second[i]) / root + epsilon);
	}
}
