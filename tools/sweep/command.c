/*
 * A command that reconstructs: see command.h.
 *
 * A thread feeds the command while the program reads what it writes, so that
 * neither waits for the other, however much the command holds back.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/base/whole-file.h"
#include "command.h"

extern char **environ;

static _Noreturn void
die_system(int errnum, const char *what)
{
	struct bsp_error e;

	bsp_error_system(&e, errnum, "%s", what);
	cli_die(&e);
}

/* ---------------------------------------------------------------- spooling */

static void
write_all(int fd, const char *bytes, size_t n)
{
	ssize_t written;

	for (; n > 0; bytes += written, n -= (size_t)written) {
		written = write(fd, bytes, n);
		if (written < 0 && errno == EINTR)
			written = 0;
		else if (written < 0)
			die_system(errno, "write a temporary copy of the "
			    "images");
	}
}

void
command_spool(int *fd)
{
	static char bytes[1 << 16];
	ssize_t n;
	FILE *file;
	int copy;

	if (lseek(*fd, 0, SEEK_CUR) >= 0)
		return;
	file = tmpfile();
	copy = file == NULL ? -1 : fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		die_system(errno, "make a temporary file");
	fclose(file);
	while ((n = read(*fd, bytes, sizeof bytes)) != 0) {
		if (n > 0)
			write_all(copy, bytes, (size_t)n);
		else if (errno != EINTR)
			die_system(errno, "read the images");
	}
	if (lseek(copy, 0, SEEK_SET) < 0)
		die_system(errno, "read the temporary copy of the images");
	close(*fd);
	*fd = copy;
}

/* The same file, open once more at the same place, to be read on its own. */
static int
open_again(int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	char path[64];
	int again;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	again = bsp_open(path, O_RDONLY);
	if (again < 0 || lseek(again, at, SEEK_SET) < 0)
		die_system(errno, "open the images again");
	return again;
}

/* ----------------------------------------------------------------- feeding */

static int
put_input(void *with, const struct bsp_image *image, struct bsp_error *e)
{
	struct command *command = with;

	return bsp_writer_put(command->input, image, e);
}

static void *
feed(void *with)
{
	struct command *command = with;
	struct bsp_error *e = &command->error;
	struct bsp_image image = {0}, donor = {0}, shape = {0}, within = {0};
	struct bsp_sweep_image in = {.image = &image,
	    .donor = command->donors.path != NULL ? &donor : NULL,
	    .shape = command->shapes.path != NULL ? &shape : NULL,
	    .within = command->within.path != NULL ? &within : NULL,
	    .place = command->place, .index = command->first_index};
	sigset_t pipe;
	int r;

	/* A command that has gone is no reason to go too. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	for (; (r = bsp_reader_next(command->images, &image, e)) == 1;
	    in.index++)
		if ((in.place != NULL && positions_places(command->positions,
		    in.index, &image, command->sweep->count, command->place,
		    e)) ||
		    side_stream_next(&command->donors, &image, &donor, e) ||
		    side_stream_next(&command->shapes, &image, &shape, e) ||
		    side_stream_next(&command->within, &image, &within, e) ||
		    bsp_sweep_inputs(command->sweep, &in, put_input, command,
		    e)) {
			r = -1;
			break;
		}
	if (r < 0) {
		command->failed = e->errnum != EPIPE;
		bsp_writer_poison(command->input);
	}
	if (bsp_writer_close(command->input, e) && r == 0)
		command->failed = true;
	bsp_image_free(&image);
	bsp_image_free(&donor);
	bsp_image_free(&shape);
	bsp_image_free(&within);
	free(command->place);
	bsp_reader_close(command->images);
	return NULL;
}

/* ---------------------------------------------------------------- starting */

static void
spawn(struct command *command, int in, int out)
{
	char sh[] = "sh", option[] = "-c";
	char *argv[] = {sh, option, strdup(command->text), NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	r = argv[2] == NULL ? ENOMEM :
	    posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, in, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (r == 0)
		r = posix_spawnattr_init(&attributes);
	if (r == 0)
		r = posix_spawnattr_setflags(&attributes,
		    POSIX_SPAWN_SETPGROUP);
	if (r == 0)
		r = posix_spawn(&command->pid, "/bin/sh", &actions,
		    &attributes, argv, environ);
	if (r != 0)
		die_system(r, "start the command of --recon-cmd");
	cli_group(command->pid);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(argv[2]);
}

/* --------------------------------------------------------------- watching */

#define GRACE 2 /* seconds for what a command leaves behind */

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Has sh ended?  It is left to be waited for, so that its group stays its own. */
static bool
has_ended(const struct command *command)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)command->pid, &info,
	    WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

static _Noreturn void
die_late(const char *why, double wait)
{
	struct bsp_error e;

	bsp_error_set(&e, BSP_SYSTEM, "--recon-cmd: %s after %.0f s", why,
	    wait);
	cli_die(&e);
}

/* What the command left behind is asked to end; when that was. */
static double
end_left(const struct command *command)
{
	kill(-command->pid, SIGTERM);
	return seconds();
}

/* The reader waits inside a system call: who looks at the clock is another. */
static void *
watch(void *with)
{
	const struct timespec pause = {0, 100000000};
	struct command *command = with;
	double wait, end = 0;

	for (;;) {
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&command->lock);
		if (command->ended)
			break;
		wait = command->waiting ? seconds() - command->since : 0;
		if (command->timeout > 0 && wait > (double)command->timeout)
			die_late("no image (--timeout)", wait);
		if (wait <= GRACE || !has_ended(command))
			end = 0;
		else if (end <= 0)
			end = end_left(command);
		else if (seconds() - end > GRACE)
			die_late("the command has ended, and what it started "
			    "keeps its output open", wait);
		pthread_mutex_unlock(&command->lock);
	}
	pthread_mutex_unlock(&command->lock);
	return NULL;
}

