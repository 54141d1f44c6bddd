/*
 * XXH3, 64 bits, with seed 0 and the default secret: a fast hash against
 * mistakes, not against malice.
 * Source: Collet, "xxHash fast digest algorithm" (xxhash_spec.md), XXH3.
 *
 * Up to 240 bytes have formulas of their own.  Longer input is cut into
 * stripes of 64 bytes, each added to eight accumulators under a key from the
 * secret that moves by 8 bytes a stripe; every 16 stripes the accumulators are
 * scrambled.  The last 64 bytes, which may overlap the stripe before, come
 * last: so at least one byte is always kept back.
 */
#include <string.h>

#include "base.h"

#define STRIPE 64
#define BLOCK 16 /* stripes from one scramble to the next */
#define SHORT 240

#define PRIME32_1 0x9e3779b1u
#define PRIME32_2 0x85ebca77u
#define PRIME32_3 0xc2b2ae3du
#define PRIME64_1 0x9e3779b185ebca87u
#define PRIME64_2 0xc2b2ae3d27d4eb4fu
#define PRIME64_3 0x165667b19e3779f9u
#define PRIME64_4 0x85ebca77c2b2ae63u
#define PRIME64_5 0x27d4eb2f165667c5u

static const unsigned char secret[192] = {
	0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c,
	0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb,
	0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e,
	0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
	0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6,
	0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb,
	0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97,
	0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
	0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7,
	0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31,
	0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83,
	0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
	0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26,
	0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc,
	0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f,
	0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
};

