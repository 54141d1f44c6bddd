/*
 * Scores to keys that sort as integers.
 */
#include "kernels.h"

BSP_CLONES static void
make_keys(const float *score, uint32_t *key, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		key[i] = bsp_key_of(score[i]);
}

void
bsp_make_keys(const float *score, uint32_t *key, size_t n)
{
	make_keys(score, key, n);
}
