/*
 * Counter-based random numbers: any draw of any image can be made without
 * making those before it, so results do not depend on the order of work.
 */
#include <math.h>

#include "base.h"

/* Salmon et al. 2011, table 2 and section 3.3. */
#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u /* golden ratio */
#define WEYL_1 0xBB67AE85u /* sqrt(3) - 1 */
#define ROUNDS 10

void
bsp_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
	uint32_t x0 = counter[0], x1 = counter[1];
	uint32_t x2 = counter[2], x3 = counter[3];
	uint32_t k0 = key[0], k1 = key[1];
	uint64_t p0, p1;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		p0 = (uint64_t)MULTIPLIER_0 * x0;
		p1 = (uint64_t)MULTIPLIER_1 * x2;
		x0 = (uint32_t)(p1 >> 32) ^ x1 ^ k0;
		x1 = (uint32_t)p1;
		x2 = (uint32_t)(p0 >> 32) ^ x3 ^ k1;
		x3 = (uint32_t)p0;
		k0 += WEYL_0;
		k1 += WEYL_1;
	}
	out[0] = x0;
	out[1] = x1;
	out[2] = x2;
	out[3] = x3;
}

void
bsp_random_start(struct bsp_random *random, uint64_t seed,
    enum bsp_purpose purpose, uint32_t number, uint64_t index)
{
	random->key[0] = (uint32_t)seed;
	random->key[1] = (uint32_t)(seed >> 32);
	random->counter[0] = 0;
	random->counter[1] = (uint32_t)purpose << 24 | (number & 0xFFFFFF);
	random->counter[2] = (uint32_t)index;
	random->counter[3] = (uint32_t)(index >> 32);
	random->left = 0;
}

uint32_t
bsp_random_u32(struct bsp_random *random)
{
	if (random->left == 0) {
		bsp_philox(random->counter, random->key, random->word);
		random->counter[0]++;
		random->left = 4;
	}
	return random->word[4 - random->left--];
}

static uint64_t
random_u64(struct bsp_random *random)
{
	uint64_t low = bsp_random_u32(random);

	return (uint64_t)bsp_random_u32(random) << 32 | low;
}

uint64_t
bsp_random_below(struct bsp_random *random, uint64_t n)
{
	/* The lowest 2^64 mod n words would make some results more likely. */
	uint64_t word, reject = (0 - n) % n;

	do
		word = random_u64(random);
	while (word < reject);
	return word % n;
}

double
bsp_random_uniform(struct bsp_random *random)
{
	return (double)(random_u64(random) >> 11) * 0x1p-53;
}

double
bsp_random_gamma(struct bsp_random *random, unsigned shape, double scale)
{
	double sum = 0;

	for (; shape > 0; shape--)
		sum -= bsp_log(1 - bsp_random_uniform(random));
	return scale * sum;
}
