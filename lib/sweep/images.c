/*
 * Images of a sweep at once, on several threads.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "sweep.h"

/* What the pieces of an image share: the first that comes makes it. */
struct shared {
	pthread_mutex_t lock;
	size_t left; /* pieces to be done; 0 before it is made, and after */
	struct bsp_sweep_start start;
	bool failed;
	struct bsp_error error;
};

/* What the threads share; what changes is behind the lock. */
struct run {
	const struct bsp_sweep_batch *batch;
	size_t injects, each; /* values a pair */
	size_t unit;          /* pairs that are best run at once */
	size_t units, pieces; /* of an image */
	size_t total;         /* pieces of all */
	struct shared *image; /* of the batch */
	pthread_mutex_t lock;
	size_t next;          /* the next piece */
	size_t done;          /* pairs */
	size_t failed;        /* the first piece in order that failed; total */
	struct bsp_error error;
};

/* The affinity mask of a machine of more than 1024 does not fit: then all that
 * are there. */
size_t
bsp_processors(void)
{
	cpu_set_t set;
	long n = sched_getaffinity(0, sizeof set, &set) == 0 ?
	    CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (size_t)n : 1;
}

/*
 * Into how many pieces the pairs of an image are cut: few images are not to
 * leave threads idle.  The short way wants whole degradations.
 */
static void
cut(struct run *run, size_t threads)
{
	const struct bsp_sweep_batch *batch = run->batch;
	bool local = bsp_sweep_is_local(batch->sweep);
	size_t wanted = 8 * threads / batch->images + 1;

	run->unit = local ? run->injects : 1;
	run->units = (batch->end - batch->begin + run->unit - 1) / run->unit;
	run->pieces = wanted < run->units ? wanted : run->units;
	run->total = run->failed = batch->images * run->pieces;
}

/* The pairs of a piece. */
static void
find_pairs(const struct run *run, size_t piece, size_t *begin, size_t *end)
{
	const struct bsp_sweep_batch *batch = run->batch;
	size_t k = piece % run->pieces;

	*begin = batch->begin + k * run->units / run->pieces * run->unit;
	*end = batch->begin + (k + 1) * run->units / run->pieces * run->unit;
	if (*end > batch->end)
		*end = batch->end;
}

/* Make what an image's pieces share, unless it is there. */
static int
begin_image(struct run *run, size_t image, struct bsp_error *e)
{
	const struct bsp_sweep_batch *batch = run->batch;
	struct shared *shared = &run->image[image];

	pthread_mutex_lock(&shared->lock);
	if (shared->left == 0) {
		shared->left = run->pieces;
		shared->failed = bsp_sweep_begin(batch->sweep,
		    &batch->image[image], &shared->start,
		    &shared->error) != 0;
	}
	pthread_mutex_unlock(&shared->lock);
	if (shared->failed)
		*e = shared->error;
	return shared->failed ? -1 : 0;
}

/* After the last piece nobody needs it. */
static void
end_image(struct run *run, size_t image)
{
	struct shared *shared = &run->image[image];

	pthread_mutex_lock(&shared->lock);
	if (--shared->left == 0 && !shared->failed)
		bsp_sweep_start_free(&shared->start);
	pthread_mutex_unlock(&shared->lock);
}

static int
run_piece(struct run *run, size_t piece, size_t begin, size_t end,
    struct bsp_error *e)
{
	const struct bsp_sweep_batch *batch = run->batch;
	size_t image = piece / run->pieces;
	size_t pairs = batch->end - batch->begin;
	double *values = batch->values + (image * pairs + begin -
	    batch->begin) * run->each;
	size_t *anomalous = batch->anomalous == NULL || begin != batch->begin ?
	    NULL : batch->anomalous + image * run->injects;
	int result = begin_image(run, image, e);

	if (result == 0)
		result = bsp_sweep_go_on(batch->sweep, &batch->image[image],
		    &run->image[image].start, begin, end, values, anomalous,
		    e);
	end_image(run, image);
	return result;
}

