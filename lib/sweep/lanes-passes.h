/*
 * The passes of lanes.c, written once and included once for each width of
 * vectors, with
 *
 *	WIDTH       doubles in a vector: 4 or 8
 *	NAME(word)  what this width calls it
 *	TARGET      the attribute of a function for it
 */
#define VECTORS (BSP_LANES / WIDTH)

typedef double NAME(doubles) __attribute__((vector_size(WIDTH * 8),
    aligned(4), may_alias));
typedef int64_t NAME(longs) __attribute__((vector_size(WIDTH * 8)));
typedef int32_t NAME(ints) __attribute__((vector_size(WIDTH * 4),
    aligned(4), may_alias));
typedef float NAME(floats) __attribute__((vector_size(WIDTH * 4),
    aligned(4), may_alias));

/* Exact sums of the columns, at most SUMMED rows; as sum_chunk in sum.c. */
TARGET static void
NAME(sum)(const float *map, size_t n, double *high, double *low, bool *fits)
{
	NAME(doubles) x, h, l, highs[VECTORS] = {{0}}, lows[VECTORS] = {{0}};
	NAME(doubles) misfits[VECTORS] = {{0}}, largest[VECTORS] = {{0}};
	size_t i, v;

	for (i = 0; i < n; i++)
		for (v = 0; v < VECTORS; v++, map += WIDTH) {
			x = __builtin_convertvector(
			    *(const NAME(floats) *)map, NAME(doubles));
			h = (x + BSP_ROUND_30) - BSP_ROUND_30;
			l = x - h;
			highs[v] += h;
			lows[v] += l;
			h = ((l + BSP_ROUND_72) - BSP_ROUND_72) - l;
			misfits[v] += h * h;
			largest[v] += x * x;
		}
	for (v = 0; v < VECTORS; v++)
		for (i = 0; i < WIDTH; i++) {
			*high++ = highs[v][i];
			*low++ = lows[v][i];
			*fits++ = misfits[v][i] == 0 &&
			    largest[v][i] <= 0x1p20;
		}
}

/* How many of a bucket's low halves are below that of the offset. */
TARGET static inline __attribute__((always_inline)) uint32_t
NAME(count)(const struct bsp_bucket *bucket, uint32_t low)
{
	__m256i have = _mm256_loadu_si256((const __m256i *)bucket);
	__m256i value = _mm256_set1_epi16((short)low);

	/* The first two are the number. */
#if WIDTH == 8
	return (uint32_t)_mm_popcnt_u32(
	    (uint32_t)_mm256_cmpgt_epi16_mask(value, have) >> 2);
#else
	return (uint32_t)_mm_popcnt_u32((uint32_t)_mm256_movemask_epi8(
	    _mm256_cmpgt_epi16(value, have)) >> 4) / 2;
#endif
}

/*
 * How many keys of the background are below each key of a row; for one whose
 * bucket refers to the list, a number with the flag.
 */
TARGET static inline __attribute__((always_inline)) void
NAME(find)(const struct bsp_background *b, __m256i key, uint32_t *below)
{
	const __m256i base = _mm256_set1_epi32((int)b->base);
	const __m256i above = _mm256_set1_epi32(BSP_ABOVE);
	const __m256i rest = _mm256_set1_epi32(BSP_BUCKET_WIDTH - 1);
	uint32_t low[BSP_LANES], number[BSP_LANES];
	const struct bsp_bucket *bucket;
	__m256i offset;
	size_t l;

	offset = _mm256_sub_epi32(_mm256_max_epu32(key, base), base);
	offset = _mm256_min_epu32(offset, above);
	_mm256_storeu_si256((__m256i *)low, _mm256_and_si256(offset, rest));
	_mm256_storeu_si256((__m256i *)number, _mm256_srli_epi32(offset, 12));
	for (l = 0; l < BSP_LANES; l++) {
		bucket = &b->bucket[number[l]];
		below[l] = bucket->before + NAME(count)(bucket, low[l]);
	}
}

