/*
 * Images worked on at once: see threads.h.
 */
#include <pthread.h>
#include <stdlib.h>

#include "threads.h"

struct crew {
	int (*work)(void *with, size_t i, struct bsp_error *e);
	void *with;
	pthread_mutex_t lock; /* of what follows */
	size_t next, failed;
	struct bsp_error error;
};

/* Take what is next, until nothing is left or something before it failed. */
static void *
join_in(void *with)
{
	struct crew *crew = with;
	struct bsp_error e;
	size_t i;
	int r;

	pthread_mutex_lock(&crew->lock);
	while (crew->next < crew->failed) {
		i = crew->next++;
		pthread_mutex_unlock(&crew->lock);
		e = (struct bsp_error){0};
		r = crew->work(crew->with, i, &e);
		pthread_mutex_lock(&crew->lock);
		if (r != 0 && i < crew->failed) {
			crew->failed = i;
			crew->error = e;
		}
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

size_t
cli_at_once(uint64_t threads, size_t n,
    int (*work)(void *with, size_t i, struct bsp_error *e), void *with,
    struct bsp_error *e)
{
	struct crew crew = {.work = work, .with = with, .failed = n};
	size_t others, started = 0;
	pthread_t *thread = NULL;

	if (threads == 0)
		threads = bsp_processors();
	others = threads < n ? (size_t)threads : n;
	pthread_mutex_init(&crew.lock, NULL);
	/* This thread works too; where others cannot be had, alone. */
	if (others > 1)
		thread = malloc((others - 1) * sizeof *thread);
	while (thread != NULL && started + 1 < others && pthread_create(
	    &thread[started], NULL, join_in, &crew) == 0)
		started++;
	join_in(&crew);
	while (started > 0)
		pthread_join(thread[--started], NULL);
	free(thread);
	pthread_mutex_destroy(&crew.lock);
	if (crew.failed < n)
		*e = crew.error;
	return crew.failed;
}

void
cli_blame(const struct bsp_reader *reader, uint64_t image,
    struct bsp_error *e)
{
	bool blamed = e->stream == NULL && e->status == BSP_DATA;

	bsp_reader_blame(reader, e);
	if (blamed)
		e->image = (int64_t)image;
}