/* Run pieces until none is left, or none before the first that failed. */
static void *
work(void *with)
{
	struct run *run = with;
	const struct bsp_sweep_batch *batch = run->batch;
	size_t piece, begin, end;
	struct bsp_error e;
	int r;

	pthread_mutex_lock(&run->lock);
	while (run->next < run->total && run->next < run->failed) {
		piece = run->next++;
		pthread_mutex_unlock(&run->lock);
		find_pairs(run, piece, &begin, &end);
		e = (struct bsp_error){0};
		r = run_piece(run, piece, begin, end, &e);
		pthread_mutex_lock(&run->lock);
		if (r != 0 && piece < run->failed) {
			run->failed = piece;
			run->error = e;
			run->error.image = (int64_t)(piece / run->pieces);
		}
		run->done += end - begin;
		if (batch->progress != NULL)
			batch->progress(batch->with, run->done);
	}
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

static int
check(const struct bsp_sweep_batch *batch, struct bsp_error *e)
{
	if (batch->sweep == NULL || batch->image == NULL ||
	    batch->values == NULL)
		return bsp_error_set(e, BSP_USAGE, "no %s, expected one",
		    batch->sweep == NULL ? "sweep" : batch->image == NULL ?
		    "images" : "room for values");
	if (batch->begin > batch->end ||
	    batch->end > bsp_sweep_pairs(batch->sweep))
		return bsp_error_set(e, BSP_USAGE, "found pairs %zu to %zu, "
		    "expected some of the grid's %zu", batch->begin,
		    batch->end, bsp_sweep_pairs(batch->sweep));
	return 0;
}

/* This thread works too; where others cannot be had, it does so alone. */
static void
run_threads(struct run *run, size_t threads)
{
	pthread_t *thread = NULL;
	size_t n = 0;

	if (threads > run->total)
		threads = run->total;
	if (threads > 1)
		thread = malloc((threads - 1) * sizeof *thread);
	while (thread != NULL && n + 1 < threads &&
	    pthread_create(&thread[n], NULL, work, run) == 0)
		n++;
	work(run);
	while (n > 0)
		pthread_join(thread[--n], NULL);
	free(thread);
}

static int
open_shared(struct run *run, struct bsp_error *e)
{
	size_t i, n = run->batch->images;

	run->image = calloc(n, sizeof *run->image);
	if (run->image == NULL)
		return bsp_error_system(e, ENOMEM, "%zu images", n);
	for (i = 0; i < n; i++)
		pthread_mutex_init(&run->image[i].lock, NULL);
	return 0;
}

/* After an error some images have pieces left. */
static void
close_shared(struct run *run)
{
	struct shared *shared;
	size_t i;

	for (i = 0; i < run->batch->images; i++) {
		shared = &run->image[i];
		if (shared->left > 0 && !shared->failed)
			bsp_sweep_start_free(&shared->start);
		pthread_mutex_destroy(&shared->lock);
	}
	free(run->image);
}

int
bsp_sweep_images(const struct bsp_sweep_batch *batch, struct bsp_error *e)
{
	size_t threads = batch->threads > 0 ? batch->threads :
	    bsp_processors();
	struct run run = {.batch = batch};

	if (check(batch, e))
		return -1;
	if (batch->images == 0 || batch->begin == batch->end)
		return 0;
	run.injects = bsp_spec_cells(&batch->sweep->inject);
	run.each = bsp_sweep_residuals(batch->sweep) *
	    batch->sweep->metrics;
	cut(&run, threads);
	if (open_shared(&run, e))
		return -1;
	pthread_mutex_init(&run.lock, NULL); /* never fails on Linux */
	run_threads(&run, threads);
	pthread_mutex_destroy(&run.lock);
	close_shared(&run);
	if (run.failed == run.total)
		return 0;
	*e = run.error;
	return -1;
}