/*
 * Merge the two runs of each column from both ends inwards, the greater key
 * first, and find each.  Only the end that was taken moves on: its next key is
 * known, and one gather a row brings the one after it.  False if what comes is
 * not sorted, and thus were not two such runs.
 */
TARGET static bool
NAME(merge)(const struct bsp_background *background, const uint32_t *key,
    size_t n, uint32_t *sorted, uint32_t *below)
{
	const __m256i down = _mm256_set1_epi32(BSP_LANES);
	const __m256i up = _mm256_set1_epi32(-BSP_LANES);
	const __m256i *row = (const __m256i *)key;
	__m256i first = _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15);
	__m256i last = _mm256_add_epi32(first,
	    _mm256_set1_epi32(((int)n - 3) * BSP_LANES));
	__m256i a = _mm256_loadu_si256(row), a_next, b, b_next, next;
	__m256i greater, is_a, before = _mm256_set1_epi32(-1);
	__m256i wrong = _mm256_setzero_si256();
	size_t i;

	a_next = _mm256_loadu_si256(row + 1);
	b = _mm256_loadu_si256(row + n - 1);
	b_next = _mm256_loadu_si256(row + n - 2);
	for (i = 0; i < n; i++) {
		greater = _mm256_max_epu32(a, b);
		is_a = _mm256_cmpeq_epi32(a, greater);
		a = _mm256_blendv_epi8(a, a_next, is_a);
		b = _mm256_blendv_epi8(b_next, b, is_a);
		first = _mm256_add_epi32(first, _mm256_and_si256(is_a, down));
		last = _mm256_add_epi32(last, _mm256_andnot_si256(is_a, up));
		next = _mm256_i32gather_epi32((const int *)key,
		    _mm256_blendv_epi8(last, first, is_a), 4);
		a_next = _mm256_blendv_epi8(a_next, next, is_a);
		b_next = _mm256_blendv_epi8(next, b_next, is_a);
		wrong = _mm256_or_si256(wrong, _mm256_xor_si256(before,
		    _mm256_max_epu32(before, greater)));
		before = greater;
		_mm256_storeu_si256((__m256i *)sorted + i, greater);
		NAME(find)(background, greater, below + i * BSP_LANES);
	}
	return _mm256_testz_si256(wrong, wrong);
}

/*
 * The sums of average precision, a row a step.  A key that the next one equals
 * is not the end of a step: its term is masked.
 */
TARGET static void
NAME(precision)(const struct bsp_background *b, const uint32_t *key,
    uint32_t *below, size_t n, double *ap)
{
	double negatives = (double)b->count;
	NAME(doubles) tp = {0}, before[VECTORS] = {{0}}, sum[VECTORS] = {{0}};
	NAME(doubles) term, positives;
	NAME(longs) ends;
	__m256i flags;
	size_t i, v;

	for (i = 0; i < n; i++) {
		flags = _mm256_loadu_si256((const __m256i *)below);
		if (_mm256_movemask_ps(_mm256_castsi256_ps(flags)) != 0)
			find_listed(b, key, below);
		tp += 1.;
		positives = tp + negatives;
		for (v = 0; v < VECTORS; v++) {
			ends = __builtin_convertvector(
			    *(const NAME(ints) *)(key + v * WIDTH) !=
			    *(const NAME(ints) *)(key + v * WIDTH + BSP_LANES),
			    NAME(longs));
			term = (tp - before[v]) * tp / (positives -
			    __builtin_convertvector(*(const NAME(ints) *)
			    (below + v * WIDTH), NAME(doubles)));
			sum[v] += (NAME(doubles))((NAME(longs))term & ends);
			before[v] = (NAME(doubles))(
			    ((NAME(longs))before[v] & ~ends) |
			    ((NAME(longs))tp & ends));
		}
		key += BSP_LANES;
		below += BSP_LANES;
	}
	for (v = 0; v < VECTORS; v++)
		for (i = 0; i < WIDTH; i++)
			*ap++ = sum[v][i] / (double)n;
}

#undef VECTORS
#undef WIDTH
#undef NAME
#undef TARGET
