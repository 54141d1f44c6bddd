/*
 * Files: opened however that is interrupted; written whole or not at all, as
 * models and volumes are; and spoiled, where they cannot be whole.
 */
#ifndef BSP_WHOLE_FILE_H
#define BSP_WHOLE_FILE_H

#include <signal.h>
#include <sys/stat.h>

#include "base.h"

/* A file on its way to a path. */
struct bsp_file {
	const char *path; /* as the caller names it */
	char *target;     /* the file itself, where that is a link */
	char *part;       /* written first; NULL: the target is no file */
	int fd;           /* to write to, and to read back */
	sigset_t signals; /* that were blocked before there was a part */
};

/* Exported for libblindspot-learn, which has them from the shared library. */

/* open(2) with O_CLOEXEC and mode 0666, once more where a signal interrupts it. */
BSP_API int bsp_open(const char *path, int flags);

/*
 * What is to say that a file is not whole did not fit: let it end with what no
 * reader takes, a zero byte, which needs no room on a disk.  Where not even that
 * may be, a file that was begun loses its last byte.  Nothing but system calls.
 */
BSP_API void bsp_file_spoil(int fd, bool begun);

/*
 * Open a file beside the path, of a name that nothing has, with the mode of
 * the file that it will replace.  A device or a pipe is opened itself.  Links
 * are followed; one that leads nowhere, a folder and a file that may not be
 * written are refused.  Signals wait until the file is kept or dropped, so that
 * none leaves it behind.  Fails with BSP_SYSTEM.
 */
BSP_API int bsp_file_open(struct bsp_file *file, const char *path,
    struct bsp_error *e);

/*
 * Put it in the place of the path, flushed to the disk; what fails drops it, and
 * the path holds what it held.
 */
BSP_API int bsp_file_keep(struct bsp_file *file, struct bsp_error *e);

/* Remove it.  errno stays as it is. */
BSP_API void bsp_file_drop(struct bsp_file *file);

/* Fail now if bsp_file_open could open no file there. */
BSP_API int bsp_file_check(const char *path, struct bsp_error *e);

#endif
