/*
 * White matter where noise of one wavelength is positive, more of it deep in
 * the brain and none near its surface or along its fissures; grey matter
 * around it; cerebrospinal fluid halfway between its folds.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "phantom.h"

#define WHITE .46f
#define GREY .30f
#define FLUID .015f
#define FOLDS 16.6      /* wavelength */
#define FINE_FOLDS 10.
#define FINE_SHARE .34f
#define STRETCH .25
#define RIBBON 4.5      /* thickness of the cortex */
#define SULCUS 1.2      /* half-width */
#define OPPOSITE 4.5    /* two banks of a sulcus are further apart */

/* Fissures in shares of the half-axes; mirrored where they are at one side. */
static const struct {
	struct point from, to;
	double reach; /* pixels within which there is less white matter */
} fissures[] = {
	{{0, -1.1}, {0, -.45}, 8}, /* between the hemispheres */
	{{0, .42}, {0, 1.1}, 8},
	{{.52, -.28}, {.60, -.04}, 9}, /* the insula */
	{{.60, -.04}, {.54, .22}, 9},
	{{.60, -.10}, {1, -.16}, 9}, /* the lateral sulcus */
};

static double
clip(double x, double lo, double hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

static double
distance(struct point p, struct point from, struct point to)
{
	double dx = to.x - from.x, dy = to.y - from.y, t;

	t = clip(((p.x - from.x) * dx + (p.y - from.y) * dy) /
	    (dx * dx + dy * dy), 0, 1);
	dx = from.x + t * dx - p.x;
	dy = from.y + t * dy - p.y;
	return sqrt(dx * dx + dy * dy);
}

/* How little white matter the fissures leave. */
static double
fissure(const struct head *head, struct point p)
{
	struct point from, to;
	double share, most = 0;
	size_t i;

	p.x = fabs(p.x);
	for (i = 0; i < sizeof fissures / sizeof *fissures; i++) {
		from = (struct point){fissures[i].from.x * head->across,
		    fissures[i].from.y * head->along};
		to = (struct point){fissures[i].to.x * head->across,
		    fissures[i].to.y * head->along};
		share = distance(p, from, to) / fissures[i].reach;
		share = 1 - share * share;
		if (share > most)
			most = share;
	}
	return most;
}

/* What the place alone adds to the noise; and the depth. */
static int
place(struct canvas *canvas, struct field *bias, struct field *depth,
    struct bsp_error *e)
{
	const size_t n = FIELD_NODES;
	float *node = malloc(2 * n * n * sizeof *node), *deep = node + n * n;
	double reach, far, below, q;
	struct point p;
	size_t r, c;

	if (node == NULL)
		return bsp_error_system(e, ENOMEM, "a field");
	for (r = 0; r < n; r++)
		for (c = 0; c < n; c++) {
			p = bsp_field_node(r, c);
			reach = bsp_head_reach(&canvas->head, p);
			far = sqrt(p.x * p.x + p.y * p.y);
			below = reach - far;
			q = below > 0 ? below / 7.6 : 0;
			node[r * n + c] = (float)(2.5 *
			    clip((.7 - far / reach) / .25, -.2, 1) -
			    1.6 * bsp_exp(-clip(q * q * q * q, 0, 50)) -
			    6 * fissure(&canvas->head, p));
			deep[r * n + c] = (float)below;
		}
	bsp_field_spread(node, bias);
	bsp_field_spread(deep, depth);
	free(node);
	return 0;
}

/*
 * Where to look up the noise for a place: it is stretched towards the centre,
 * so that gyri stand on the surface.  At the centre itself all is white.
 */
static struct point
unstretched(struct point p, float depth)
{
	double by = 1 + STRETCH * (double)depth /
	    (1 + sqrt(p.x * p.x + p.y * p.y));

	return (struct point){by * p.x, by * p.y};
}

static int
grow(struct canvas *canvas, struct bsp_error *e)
{
	struct field *bias = canvas->field[0], *folds = canvas->field[1];
	struct field *depth = canvas->field[2];
	struct field *fine = depth;
	struct point p;
	float white;
	size_t r, c, i;

	if (place(canvas, bias, depth, e))
		return -1;
	for (r = 0, i = 0; r < canvas->side; r++)
		for (c = 0; c < canvas->side; c++, i++) {
			p = bsp_canvas_place(canvas, (double)r, (double)c);
			canvas->depth[i] = bsp_field_at(depth, (float)p.x,
			    (float)p.y);
		}
	if (bsp_field_waves(folds, &canvas->draw, PART_FOLDS, FOLDS, e) ||
	    bsp_field_waves(fine, &canvas->draw, PART_FINE_FOLDS, FINE_FOLDS,
	    e))
		return -1;
	for (r = 0, i = 0; r < canvas->side; r++)
		for (c = 0; c < canvas->side; c++, i++) {
			if (canvas->depth[i] <= 0) {
				canvas->white[i] = -1;
				continue;
			}
			p = bsp_canvas_place(canvas, (double)r, (double)c);
			white = bsp_field_at(bias, (float)p.x, (float)p.y);
			p = unstretched(p, canvas->depth[i]);
			canvas->white[i] = white +
			    bsp_field_at(folds, (float)p.x, (float)p.y) +
			    FINE_SHARE * bsp_field_at(fine, (float)p.x,
			    (float)p.y);
		}
	return 0;
}

/* From sample to sample, in samples, squared. */
static uint64_t
between(const struct canvas *canvas, uint32_t a, uint32_t b)
{
	uint32_t side = (uint32_t)canvas->side;
	int64_t rows = (int64_t)(a / side) - b / side;
	int64_t cols = (int64_t)(a % side) - b % side;

	return (uint64_t)(rows * rows + cols * cols);
}

/*
 * Where neighbours are nearest to white matter on opposite banks, as in the
 * integer medial axis.  Source: Hesselink, Roerdink, "Euclidean skeletons of
 * digital image and volume data in linear time by the integer medial axis
 * transform", 2008.
 */
static void
paint_sulci(struct canvas *canvas, const struct field *width,
    const struct field *ribbon)
{
	const uint32_t *nearest = canvas->nearest;
	size_t side = canvas->side, r, c, i;
	double apart = OPPOSITE * canvas->scale, thick;
	struct point p;

	for (r = 0; r + 1 < side; r++)
		for (c = 0; c + 1 < side; c++) {
			i = r * side + c;
			if (canvas->depth[i] <= 0 || nearest[i] == BSP_NOWHERE ||
			    canvas->white[i] > 0)
				continue;
			if ((double)between(canvas, nearest[i],
			    nearest[i + 1]) < apart * apart &&
			    (double)between(canvas, nearest[i],
			    nearest[i + side]) < apart * apart)
				continue;
			p = bsp_canvas_place(canvas, (double)r, (double)c);
			thick = canvas->scale * RIBBON * (1 + .12 *
			    (double)bsp_field_at(ribbon, (float)p.x,
			    (float)p.y));
			if ((double)between(canvas, nearest[i],
			    (uint32_t)i) < thick * thick)
				continue;
			bsp_paint_disk(canvas, p, SULCUS * clip(1 + .35 *
			    (double)bsp_field_at(width, (float)p.x,
			    (float)p.y), .3, 2), FLUID, 0);
		}
}

int
bsp_cortex_draw(struct canvas *canvas, struct bsp_error *e)
{
	size_t i, n = canvas->side * canvas->side;

	if (grow(canvas, e) ||
	    bsp_nearest_seed(canvas->white, 0, canvas->side, canvas->side,
	    canvas->nearest,
	    canvas->scratch, e) ||
	    bsp_field_smooth(canvas->field[0], &canvas->draw, PART_SULCI, 6,
	    e) ||
	    bsp_field_smooth(canvas->field[1], &canvas->draw, PART_RIBBON, 6,
	    e))
		return -1;
	for (i = 0; i < n; i++)
		canvas->value[i] = canvas->depth[i] <= 0 ? 0 :
		    canvas->white[i] > 0 ? WHITE : GREY;
	paint_sulci(canvas, canvas->field[0], canvas->field[1]);
	return 0;
}
