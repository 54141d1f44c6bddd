/*
 * Model files for programs: see model-file.h.
 */
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model-file.h"

void
learned_read(const char *path, struct bsp_tensors *tensors)
{
	struct bsp_error e = {0};
	int fd = cli_open(path), r;

	r = bsp_tensors_read(fd, strcmp(path, "-") == 0 ? "standard input" :
	    path, tensors, &e);
	close(fd);
	if (r != 0)
		cli_die(&e);
}

void
learned_write(const char *path, const struct bsp_tensors *tensors)
{
	struct bsp_error e = {0};

	if (bsp_tensors_write(path, tensors, &e))
		cli_die(&e);
}

struct bsp_model *
learned_model(const char *path)
{
	struct bsp_tensors tensors;
	struct bsp_error e = {0};
	struct bsp_model *model;

	learned_read(path, &tensors);
	model = bsp_model_from(&tensors, &e);
	if (model == NULL) {
		e.stream = path;
		e.image = e.byte = -1;
		cli_die(&e);
	}
	if (bsp_model_tensors(model)->note[0] != '\0')
		cli_note("%s: %s", path, bsp_model_tensors(model)->note);
	return model;
}

/* ---------------------------------------------------------------- threads */

static void *
wait_for_all(void *barrier)
{
	pthread_mutex_lock(barrier);
	pthread_mutex_unlock(barrier);
	return NULL;
}

/*
 * How many threads can be had beside one another, of those wanted: OpenMP ends
 * the program where it cannot have its own.
 */
static int
try_threads(int wanted)
{
	pthread_mutex_t all = PTHREAD_MUTEX_INITIALIZER;
	pthread_t *thread = malloc((size_t)wanted * sizeof *thread);
	int n = 0, i;

	pthread_mutex_lock(&all);
	while (thread != NULL && n + 1 < wanted &&
	    pthread_create(&thread[n], NULL, wait_for_all, &all) == 0)
		n++;
	pthread_mutex_unlock(&all);
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	free(thread);
	return n + 1;
}

void
learned_threads(uint64_t threads)
{
	int most = omp_get_num_procs(), wanted = omp_get_max_threads(), got;

	if (threads > 0)
		wanted = threads > 1024 ? 1024 : (int)threads;
	if (wanted > 4 * most) {
		cli_note("--threads: %d on %d processors, %d are used", wanted,
		    most, 4 * most);
		wanted = 4 * most;
	}
	got = try_threads(wanted);
	if (got < wanted)
		cli_note("%d of %d threads can be made, and are used", got,
		    wanted);
	omp_set_num_threads(got);
}
