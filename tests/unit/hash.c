/*
 * XXH3 against the published vectors of xxhsum, which are of pseudorandom
 * bytes, and against libxxhash for every length, whole and in odd pieces.
 */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "../../lib/blindspot.h"
#include "tap.h"

#define SIZE 1000003

static unsigned char *bytes;

/* The buffer of xxhsum's sanity check. */
static void
make_bytes(void)
{
	uint64_t state = 2654435761u;
	size_t i;

	for (i = 0; i < SIZE; i++) {
		bytes[i] = (unsigned char)(state >> 56);
		state *= 11400714785074694797u;
	}
}

static uint64_t
hash(const unsigned char *from, size_t n)
{
	struct bsp_hash h = {0};

	bsp_hash_add(&h, from, n);
	return bsp_hash_value(&h);
}

/* The same in pieces of sizes below most, empty ones among them. */
static uint64_t
hash_pieces(size_t n, size_t most)
{
	struct bsp_hash h = {0};
	size_t at, piece, k = n;

	for (at = 0; at < n; at += piece) {
		k = k * 7919 + 13;
		piece = k % 8191 % most;
		piece = piece < n - at ? piece : n - at;
		bsp_hash_add(&h, bytes + at, piece);
		/* To ask in between changes nothing. */
		if (k % 16 == 0)
			bsp_hash_value(&h);
	}
	return bsp_hash_value(&h);
}

static void
known_answers(void)
{
	static const struct {
		size_t length;
		uint64_t expected;
	} vectors[] = {
		{0, 0x2d06800538d394c2}, {1, 0xc44bdff4074eecdb},
		{6, 0x27b56a84cd2d7325}, {12, 0xa713daf0dfbb77e7},
		{24, 0xa3fe70bf9d3510eb}, {48, 0x397da259ecba1f11},
		{80, 0xbcdefbbb2c47c90a}, {195, 0xcd94217ee362ec3a},
		{403, 0xcdeb804d65c6dea4}, {512, 0x617e49599013cb6b},
		{2048, 0xdd59e2c3a5f038e0}, {2240, 0x6e73a90539cf2948},
		{2367, 0xcb37aeb9e5d361ed},
	};
	size_t i;

	for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		ok(hash(bytes, vectors[i].length) == vectors[i].expected,
		    "xxh3: known answer for %zu bytes", vectors[i].length);
}

static void
every_length(void)
{
	static const size_t long_ones[] = {4096, 65536, 65537, 99999,
	    262144 + 240, SIZE};
	size_t n, i, bad = 0, whole = 0;

	for (n = 0; n <= 2048; n++) {
		uint64_t expected = XXH3_64bits(bytes, n);

		whole += hash(bytes, n) != expected;
		bad += hash_pieces(n, 2) != expected;
		bad += hash_pieces(n, 70) != expected;
		bad += hash_pieces(n, 600) != expected;
	}
	ok(whole == 0, "xxh3: as libxxhash, 0 to 2048 bytes");
	ok(bad == 0, "xxh3: the same in pieces");
	for (i = 0; i < sizeof long_ones / sizeof long_ones[0]; i++) {
		n = long_ones[i];
		ok(hash(bytes, n) == XXH3_64bits(bytes, n) &&
		    hash_pieces(n, 8191) == XXH3_64bits(bytes, n),
		    "xxh3: as libxxhash, %zu bytes", n);
	}
	ok(hash(bytes + 1, 5000) == XXH3_64bits(bytes + 1, 5000),
	    "xxh3: of bytes at an odd address");
}

/* What each single byte and bit is changes the value. */
static void
every_byte(void)
{
	uint64_t before = hash(bytes, 1500);
	size_t i, same = 0;

	for (i = 0; i < 1500; i++) {
		bytes[i] ^= (unsigned char)(1 << i % 8);
		same += hash(bytes, 1500) == before;
		bytes[i] ^= (unsigned char)(1 << i % 8);
	}
	ok(same == 0, "xxh3: every byte counts");
}

/* Rows and columns as two 64-bit words, low byte first, and the samples. */
static void
fingerprints(void)
{
	static float sample[6] = {0, .25f, .5f, .75f, 1, .125f};
	struct bsp_image wide = {.data = sample, .rows = 2, .cols = 3};
	struct bsp_image high = {.data = sample, .rows = 3, .cols = 2};
	unsigned char by_hand[80] = {0};
	char text[BSP_FINGERPRINT_SIZE], expected[BSP_FINGERPRINT_SIZE];
	struct bsp_hash h = {0}, other = {0};

	by_hand[0] = 2;
	by_hand[8] = 3;
	memcpy(by_hand + 16, sample, sizeof sample);
	by_hand[40] = 3;
	by_hand[48] = 2;
	memcpy(by_hand + 56, sample, sizeof sample);
	bsp_fingerprint_add(&h, &wide);
	snprintf(expected, sizeof expected, "%016llx",
	    (unsigned long long)XXH3_64bits(by_hand, 40));
	ok(strcmp(bsp_fingerprint_format(text, &h), expected) == 0,
	    "a fingerprint is of size and samples");
	bsp_fingerprint_add(&h, &high);
	snprintf(expected, sizeof expected, "%016llx",
	    (unsigned long long)XXH3_64bits(by_hand, 80));
	ok(strcmp(bsp_fingerprint_format(text, &h), expected) == 0,
	    "and of image after image");
	bsp_fingerprint_add(&other, &high);
	bsp_fingerprint_add(&other, &wide);
	ok(bsp_hash_value(&other) != bsp_hash_value(&h),
	    "in their order");
}

int
main(void)
{
	bytes = malloc(SIZE);
	if (bytes == NULL)
		return 1;
	make_bytes();
	known_answers();
	every_length();
	every_byte();
	fingerprints();
	free(bytes);
	return done();
}