static void
set_waiting(struct command *command, bool waiting, bool ended)
{
	pthread_mutex_lock(&command->lock);
	command->waiting = waiting;
	command->ended = ended;
	command->since = seconds();
	pthread_mutex_unlock(&command->lock);
}

int
command_next(struct command *command, struct bsp_image *image,
    struct bsp_error *e)
{
	int r;

	set_waiting(command, true, false);
	r = bsp_reader_next(command->output, image, e);
	set_waiting(command, false, false);
	return r;
}

void
command_start(struct command *command, const char *text,
    const struct bsp_sweep *sweep, int fd, uint64_t first_index,
    uint64_t timeout, const struct side_stream *donors,
    const struct side_stream *shapes, const struct side_stream *within,
    const struct positions *positions)
{
	struct bsp_error e = {0};
	int in[2], out[2], r;

	*command = (struct command){.text = text, .sweep = sweep,
	    .first_index = first_index, .timeout = timeout,
	    .positions = positions};
	pthread_mutex_init(&command->lock, NULL);
	if (sweep->on_anomalous && positions != NULL) {
		command->place = malloc(sweep->count * sizeof *command->place);
		if (command->place == NULL)
			die_system(ENOMEM, "places of anomalies");
	}
	if (sweep->on_anomalous) {
		command->donors = *donors;
		command->shapes = *shapes;
		command->within = *within;
		/* What is read is told by the source's. */
		command->donors.is_told = command->shapes.is_told =
		    command->within.is_told = false;
		side_stream_open(&command->donors);
		side_stream_open(&command->shapes);
		side_stream_open(&command->within);
	}
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		die_system(errno, "make a pipe");
	spawn(command, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	command->images = bsp_reader_open(open_again(fd), "the images",
	    BSP_IMAGES, &e);
	command->input = bsp_writer_open(in[1], "the command's input",
	    BSP_PFM, false, &e);
	command->output = bsp_reader_open(out[0],
	    "the output of --recon-cmd", BSP_IMAGES, &e);
	if (command->images == NULL || command->input == NULL ||
	    command->output == NULL)
		cli_die(&e);
	r = pthread_create(&command->feeder, NULL, feed, command);
	if (r == 0)
		r = pthread_create(&command->watcher, NULL, watch, command);
	if (r != 0)
		die_system(r, "start a thread");
}

/* ------------------------------------------------------------------ ending */

/* Say in *e how the command failed; false if it did not. */
static bool
explain_status(int status, struct bsp_error *e)
{
	if (WIFSIGNALED(status))
		bsp_error_set(e, BSP_SYSTEM,
		    "--recon-cmd: the command was killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == 127)
		bsp_error_set(e, BSP_SYSTEM, "--recon-cmd: status 127, sh did "
		    "not find the command");
	else if (WEXITSTATUS(status) != 0)
		bsp_error_set(e, BSP_SYSTEM,
		    "--recon-cmd: the command failed with status %d",
		    WEXITSTATUS(status));
	else
		return false;
	return true;
}

#define PATIENCE 100 /* times 10 ms */

void
command_die(struct command *command, struct bsp_error *e)
{
	const struct timespec pause = {0, 10000000};
	struct bsp_error why;
	int status = 0, i;
	pid_t done = 0;

	/* Its failure, if there is one, is what its output suffers from. */
	for (i = 0; i < PATIENCE && done == 0; i++) {
		done = waitpid(command->pid, &status, WNOHANG);
		if (done == 0)
			nanosleep(&pause, NULL);
	}
	if (done > 0 && explain_status(status, &why))
		cli_die(&why);
	cli_die(e);
}

void
command_end(struct command *command)
{
	struct bsp_error e = {0};
	siginfo_t info;
	int status;

	bsp_reader_close(command->output);
	/* Before its number may be another's: what it started ends too. */
	set_waiting(command, true, false);
	while (waitid(P_PID, (id_t)command->pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			die_system(errno, "wait for the command");
	set_waiting(command, false, true);
	cli_group(0);
	kill(-command->pid, SIGTERM);
	pthread_join(command->watcher, NULL);
	while (waitpid(command->pid, &status, 0) < 0)
		if (errno != EINTR)
			die_system(errno, "wait for the command");
	pthread_join(command->feeder, NULL);
	if (command->failed)
		cli_die(&command->error);
	if (explain_status(status, &e))
		cli_die(&e);
}
