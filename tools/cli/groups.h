/*
 * Which subject each image belongs to, from a table.
 */
#ifndef GROUPS_H
#define GROUPS_H

#include "cli.h"

struct groups {
	const char *name;
	struct membership *member; /* sorted by image */
	size_t members, capacity;
	size_t count; /* of distinct subjects */
};

/* Read the columns image and subject; or die. */
void groups_read(struct groups *groups, const char *path);

/* The number, below groups->count, of an image's subject; or die. */
size_t groups_get(const struct groups *groups, uint64_t image);

/* What a table says where images are resampled and no subjects were given. */
#define GROUPS_NOT_GIVEN "none: images were taken for subjects"

#endif
