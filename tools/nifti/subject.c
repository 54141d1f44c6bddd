/*
 * Whose volume a file is: see subject.h.
 */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "subject.h"

/* A name within a path. */
struct name {
	const char *text;
	size_t length;
};

/* The name so many levels above the file's own, which is level 0; empty where
 * the path has none. */
static struct name
name_at(const char *path, size_t level)
{
	const char *end = path + strlen(path), *begin;

	for (;; level--, end = begin) {
		while (end > path && end[-1] == '/')
			end--;
		for (begin = end; begin > path && begin[-1] != '/'; begin--)
			;
		if (level == 0 || begin == end)
			return (struct name){begin, (size_t)(end - begin)};
	}
}

static bool
is_same(struct name a, struct name b)
{
	return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

/* The lowest level at which folders have different names, or 0. */
static size_t
find_level(const struct subject_rule *rule)
{
	struct name first, name;
	size_t level, i;
	bool is_any;

	for (level = 1, is_any = true; is_any; level++) {
		first = name_at(rule->path[0], level);
		is_any = first.length > 0;
		for (i = 1; i < rule->paths; i++) {
			name = name_at(rule->path[i], level);
			if (!is_same(first, name))
				return level;
		}
	}
	return 0;
}

int
subject_rule_make(struct subject_rule *rule, const char *const *path,
    size_t paths, const char *regex, struct bsp_error *e)
{
	char text[256];
	regex_t *pattern;
	int code;

	*rule = (struct subject_rule){.path = path, .paths = paths};
	rule->level = find_level(rule);
	if (regex == NULL)
		return 0;
	pattern = malloc(sizeof *pattern);
	if (pattern == NULL)
		return bsp_error_system(e, ENOMEM, "regular expression");
	code = regcomp(pattern, regex, REG_EXTENDED);
	if (code != 0) {
		regerror(code, pattern, text, sizeof text);
		free(pattern);
		return bsp_error_set(e, BSP_USAGE, "'%s': %s", regex, text);
	}
	rule->pattern = pattern;
	if (pattern->re_nsub != 1)
		return bsp_error_set(e, BSP_USAGE, "'%s' has %zu groups, "
		    "expected one in parentheses, which is the subject", regex,
		    pattern->re_nsub);
	return 0;
}

static char *
copy(struct name name, struct bsp_error *e)
{
	char *text = strndup(name.text, name.length);

	if (text == NULL)
		bsp_error_system(e, ENOMEM, "a subject");
	return text;
}

static char *
match(const regex_t *pattern, const char *path, struct bsp_error *e)
{
	regmatch_t found[2];

	if (regexec(pattern, path, 2, found, 0) != 0) {
		bsp_error_set(e, BSP_DATA, "the path does not match "
		    "--subject-from, expected a subject in it");
		return NULL;
	}
	if (found[1].rm_so < 0 || found[1].rm_so == found[1].rm_eo) {
		bsp_error_set(e, BSP_DATA, "the group of --subject-from "
		    "matches nothing in the path, expected a subject");
		return NULL;
	}
	return copy((struct name){path + found[1].rm_so,
	    (size_t)(found[1].rm_eo - found[1].rm_so)}, e);
}

/* The last name that begins with sub-, as BIDS calls subjects. */
static struct name
find_bids(const char *path)
{
	struct name name = {path, 1};
	size_t level, length;

	for (level = 0; name.length > 0; level++) {
		name = name_at(path, level);
		if (name.length < 5 || strncmp(name.text, "sub-", 4) != 0)
			continue;
		length = strcspn(name.text, "_./");
		if (length > 4)
			return (struct name){name.text, length};
	}
	return name;
}

/* A file's name without what says that it is a volume. */
static struct name
find_stem(const char *path)
{
	static const char *const endings[] = {".gz", ".nii", ".hdr", ".img"};
	struct name name = name_at(path, 0);
	size_t i, n;

	for (i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		n = strlen(endings[i]);
		if (name.length > n && strncasecmp(name.text + name.length - n,
		    endings[i], n) == 0)
			name.length -= n;
	}
	return name;
}

char *
subject_of(const struct subject_rule *rule, const char *path,
    struct bsp_error *e)
{
	struct name name;

	if (rule->pattern != NULL)
		return match(rule->pattern, path, e);
	name = find_bids(path);
	if (name.length == 0 && rule->level > 0)
		name = name_at(path, rule->level);
	if (name.length == 0)
		name = find_stem(path);
	return copy(name, e);
}

void
subject_rule_free(struct subject_rule *rule)
{
	if (rule->pattern != NULL)
		regfree(rule->pattern);
	free(rule->pattern);
	rule->pattern = NULL;
}
