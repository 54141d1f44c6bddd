/*
 * AUPIMO: how much of each anomaly is found where almost nothing is found in
 * anomaly-free images.
 * Source: Bertoldo, Ameln, Vaidya, Akcay, "AUPIMO: redefining visual anomaly
 * detection benchmarks with high speed and low tolerance", 2024.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "score.h"

#define LOW 1e-5
#define HIGH 1e-4

int
bsp_aupimo_add(struct bsp_aupimo *aupimo, const struct bsp_image *map,
    const struct bsp_image *label, const struct bsp_image *within,
    struct bsp_error *e)
{
	size_t n = bsp_image_size(map), i, positives = 0;
	struct bsp_aupimo_image *image;

	if (bsp_array_grow(&aupimo->image, &aupimo->capacity, aupimo->count + 1,
	    sizeof *aupimo->image, e))
		return -1;
	image = &aupimo->image[aupimo->count];
	*image = (struct bsp_aupimo_image){.key = malloc(n * sizeof(uint32_t))};
	if (image->key == NULL)
		return bsp_error_system(e, ENOMEM, "the pixels of %llu images",
		    (unsigned long long)aupimo->count + 1);
	aupimo->count++;
	for (i = 0; i < n; i++)
		positives += label->data[i] != 0 &&
		    (within == NULL || within->data[i] != 0);
	image->anomalous = positives > 0;
	for (i = 0; i < n; i++)
		if ((within == NULL || within->data[i] != 0) &&
		    (positives == 0 || label->data[i] != 0))
			image->key[image->n++] = bsp_key_of(map->data[i]);
	bsp_sort_u32(image->key, NULL, image->n);
	return 0;
}

/* A score of an anomaly-free image, and what share of that image it is. */
struct pixel {
	uint32_t key;
	double share;
};

static int
compare(const void *a, const void *b)
{
	const struct pixel *p = a, *q = b;

	if (p->key != q->key)
		return p->key < q->key ? 1 : -1;
	return (p->share > q->share) - (p->share < q->share);
}

/*
 * The highest pixels of the anomaly-free images, descending: all that a mean
 * false-positive rate of HIGH can depend on.
 */
static struct pixel *
gather(const struct bsp_aupimo *aupimo, size_t normal, size_t *count)
{
	const struct bsp_aupimo_image *image;
	struct pixel *pixel = NULL;
	size_t i, k, n, round;

	for (round = 0; round < 2; round++) {
		if (round == 1)
			pixel = malloc((*count + 1) * sizeof *pixel);
		if (round == 1 && pixel == NULL)
			return NULL;
		for (i = *count = 0; i < aupimo->count; i++) {
			image = &aupimo->image[i];
			if (image->anomalous || image->n == 0)
				continue;
			n = (size_t)(HIGH * (double)normal *
			    (double)image->n) + 2;
			n = n < image->n ? n : image->n;
			for (k = 0; round == 1 && k < n; k++)
				pixel[*count + k] = (struct pixel){
				    image->key[image->n - 1 - k],
				    1 / (double)image->n};
			*count += n;
		}
	}
	qsort(pixel, *count, sizeof *pixel, compare);
	return pixel;
}

/* The share of ascending keys that are above a value. */
static double
share_above(const struct bsp_aupimo_image *image, uint32_t value)
{
	size_t begin = 0, end = image->n, middle;

	while (begin < end) {
		middle = begin + (end - begin) / 2;
		if (image->key[middle] <= value)
			begin = middle + 1;
		else
			end = middle;
	}
	return (double)(image->n - begin) / (double)image->n;
}

/*
 * The recall at a false-positive rate is that of the lowest threshold whose own
 * rate is not above it: a step from each distinct normal score to the next.
 */
static double
area(const struct bsp_aupimo_image *image, const struct pixel *pixel,
    size_t count, size_t normal)
{
	double rate = 0, next, from, to, sum = 0;
	size_t i, k;

	for (i = 0; i < count && rate < HIGH; i = k) {
		next = rate;
		for (k = i; k < count && pixel[k].key == pixel[i].key; k++)
			next += pixel[k].share / (double)normal;
		from = rate > LOW ? rate : LOW;
		to = next < HIGH ? next : HIGH;
		if (to > from)
			sum += share_above(image, pixel[i].key) *
			    (bsp_log(to) - bsp_log(from));
		rate = next;
	}
	if (rate < HIGH) /* below every pixel of every image all is found */
		sum += bsp_log(HIGH) - bsp_log(rate > LOW ? rate : LOW);
	return sum / (bsp_log(HIGH) - bsp_log(LOW));
}

int
bsp_aupimo_values(const struct bsp_aupimo *aupimo, double *value,
    struct bsp_error *e)
{
	size_t normal = 0, count = 0, i;
	struct pixel *pixel;

	for (i = 0; i < aupimo->count; i++)
		normal += !aupimo->image[i].anomalous && aupimo->image[i].n > 0;
	pixel = gather(aupimo, normal, &count);
	if (pixel == NULL)
		return bsp_error_system(e, ENOMEM, "the pixels of %zu images",
		    normal);
	for (i = 0; i < aupimo->count; i++)
		value[i] = normal > 0 && aupimo->image[i].anomalous ?
		    area(&aupimo->image[i], pixel, count, normal) :
		    (double)NAN;
	free(pixel);
	return 0;
}

void
bsp_aupimo_free(struct bsp_aupimo *aupimo)
{
	size_t i;

	for (i = 0; i < aupimo->count; i++)
		free(aupimo->image[i].key);
	free(aupimo->image);
	*aupimo = (struct bsp_aupimo){0};
}
