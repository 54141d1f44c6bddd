/*
 * Whose volume a file is, from its path.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "../../lib/blindspot.h"

struct subject_rule {
	const char *const *path; /* of all files */
	size_t paths;
	void *pattern;           /* NULL: none given */
	size_t level;            /* of the folders whose names differ, from 1,
	                            the files' own; 0: none do */
};

/* Look at the paths of all files; a regular expression has one group.  An error
 * is one of usage. */
int subject_rule_make(struct subject_rule *rule, const char *const *path,
    size_t paths, const char *regex, struct bsp_error *e);

/*
 * The subject of a path, to be freed: what the group matches; or without a
 * regular expression, the last name of the path that begins with sub-, up to
 * the next _ or dot; or the folder, where folders differ; or the file's name
 * without .nii, .gz and the like.  NULL is an error.
 */
char *subject_of(const struct subject_rule *rule, const char *path,
    struct bsp_error *e);

void subject_rule_free(struct subject_rule *rule);

#endif
