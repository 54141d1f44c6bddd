/*
 * A command that reconstructs: it reads an image stream and writes one image
 * for each that it reads.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <pthread.h>
#include <sys/types.h>

#include "../cli/positions.h"
#include "../cli/side-stream.h"

struct command {
	const char *text;
	const struct bsp_sweep *sweep; /* says what is fed */
	uint64_t first_index;
	struct side_stream donors, shapes, within; /* that the feeder reads */
	const struct positions *positions; /* of anomalies, or NULL: drawn */
	struct bsp_place *place;       /* room for those of an image, or NULL */
	pid_t pid;
	struct bsp_reader *output;     /* what the command writes */
	/* the thread that feeds it */
	pthread_t feeder;
	struct bsp_reader *images;
	struct bsp_writer *input;
	struct bsp_error error;
	bool failed;
	/* the thread that watches how long it is waited for */
	uint64_t timeout; /* seconds; 0: any time */
	pthread_t watcher;
	pthread_mutex_t lock; /* of what follows */
	bool waiting, ended;
	double since;     /* when the wait began */
};

/*
 * Make *fd, which is open for reading, seekable: what comes through a pipe is
 * copied to a temporary file first, because a command may want all of its
 * input before it writes anything.
 */
void command_spool(int *fd);

/*
 * Start the command by sh -c in a process group of its own, and a thread that
 * feeds it what the sweep reconstructs of the images in fd, a seekable file,
 * from where it stands.
 */
void command_start(struct command *command, const char *text,
    const struct bsp_sweep *sweep, int fd, uint64_t first_index,
    uint64_t timeout, const struct side_stream *donors,
    const struct side_stream *shapes, const struct side_stream *within,
    const struct positions *positions);

/*
 * The next image that the command writes, as bsp_reader_next gives it.  Dies
 * where it is waited for longer than the timeout.  What the command left behind
 * when it ended, and still holds its output open, is ended.
 */
int command_next(struct command *command, struct bsp_image *image,
    struct bsp_error *e);

/*
 * Die of *e, an error in what the command wrote, or of the failure of the
 * command that is behind it.
 */
_Noreturn void command_die(struct command *command, struct bsp_error *e);

/* After the last image: wait for the command; it must have succeeded. */
void command_end(struct command *command);

#endif
