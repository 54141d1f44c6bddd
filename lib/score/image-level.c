/*
 * Image-level scores: is there an anomaly in the image at all?
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../kernels/kernels.h"
#include "score.h"

/*
 * The mean of the highest share of ascending keys, at least one of them.  A
 * share that is a whole number of them but for rounding is that number.
 */
static double
mean_of_top(const uint32_t *key, size_t n, double share)
{
	size_t top = (size_t)ceil(share * (double)n * (1 - 1e-12)), i;
	struct bsp_sum sum = {0};
	float x;

	top = top > 0 ? top : 1;
	for (i = n - top; i < n; i++) {
		x = bsp_score_of(key[i]);
		bsp_sum_add(&sum, &x, 1);
	}
	return bsp_sum_mean(&sum);
}

static double
deviation(const float *x, size_t n, double mean)
{
	double sum = 0, d;
	size_t i;

	for (i = 0; i < n; i++) {
		d = (double)x[i] - mean;
		sum += d * d;
	}
	return sqrt(sum / (double)n);
}

/* The samples that count, or all; their number. */
static size_t
gather(const struct bsp_image *map, const struct bsp_image *within, float *x)
{
	size_t i, n = 0;

	for (i = 0; i < bsp_image_size(map); i++)
		if (within == NULL || within->data[i] != 0)
			x[n++] = map->data[i];
	return n;
}

int
bsp_image_score(const struct bsp_image *map, const struct bsp_image *within,
    enum bsp_image_rule rule, double share, double *score,
    struct bsp_error *e)
{
	size_t pixels = bsp_image_size(map), n;
	float *x = calloc(pixels, sizeof *x);
	uint32_t *key = malloc(pixels * sizeof *key);
	struct bsp_sum sum = {0};

	if (x == NULL || key == NULL) {
		free(x);
		free(key);
		return bsp_error_system(e, ENOMEM, "a map of %zu x %zu",
		    map->cols, map->rows);
	}
	n = gather(map, within, x);
	bsp_sum_add(&sum, x, n);
	*score = bsp_sum_mean(&sum);
	if (n > 0 && rule == BSP_RULE_STD)
		*score = deviation(x, n, *score);
	if (n > 0 && (rule == BSP_RULE_MAX || rule == BSP_RULE_TOP)) {
		bsp_make_keys(x, key, n);
		bsp_sort_u32(key, NULL, n);
		*score = rule == BSP_RULE_MAX ?
		    (double)bsp_score_of(key[n - 1]) :
		    mean_of_top(key, n, share);
	}
	free(x);
	free(key);
	return 0;
}

/* ---------------------------------------------------------------- metrics */

struct ranked {
	double score;
	bool anomalous;
};

static int
descending(const void *a, const void *b)
{
	const struct ranked *p = a, *q = b;

	return (p->score < q->score) - (p->score > q->score);
}

/* AUROC, and average precision, of images with scores; NaN as for pixels. */
static void
rank(struct ranked *image, size_t n, double *auroc, double *ap)
{
	size_t i, k, tp = 0, fp = 0, new_tp, new_fp, p = 0;
	double twice = 0, sum = 0;

	for (i = 0; i < n; i++)
		p += image[i].anomalous;
	qsort(image, n, sizeof *image, descending);
	for (i = 0; i < n; i = k) {
		new_tp = new_fp = 0;
		for (k = i; k < n && image[k].score == image[i].score; k++)
			image[k].anomalous ? new_tp++ : new_fp++;
		tp += new_tp;
		fp += new_fp;
		twice += (double)new_tp * (double)(2 * (n - p - fp) + new_fp);
		sum += (double)new_tp * (double)tp / (double)(tp + fp);
	}
	*auroc = p == 0 || p == n ? (double)NAN :
	    twice / 2 / ((double)p * (double)(n - p));
	*ap = p == 0 ? (double)NAN : sum / (double)p;
}

/* A bootstrap's images: those of as many units as there are, drawn. */
static size_t
draw(const struct bsp_image_level *in, const size_t *first,
    const size_t *member, size_t units, uint64_t seed, uint64_t index,
    struct ranked *to)
{
	struct bsp_random random;
	size_t i, k, n = 0, unit;