static uint32_t
read32(const unsigned char *at)
{
	uint32_t x;

	memcpy(&x, at, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap32(x);
#endif
	return x;
}

static inline uint64_t
read64(const unsigned char *at)
{
	uint64_t x;

	memcpy(&x, at, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

/* Both halves of the product, folded into one. */
static uint64_t
fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product =
	    (__extension__ (unsigned __int128)a) * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
avalanche(uint64_t x)
{
	x ^= x >> 37;
	x *= 0x165667919e3779f9;
	return x ^ x >> 32;
}

/* That of XXH64. */
static uint64_t
avalanche64(uint64_t x)
{
	x ^= x >> 33;
	x *= PRIME64_2;
	x ^= x >> 29;
	x *= PRIME64_3;
	return x ^ x >> 32;
}

/* ------------------------------------------------------------- short input */

static uint64_t
rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static uint64_t
up_to_16(const unsigned char *in, size_t n)
{
	uint64_t x, low, high;

	if (n > 8) {
		low = read64(in) ^ read64(secret + 24) ^ read64(secret + 32);
		high = read64(in + n - 8) ^ read64(secret + 40) ^
		    read64(secret + 48);
		return avalanche(n + __builtin_bswap64(low) + high +
		    fold(low, high));
	}
	if (n >= 4) {
		x = ((uint64_t)read32(in) << 32) + read32(in + n - 4);
		x ^= read64(secret + 8) ^ read64(secret + 16);
		x ^= rotate(x, 49) ^ rotate(x, 24);
		x *= 0x9fb21c651e98df25;
		x ^= (x >> 35) + n;
		x *= 0x9fb21c651e98df25;
		return x ^ x >> 28;
	}
	if (n == 0)
		return avalanche64(read64(secret + 56) ^ read64(secret + 64));
	x = (uint64_t)in[0] << 16 | (uint64_t)in[n / 2] << 24 | in[n - 1] |
	    n << 8;
	return avalanche64(x ^ read32(secret) ^ read32(secret + 4));
}

static uint64_t
mix16(const unsigned char *in, const unsigned char *key)
{
	return fold(read64(in) ^ read64(key), read64(in + 8) ^
	    read64(key + 8));
}

static uint64_t
up_to_240(const unsigned char *in, size_t n)
{
	uint64_t x = n * PRIME64_1;
	size_t i;

	if (n <= 128) {
		for (i = (n - 1) / 32 + 1; i-- > 0;)
			x += mix16(in + 16 * i, secret + 32 * i) +
			    mix16(in + n - 16 * (i + 1), secret + 32 * i + 16);
		return avalanche(x);
	}
	for (i = 0; i < 8; i++)
		x += mix16(in + 16 * i, secret + 16 * i);
	x = avalanche(x);
	for (; i < n / 16; i++)
		x += mix16(in + 16 * i, secret + 16 * (i - 8) + 3);
	return avalanche(x + mix16(in + n - 16, secret + 136 - 17));
}

/* -------------------------------------------------------------- long input */

static inline void
add_stripe(uint64_t acc[8], const unsigned char *in, const unsigned char *key)
{
	uint64_t x[8], keyed[8];
	size_t i;

	for (i = 0; i < 8; i++) {
		x[i] = read64(in + 8 * i);
		keyed[i] = x[i] ^ read64(key + 8 * i);
	}
	for (i = 0; i < 8; i++)
		acc[i] += x[i ^ 1] + (keyed[i] & UINT32_MAX) *
		    (keyed[i] >> 32);
}

/* Whole stripes, of which the hash has had so many before. */
BSP_CLONES static void
add_stripes(uint64_t acc[8], uint64_t before, const unsigned char *in,
    size_t stripes)
{
	uint64_t a[8];
	size_t i, k = before % BLOCK;

	memcpy(a, acc, sizeof a);
	for (; stripes > 0; stripes--, in += STRIPE) {
		add_stripe(a, in, secret + 8 * k);
		if (++k < BLOCK)
			continue;
		k = 0;
		for (i = 0; i < 8; i++) {
			a[i] ^= a[i] >> 47 ^ read64(secret + 128 + 8 * i);
			a[i] *= PRIME32_1;
		}
	}
	memcpy(acc, a, sizeof a);
}

static void
start(uint64_t acc[8])
{
	static const uint64_t first[8] = {
		PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3,
		PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1,
	};

	memcpy(acc, first, sizeof first);
}

static uint64_t
finish(const struct bsp_hash *hash)
{
	const unsigned char *in = hash->bytes + STRIPE;
	uint64_t taken = hash->total - hash->held;
	uint64_t acc[8], x = hash->total * PRIME64_1;
	size_t i;

	if (taken == 0)
		start(acc);
	else
		memcpy(acc, hash->acc, sizeof acc);
	add_stripes(acc, taken / STRIPE, in, (hash->held - 1) / STRIPE);
	add_stripe(acc, in + hash->held - STRIPE,
	    secret + sizeof secret - STRIPE - 7);
	for (i = 0; i < 4; i++)
		x += fold(acc[2 * i] ^ read64(secret + 11 + 16 * i),
		    acc[2 * i + 1] ^ read64(secret + 19 + 16 * i));
	return avalanche(x);
}

/* ----------------------------------------------------------------- streams */

/* Take whole stripes, after which at least one byte is still to come. */
static void
take(struct bsp_hash *hash, uint64_t taken, const unsigned char *in,
    size_t stripes)
{
	if (taken == 0)
		start(hash->acc);
	add_stripes(hash->acc, taken / STRIPE, in, stripes);
	memcpy(hash->bytes, in + (stripes - 1) * STRIPE, STRIPE);
}

void
bsp_hash_add(struct bsp_hash *hash, const void *bytes, size_t n)
{
	const unsigned char *in = bytes;
	unsigned char *kept = hash->bytes + STRIPE;
	size_t size = sizeof hash->bytes - STRIPE, room = size - hash->held;
	uint64_t taken = hash->total - hash->held;
	size_t stripes;

	if (n == 0)
		return;
	hash->total += n;
	if (n > room) {
		memcpy(kept + hash->held, in, room);
		take(hash, taken, kept, size / STRIPE);
		in += room;
		n -= room;
		stripes = (n - 1) / STRIPE;
		if (stripes > 0)
			take(hash, taken + size, in, stripes);
		in += stripes * STRIPE;
		n -= stripes * STRIPE;
		hash->held = 0;
	}
	memcpy(kept + hash->held, in, n);
	hash->held += n;
}

uint64_t
bsp_hash_value(const struct bsp_hash *hash)
{
	const unsigned char *in = hash->bytes + STRIPE;

	if (hash->total <= 16)
		return up_to_16(in, hash->held);
	if (hash->total <= SHORT)
		return up_to_240(in, hash->held);
	return finish(hash);
}
