/*
 * The kinds of anomaly, one file a kind or family of kinds.  Each is described
 * in its row of the table (inject.c) and in anom-inject(1).
 */
#ifndef BSP_INJECT_H
#define BSP_INJECT_H

#include "../base/kind.h"

extern const struct bsp_param bsp_disk_params[];
bsp_inject_fn bsp_inject_disk;

extern const struct bsp_param bsp_deform_params[];
bsp_inject_fn bsp_inject_source;
bsp_inject_fn bsp_inject_sink;
bsp_inject_fn bsp_inject_shuffle;

/*
 * A blended sample that changes by more is anomalous.  Samples of an 8-bit
 * image are rounded to float32, and neighbours among its levels are then more
 * than 1/255 apart or less: none of them is to count.
 */
#define BSP_VISIBLE (1 / 255. + 1e-6)

static inline bool
bsp_is_visible(float x, float healthy)
{
	double change = (double)x - (double)healthy;

	return change > BSP_VISIBLE || change < -BSP_VISIBLE;
}

/* What is drawn until it fits is drawn so often at most. */
#define BSP_TRIES 100

/* Record number i of what the kind drew. */
static inline void
bsp_tell(const struct bsp_inject_job *job, size_t i, double value)
{
	if (job->drawn != NULL)
		job->drawn[i] = value;
}

/* Draw a sample of the foreground, uniform in row-major order. */
size_t bsp_foreground_draw(const struct bsp_image *image,
    struct bsp_random *random);

/*
 * Put those of a piece's samples, its first at (row, col), that differ visibly
 * from the healthy image into the foreground of the image, and label them;
 * returns how many do.
 */
size_t bsp_put_visible(const struct bsp_inject_job *job,
    const struct bsp_image *piece, size_t row, size_t col,
    struct bsp_image *image, struct bsp_image *label);

extern const struct bsp_param bsp_coarse_noise_params[];
extern const char *const bsp_coarse_noise_drawn[];
bsp_inject_fn bsp_inject_coarse_noise;

extern const struct bsp_param bsp_cutpaste_params[];
extern const char *const bsp_cutpaste_drawn[];
bsp_check_fn bsp_cutpaste_check;
bsp_inject_fn bsp_inject_cutpaste;

extern const struct bsp_param bsp_sprites_params[];
extern const char *const bsp_sprites_drawn[];
bsp_inject_fn bsp_inject_sprites;

extern const struct bsp_param bsp_lesion_params[];
bsp_inject_fn bsp_inject_lesion;

extern const char *const bsp_smooth_drawn[], *const bsp_bend_drawn[];
bsp_inject_fn bsp_inject_smooth_intensity;
bsp_inject_fn bsp_inject_bend_sink, bsp_inject_bend_source;

extern const char *const bsp_foreign_drawn[], *const bsp_nsa_drawn[];
bsp_inject_fn bsp_inject_fpi, bsp_inject_pii, bsp_inject_nsa;

extern const struct bsp_param bsp_perlin_params[];
extern const char *const bsp_perlin_drawn[];
bsp_inject_fn bsp_inject_perlin;

#endif