	bsp_random_start(&random, seed, BSP_DRAW_BOOTSTRAP, 0, index);
	for (i = 0; i < units; i++) {
		unit = (size_t)bsp_random_below(&random, units);
		for (k = first[unit]; k < first[unit + 1]; k++)
			to[n++] = (struct ranked){in->score[member[k]],
			    in->anomalous[member[k]]};
	}
	return n;
}

/*
 * The members of each unit, an image or a group of them, one after another;
 * how many units have any.  An image without a score is none.  first has room
 * for one more than there are.
 */
static size_t
list_units(const struct bsp_image_level *in, const struct bsp_resampling *how,
    size_t *first, size_t *member)
{
	size_t units = how->group == NULL ? in->n : how->groups;
	size_t i, u, n, kept = 0;

	for (u = 0; u <= units; u++)
		first[u] = 0;
	for (i = 0; i < in->n; i++)
		if (!isnan(in->score[i]))
			first[(how->group == NULL ? i : how->group[i]) + 1]++;
	for (u = 0; u < units; u++)
		first[u + 1] += first[u];
	n = first[units];
	for (i = in->n; i-- > 0; ) {
		u = how->group == NULL ? i : how->group[i];
		if (!isnan(in->score[i]))
			member[--first[u + 1]] = i;
	}
	/* first[u + 1] is now where unit u begins; those without are left. */
	for (u = 0; u < units; u++)
		if (first[u + 1] < (u + 1 < units ? first[u + 2] : n))
			first[kept++] = first[u + 1];
	first[kept] = n;
	return kept;
}

/* Of one class alone a replicate has nothing to tell. */
static int
bootstrap(const struct bsp_image_level *in, const size_t *first,
    const size_t *member, const struct bsp_resampling *how,
    struct bsp_summary *auroc, struct bsp_summary *ap, struct bsp_error *e)
{
	size_t replicates = how->replicates, units = auroc->subjects;
	double *value = malloc(2 * replicates * sizeof *value), a, p;
	struct ranked *drawn = NULL;
	size_t n, as = 0, ps = 0, i, most = 0;

	for (i = 0; i < units; i++)
		most = first[i + 1] - first[i] > most ?
		    first[i + 1] - first[i] : most;
	drawn = malloc((units * most + 1) * sizeof *drawn);
	if (value == NULL || drawn == NULL) {
		free(value);
		free(drawn);
		return bsp_error_system(e, ENOMEM,
		    "a bootstrap of %zu replicates", replicates);
	}
	for (i = 0; i < replicates; i++) {
		n = draw(in, first, member, units, how->seed, i, drawn);
		rank(drawn, n, &a, &p);
		if (!isnan(a))
			value[as++] = a;
		if (!isnan(p))
			value[replicates + ps++] = p;
	}
	bsp_interval_of(value, as, units, how, auroc);
	bsp_interval_of(value + replicates, ps, units, how, ap);
	free(value);
	free(drawn);
	return 0;
}

int
bsp_image_level(const struct bsp_image_level *in,
    const struct bsp_resampling *how, struct bsp_summary *auroc,
    struct bsp_summary *ap, struct bsp_error *e)
{
	static const struct bsp_resampling none = {.group = NULL};
	struct ranked *image = malloc((in->n + 1) * sizeof *image);
	struct bsp_summary empty = {.sd = (double)NAN,
	    .ci_low = (double)NAN, .ci_high = (double)NAN};
	size_t *first, i, n = 0;
	int result = 0;

	how = how == NULL ? &none : how;
	first = malloc((2 * in->n + how->groups + 2) * sizeof *first);
	if (image == NULL || first == NULL) {
		free(image);
		free(first);
		return bsp_error_system(e, ENOMEM, "%zu images", in->n);
	}
	for (i = 0; i < in->n; i++)
		if (!isnan(in->score[i]))
			image[n++] = (struct ranked){in->score[i],
			    in->anomalous[i]};
	empty.n = n;
	empty.undefined = in->n - n;
	empty.subjects = list_units(in, how, first + in->n, first);
	*auroc = *ap = empty;
	rank(image, n, &auroc->mean, &ap->mean);
	auroc->undefined += isnan(auroc->mean) ? (size_t)1 : 0;
	ap->undefined += isnan(ap->mean) ? (size_t)1 : 0;
	if (how->replicates > 0 && empty.subjects > 1)
		result = bootstrap(in, first + in->n, first, how, auroc, ap,
		    e);
	free(image);
	free(first);
	return result;
}
