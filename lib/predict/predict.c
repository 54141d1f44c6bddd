/*
 * The theory of the blind spot: average precision from two histograms.
 * Source: Meissen et al., MIDL 2022; the identity is in blindspot.h.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/base.h"

int
bsp_prediction_start(struct bsp_prediction *p, size_t bins,
    struct bsp_error *e)
{
	*p = (struct bsp_prediction){.bins = bins};
	p->lesion = calloc(bins, sizeof *p->lesion);
	p->normal = calloc(bins, sizeof *p->normal);
	p->tissue = calloc(bins, sizeof *p->tissue);
	p->score = calloc(bins, sizeof *p->score);
	if (p->lesion != NULL && p->normal != NULL && p->tissue != NULL &&
	    p->score != NULL)
		return 0;
	bsp_prediction_free(p);
	return bsp_error_system(e, ENOMEM, "histograms of %zu bins", bins);
}

void
bsp_prediction_free(struct bsp_prediction *p)
{
	free(p->lesion);
	free(p->normal);
	free(p->tissue);
	free(p->score);
	*p = (struct bsp_prediction){.bins = 0};
}

void
bsp_prediction_clear(struct bsp_prediction *p)
{
	memset(p->lesion, 0, p->bins * sizeof *p->lesion);
	memset(p->normal, 0, p->bins * sizeof *p->normal);
	p->positives = p->negatives = p->images = 0;
}

/* The bin of a value from 0 to 1; what lies outside goes to the ends. */
static size_t
bin_of(const struct bsp_prediction *p, double value)
{
	double at = value * (double)p->bins;

	if (at < 0)
		return 0;
	return at < (double)p->bins ? (size_t)at : p->bins - 1;
}

static bool
is_set(const struct bsp_image *mask, size_t i)
{
	return mask != NULL && mask->data[i] != 0;
}

int
bsp_prediction_add(struct bsp_prediction *p, const struct bsp_predicted *image,
    struct bsp_error *e)
{
	const float *x = image->healthy->data, *y = image->recon->data;
	size_t i, n = bsp_image_size(image->healthy), bin;
	uint64_t scored = 0, lesion = 0;
	bool tissue, place, anomalous;

	for (i = 0; i < n; i++) {
		if (image->within != NULL && !is_set(image->within, i))
			continue;
		tissue = x[i] > 0;
		anomalous = is_set(image->label, i);
		place = image->own ? anomalous : image->places == NULL ?
		    tissue : is_set(image->places, i);
		bin = bin_of(p, (double)y[i]);
		p->tissue[bin] += tissue;
		p->lesion[bin] += place;
		bin = bin_of(p, fabs((double)y[i] - (double)x[i]));
		p->normal[bin] += !(image->own && anomalous);
		lesion += anomalous;
		scored++;
	}
	if (image->label == NULL)
		lesion = image->pixels;
	if (lesion > scored)
		return bsp_error_set(e, BSP_DATA, "has %llu pixels to be scored, "
		    "expected at least the %llu of a lesion",
		    (unsigned long long)scored, (unsigned long long)lesion);
	p->images += lesion > 0;
	p->positives += lesion;
	p->negatives += scored - lesion;
	return 0;
}

static uint64_t
total(const uint64_t *count, size_t bins)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < bins; i++)
		sum += count[i];
	return sum;
}

double
bsp_prediction_ap(const struct bsp_prediction *p, double intensity)
{
	double lesion = (double)total(p->lesion, p->bins);
	double normal = (double)total(p->normal, p->bins);
	double rho = (double)p->negatives / (double)p->positives;
	double self = .5 * (double)p->images / (double)p->positives;
	double above = 0, fp_above = 0, s, g, sum = 0, centre;
	size_t k;

	if (p->positives == 0 || lesion == 0)
		return (double)NAN;
	memset(p->score, 0, p->bins * sizeof *p->score);
	for (k = 0; k < p->bins; k++) {
		centre = ((double)k + .5) / (double)p->bins;
		p->score[bin_of(p, fabs(intensity - centre))] += p->lesion[k];
	}
	/* From the highest score down; a bin's own pixels count by half, but a
	 * pixel of the lesion counts itself. */
	for (k = p->bins; k-- > 0; ) {
		s = (above + (double)p->score[k] / 2) / lesion + self;
		s = s < 1 ? s : 1;
		g = normal == 0 ? 0 :
		    (fp_above + (double)p->normal[k] / 2) / normal;
		if (p->score[k] > 0)
			sum += (double)p->score[k] / lesion * s /
			    (s + rho * g);
		above += (double)p->score[k];
		fp_above += (double)p->normal[k];
	}
	return sum < 1 ? sum : 1; /* not more by rounding */
}

double
bsp_prediction_half_width(const struct bsp_prediction *p)
{
	double normal = (double)total(p->normal, p->bins), above = 0;
	double wanted = normal * (double)p->positives / (double)p->negatives;
	size_t k;

	if (p->positives == 0 || p->negatives == 0)
		return (double)NAN;
	for (k = p->bins; k-- > 0; ) {
		above += (double)p->normal[k];
		if (above >= wanted)
			return ((double)k + .5) / (double)p->bins;
	}
	return 0;
}

double
bsp_prediction_median(const struct bsp_prediction *p)
{
	uint64_t all = total(p->tissue, p->bins), below = 0;
	size_t k;

	if (all == 0)
		return (double)NAN;
	for (k = 0; k + 1 < p->bins; k++) {
		below += p->tissue[k];
		if (2 * below >= all)
			break;
	}
	return ((double)k + .5) / (double)p->bins;
}

double
bsp_prediction_mode(const struct bsp_prediction *p)
{
	size_t window = p->bins / 50 > 0 ? p->bins / 50 : 1, k, best = 0;
	uint64_t sum = 0, most;

	if (total(p->tissue, p->bins) == 0)
		return (double)NAN;
	for (k = 0; k < window; k++)
		sum += p->tissue[k];
	for (most = sum; k < p->bins; k++) {
		sum += p->tissue[k] - p->tissue[k - window];
		if (sum > most) {
			most = sum;
			best = k + 1 - window;
		}
	}
	return ((double)best + (double)window / 2) / (double)p->bins;
}
