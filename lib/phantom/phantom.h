/*
 * How a brain slice is drawn.  Lengths are in pixels of a 256 x 256 image, with
 * the origin at the centre of the head, x to the right and y down (backwards
 * in the head).  The drawing is on a canvas of several samples to a pixel,
 * which is averaged in the end.
 */
#ifndef BSP_PHANTOM_H
#define BSP_PHANTOM_H

#include "../kernels/kernels.h"

/* What is drawn independently of the rest: the number of its random draws. */
enum part {
	PART_HEAD,
	PART_FOLDS,
	PART_FINE_FOLDS,
	PART_RIBBON,
	PART_SULCI,
	PART_RIM,
	PART_DEEP,
	PART_VESSELS,
	PART_TARGET,
	PART_NOISE,
};

struct draw {
	uint64_t seed, index;
};

void bsp_phantom_start(struct bsp_random *random, const struct draw *draw,
    enum part part);

/* Uniform in [lo, hi). */
double bsp_phantom_between(struct bsp_random *random, double lo, double hi);

struct point {
	double x, y;
};

/* ------------------------------------------------------------------ fields */

#define FIELD_STEP 2   /* pixels between the nodes of a field */
#define FIELD_NODES 132 /* a side */
#define FIELD_SIDE (2 * FIELD_NODES) /* samples a side, a pixel apart */

/* A smooth function of the place in the head. */
struct field {
	float at[FIELD_SIDE * FIELD_SIDE];
};

/* The place of a node, and the field through the values at all nodes. */
struct point bsp_field_node(size_t row, size_t col);
void bsp_field_spread(const float *node, struct field *field);

/* Noise of mean 0 and sd 1 without structure below the length sigma. */
int bsp_field_smooth(struct field *field, const struct draw *draw,
    enum part part, double sigma, struct bsp_error *e);

/* Noise of mean 0 and sd 1 of about one wavelength. */
int bsp_field_waves(struct field *field, const struct draw *draw,
    enum part part, double wavelength, struct bsp_error *e);

/* Linear between samples; the outermost beyond them. */
static inline float
bsp_field_at(const struct field *field, float x, float y)
{
	const float last = FIELD_SIDE - 1.01f;
	float u = x + (FIELD_SIDE - 1) / 2.f, v = y + (FIELD_SIDE - 1) / 2.f;
	const float *at;
	int i, j;

	u = u > 0 ? u : 0;
	v = v > 0 ? v : 0;
	u = u < last ? u : last;
	v = v < last ? v : last;
	i = (int)u;
	j = (int)v;
	u -= (float)i;
	v -= (float)j;
	at = field->at + j * FIELD_SIDE + i;
	return (1 - v) * ((1 - u) * at[0] + u * at[1]) +
	    v * ((1 - u) * at[FIELD_SIDE] + u * at[FIELD_SIDE + 1]);
}

/* ------------------------------------------------------------------ canvas */

#define WOBBLES 5

struct head {
	struct point centre;       /* in samples of the canvas */
	double cosine, sine;       /* of the tilt */
	double across, along;      /* half-axes */
	double wobble[WOBBLES][2]; /* cosine and sine, of orders from 2 */
};

/* All of a slice while it is drawn. */
struct canvas {
	struct draw draw;
	struct head head;
	size_t side;       /* samples */
	double scale;      /* samples a pixel */
	float *value;      /* intensity */
	float *depth;      /* below the outline, in pixels; outside < 0 */
	float *white;      /* white matter is > 0 */
	uint32_t *nearest; /* the nearest sample of white matter */
	uint32_t *scratch;
	struct field *field[3]; /* scratch too */
};

/* The place of a sample in the head, and the sample of a place. */
static inline struct point
bsp_canvas_place(const struct canvas *canvas, double row, double col)
{
	const struct head *head = &canvas->head;
	double u = (col - head->centre.x) / canvas->scale;
	double v = (row - head->centre.y) / canvas->scale;

	return (struct point){head->cosine * u + head->sine * v,
	    head->cosine * v - head->sine * u};
}

static inline struct point
bsp_canvas_sample(const struct canvas *canvas, struct point p)
{
	const struct head *head = &canvas->head;

	return (struct point){head->centre.x + canvas->scale *
	    (head->cosine * p.x - head->sine * p.y),
	    head->centre.y + canvas->scale *
	    (head->sine * p.x + head->cosine * p.y)};
}

/* --------------------------------------------------------------- structure */

/* Choose the head; measure how deep each sample lies. */
void bsp_head_draw(struct canvas *canvas);

/* How far the outline is from the centre in the direction of p. */
double bsp_head_reach(const struct head *head, struct point p);

/* White matter, cortex and the sulci in it. */
int bsp_cortex_draw(struct canvas *canvas, struct bsp_error *e);

/* Deep nuclei, ventricles and the fissure between the hemispheres. */
void bsp_deep_draw(struct canvas *canvas);

/* The rim of the brain, and vessels. */
int bsp_rim_draw(struct canvas *canvas, struct bsp_error *e);
void bsp_vessels_draw(struct canvas *canvas);

/* ---------------------------------------------------------------- painting */

/* A bent line with a width: a quadratic Bezier curve of both. */
struct curve {
	struct point at[3];
	double radius[3];
	float value;
};

/* Paint where the depth is at least that. */
void bsp_paint_disk(struct canvas *canvas, struct point centre, double radius,
    float value, float depth);
void bsp_paint_curve(struct canvas *canvas, const struct curve *curve,
    float depth);

/* --------------------------------------------------------------- finishing */

/* Average the canvas to a size x size image, with noise and a histogram. */
int bsp_phantom_expose(struct canvas *canvas, size_t size,
    struct bsp_image *out, struct bsp_error *e);

/*
 * Give the samples x[n] intensities of the target histogram, in their order;
 * the histogram differs a little from draw to draw.
 */
int bsp_target_match(float *x, size_t n, const struct draw *draw,
    struct bsp_error *e);

#endif
