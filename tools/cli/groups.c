/*
 * Subjects from a table: see groups.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"
#include "table.h"

struct membership {
	uint64_t image;
	char *subject;
	size_t group;
};

static _Noreturn void
die(const struct groups *groups, struct bsp_error *e)
{
	e->stream = groups->name;
	cli_die(e);
}

static void
add(struct groups *groups, uint64_t image, const char *subject)
{
	struct membership *grown;
	struct bsp_error e;
	char *copy = strdup(subject);

	if (groups->members == groups->capacity) {
		groups->capacity = 2 * groups->capacity + 64;
		grown = realloc(groups->member,
		    groups->capacity * sizeof *grown);
		if (grown != NULL)
			groups->member = grown;
		else
			copy = NULL;
	}
	if (copy == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu rows", groups->members);
		die(groups, &e);
	}
	groups->member[groups->members++] = (struct membership){image, copy,
	    0};
}

static int
by_subject(const void *a, const void *b)
{
	const struct membership *p = a, *q = b;

	return strcmp(p->subject, q->subject);
}

static int
by_image(const void *a, const void *b)
{
	const struct membership *p = a, *q = b;

	return (p->image > q->image) - (p->image < q->image);
}

/* Give equal subjects equal numbers. */
static void
number_subjects(struct groups *groups)
{
	struct membership *m = groups->member;
	size_t i;

	qsort(m, groups->members, sizeof *m, by_subject);
	for (i = 0; i < groups->members; i++) {
		if (i == 0 || by_subject(&m[i - 1], &m[i]) != 0)
			groups->count++;
		m[i].group = groups->count - 1;
	}
}

void
groups_read(struct groups *groups, const char *path)
{
	static const char *const columns[] = {"image", "subject", NULL};
	struct bsp_error e;
	struct tsv tsv;
	size_t i;

	*groups = (struct groups){.name = path};
	tsv_open(&tsv, path, columns);
	while (tsv_next(&tsv)) {
		if (*tsv_text(&tsv, 1) == '\0')
			tsv_bad(&tsv, "an empty subject", "",
			    "the name of the image's subject");
		add(groups, tsv_count(&tsv, 0, 0), tsv_text(&tsv, 1));
	}
	tsv_close(&tsv);
	if (groups->members == 0)
		return;
	number_subjects(groups);
	qsort(groups->member, groups->members, sizeof *groups->member,
	    by_image);
	for (i = 1; i < groups->members; i++)
		if (groups->member[i - 1].image == groups->member[i].image) {
			bsp_error_set(&e, BSP_DATA,
			    "two rows for image %llu, expected one",
			    (unsigned long long)groups->member[i].image);
			die(groups, &e);
		}
}

size_t
groups_get(const struct groups *groups, uint64_t image)
{
	struct membership key = {.image = image}, *found;
	struct bsp_error e;

	found = groups->members == 0 ? NULL : bsearch(&key, groups->member,
	    groups->members, sizeof key, by_image);
	if (found == NULL) {
		bsp_error_set(&e, BSP_DATA,
		    "no row for image %llu, expected its subject",
		    (unsigned long long)image);
		die(groups, &e);
	}
	return found->group;
}
