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

/* The share of an image's ascending keys that are not below a value. */
static double
share_from(const struct bsp_aupimo_image *image, uint64_t value)
{
	size_t begin = 0, end = image->n, middle;

	while (begin < end) {
		middle = begin + (end - begin) / 2;
		if (image->key[middle] < value)
			begin = middle + 1;
		else
			end = middle;
	}
	return (double)(image->n - begin) / (double)image->n;
}

/* The false-positive rate at a threshold, all ties counted. */
static double
rate_at(const struct bsp_aupimo *aupimo, size_t normal, uint64_t value)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < aupimo->count; i++)
		if (!aupimo->image[i].anomalous && aupimo->image[i].n > 0)
			sum += share_from(&aupimo->image[i], value);
	return sum / (double)normal;
}

/* One rate that is achieved, at that threshold; descending. */
struct point {
	uint32_t key;
	double rate;
};

/* The rates up to the first that is not below HIGH, over those of gather. */
static size_t
find_rates(const struct bsp_aupimo *aupimo, size_t normal,
    const struct pixel *pixel, size_t count, struct point *point)
{
	double rate = 0;
	size_t i, k, n;

	for (i = n = 0; i < count && rate < HIGH; i = k, n++) {
		for (k = i; k < count && pixel[k].key == pixel[i].key; k++)
			rate += pixel[k].share / (double)normal;
		if (!(rate < HIGH)) /* some of its ties were not gathered */
			rate = rate_at(aupimo, normal, pixel[i].key);
		point[n] = (struct point){pixel[i].key, rate};
	}
	return n;
}

/* The part from LOW to HIGH of a trapezoid over the logarithm of the rate. */
static double
trapezoid(double from, double low, double to, double high)
{
	double begin = bsp_log(from > LOW ? from : LOW);
	double end = bsp_log(to < HIGH ? to : HIGH), slope, middle;

	if (!(end > begin))
		return 0;
	slope = (high - low) / (bsp_log(to) - bsp_log(from));
	middle = low + slope * ((begin + end) / 2 - bsp_log(from));
	return (end - begin) * middle;
}

/*
 * Between two achieved rates the recall goes from that of all above the lower
 * threshold to that of the threshold itself; below the first it is that of no
 * false positive.
 */
static double
area(const struct bsp_aupimo_image *image, const struct point *point, size_t n)
{
	double sum = 0, rate = 0, low, high;
	size_t i;

	for (i = 0; i < n; rate = point[i++].rate) {
		low = share_from(image, (uint64_t)point[i].key + 1);
		high = share_from(image, point[i].key);
		if (rate > 0)
			sum += trapezoid(rate, low, point[i].rate, high);
		else
			sum += trapezoid(LOW, low, point[i].rate, low);
	}
	sum /= bsp_log(HIGH) - bsp_log(LOW);
	return sum < 1 ? sum : 1; /* not more by rounding */
}

int
bsp_aupimo_values(const struct bsp_aupimo *aupimo, double *value,
    struct bsp_error *e)
{
	size_t normal = 0, count = 0, i;
	struct pixel *pixel;
	struct point *point;

	for (i = 0; i < aupimo->count; i++)
		normal += !aupimo->image[i].anomalous && aupimo->image[i].n > 0;
	pixel = gather(aupimo, normal, &count);
	point = malloc((count + 1) * sizeof *point);
	if (pixel == NULL || point == NULL) {
		free(pixel);
		free(point);
		return bsp_error_system(e, ENOMEM, "the pixels of %zu images",
		    normal);
	}
	count = find_rates(aupimo, normal, pixel, count, point);
	for (i = 0; i < aupimo->count; i++)
		value[i] = normal > 0 && aupimo->image[i].anomalous ?
		    area(&aupimo->image[i], point, count) :
		    (double)NAN;
	free(pixel);
	free(point);
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
