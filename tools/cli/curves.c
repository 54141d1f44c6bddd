/*
 * Curves from tables: see curves.h.
 */
#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "curves.h"

/* What is known while a table is read. */
struct reading {
	struct curves *curves;
	struct tsv tsv;
	void *tree;         /* of keys, to find their numbers */
	size_t row_room, key_room, comment_room;
	char *first[64];    /* the first row's text in each column of by */
	bool varies[64];
	size_t where[CLI_LIST_MAX]; /* columns */
	const char *wanted[CLI_LIST_MAX];
	char *nearest[CLI_LIST_MAX]; /* to it, of those that are there */
	bool seen[CLI_LIST_MAX];
};

struct numbered {
	char *text;
	size_t number;
};

void *
curves_take(void *memory)
{
	struct bsp_error e;

	if (memory == NULL) {
		bsp_error_system(&e, ENOMEM, "a table");
		cli_die(&e);
	}
	return memory;
}

static _Noreturn void
die_of(const struct curves *curves, struct bsp_error *e)
{
	e->stream = curves->name;
	cli_die(e);
}

/* Room for one more element. */
static void *
grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = 2 * *room + 64;
	return curves_take(reallocarray(array, *room, size));
}

static void
keep_comment(void *with, const char *text)
{
	struct reading *r = with;
	struct curves *c = r->curves;

	c->comment = grow(c->comment, c->comments, &r->comment_room,
	    sizeof *c->comment);
	c->comment[c->comments++] = curves_take(strdup(text));
}

/* ---------------------------------------------------------------- columns */

/* What stands behind the last dot of a name. */
static const char *
last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL ? dot + 1 : name;
}

/* How far a name is from a column's, or from what it ends with. */
static size_t
distance(const char *name, const char *column)
{
	size_t whole = bsp_edit_distance(name, column);
	size_t last = bsp_edit_distance(name, last_part(column));

	return last < whole ? last : whole;
}

/* Die of a column that is not there, naming those that are. */
static _Noreturn void
die_without(const struct reading *r, const char *name, const char *option)
{
	const struct curves *c = r->curves;
	const char *nearest = c->column[0];
	char what[256], there[256] = "one of ";
	size_t i, used = strlen(there);

	for (i = 0; i < c->columns; i++) {
		if (distance(name, c->column[i]) < distance(name, nearest))
			nearest = c->column[i];
		if (used < sizeof there)
			used += (size_t)snprintf(there + used,
			    sizeof there - used, "%s%s", i > 0 ? ", " : "",
			    c->column[i]);
	}
	if (used >= sizeof there)
		strcpy(there + sizeof there - 4, "...");
	snprintf(what, sizeof what, "%.80s, for --%s; the nearest is %.80s",
	    name, option, nearest);
	tsv_bad(&r->tsv, "the header has no column ", what, there);
}

/* The column of that name, or else the one whose name ends with it behind a
 * dot; or die. */
static size_t
find_column(const struct reading *r, const char *name, const char *option)
{
	const struct curves *c = r->curves;
	size_t i, found = SIZE_MAX;

	for (i = 0; i < c->columns; i++)
		if (strcmp(c->column[i], name) == 0)
			return i;
	for (i = 0; i < c->columns; i++) {
		if (strcmp(last_part(c->column[i]), name) != 0)
			continue;
		if (found != SIZE_MAX)
			tsv_bad(&r->tsv, "several columns end with ", name,
			    "the whole name of one of them");
		found = i;
	}
	if (found == SIZE_MAX)
		die_without(r, name, option);
	return found;
}

/* Is this what programs measure, and no parameter? */
static bool
is_measured(const char *name)
{
	const struct bsp_metric *m;

	for (m = bsp_metrics; m->name != NULL; m++)
		if (strcmp(m->name, name) == 0)
			return true;
	return false;
}

/* Counts that a row an image has beside its parameters. */
static bool
is_count(const char *name)
{
	return strcmp(name, "pixels") == 0 || strcmp(name, "anomalous") == 0;
}

static void
add_by(struct reading *r, size_t column)
{
	struct curves *c = r->curves;
	size_t k;

	for (k = 0; k < c->by_count; k++)
		if (c->by[k] == column)
			cli_usage("--by: %s twice, expected each column once",
			    c->column[column]);
	if (column == c->x || column == c->y || column == c->value)
		cli_usage("--by: %s is an axis or the value, expected columns "
		    "that tell curves apart", c->column[column]);
	c->by[c->by_count++] = column;
}

static void
find_by(struct reading *r, const char *by)
{
	struct curves *c = r->curves;
	char *copy, *name, *rest;
	size_t i;

	if (by == NULL) {
		for (i = 0; i < c->columns && i != c->value &&
		    !is_measured(c->column[i]); i++)
			if (i != c->x && i != c->y && !is_count(c->column[i]))
				add_by(r, i);
		return;
	}
	copy = curves_take(strdup(by));
	for (rest = copy; (name = strsep(&rest, ",")) != NULL; )
		add_by(r, find_column(r, name, "by"));
	free(copy);
}

static void
find_where(struct reading *r, const struct cli_list *where)
{
	const char *equals;
	char *name;
	size_t k;

	for (k = 0; where != NULL && k < where->count; k++) {
		equals = strchr(where->text[k], '=');
		if (equals == NULL || equals == where->text[k])
			cli_usage("--where: found '%s', expected COLUMN=VALUE",
			    where->text[k]);
		name = curves_take(strndup(where->text[k],
		    (size_t)(equals - where->text[k])));
		r->where[k] = find_column(r, name, "where");
		r->wanted[k] = equals + 1;
		free(name);
	}
}

static void
find_columns(struct reading *r, const struct curves_request *request)
{
	struct curves *c = r->curves;
	size_t i;

	c->columns = r->tsv.fields;
	for (i = 0; i < c->columns; i++)
		c->column[i] = curves_take(strdup(r->tsv.field[i]));
	c->x = find_column(r, request->x, "x");
	c->y = request->y == NULL ? SIZE_MAX :
	    find_column(r, request->y, "y");
	c->value = find_column(r, request->value, "value");
	if (c->x == c->y || c->x == c->value || c->y == c->value)
		cli_usage("--x, --y and --value: %s twice, expected different "
		    "columns", c->column[c->x == c->y ? c->x : c->value]);
	find_by(r, request->by);
	find_where(r, request->where);
}

/* ------------------------------------------------------------------- rows */

static double
read_number(const struct reading *r, size_t column, bool undefined)
{
	const char *text = r->tsv.field[column];
	char wanted[128];
	struct bsp_error e;
	double value;

	if (undefined && strcmp(text, "nan") == 0)
		return (double)NAN;
	if (bsp_number_parse(text, &value, &e) == 0)
		return value;
	snprintf(wanted, sizeof wanted, "a number%s in column %.80s",
	    undefined ? " or nan" : "", r->curves->column[column]);
	tsv_bad(&r->tsv, e.text, "", wanted);
}

static bool
same_value(const char *a, const char *b)
{
	struct bsp_error e;
	double p, q;

	return strcmp(a, b) == 0 || (bsp_number_parse(a, &p, &e) == 0 &&
	    bsp_number_parse(b, &q, &e) == 0 && p == q);
}

/* Is the row one of those that --where leaves?  What is not wanted is kept as a
 * hint. */
static bool
is_wanted(struct reading *r, const struct cli_list *where)
{
	const char *text, *nearest;
	size_t k;

	for (k = 0; where != NULL && k < where->count; k++) {
		text = r->tsv.field[r->where[k]];
		if (!same_value(text, r->wanted[k])) {
			nearest = r->nearest[k];
			bsp_nearest(r->wanted[k], text, &nearest);
			if (nearest != r->nearest[k]) {
				free(r->nearest[k]);
				r->nearest[k] = curves_take(strdup(nearest));
			}
			return false;
		}
		r->seen[k] = true;
	}
	return true;
}

static int
by_text(const void *a, const void *b)
{
	const struct numbered *p = a, *q = b;

	return strcmp(p->text, q->text);
}

/* The number of the row's group, a new one if need be. */
static size_t
find_group(struct reading *r)
{
	struct curves *c = r->curves;
	struct numbered *new = curves_take(malloc(sizeof *new)), **found;
	size_t k, size = 1;
	char *end;

	for (k = 0; k < c->by_count; k++)
		size += strlen(r->tsv.field[c->by[k]]) + 1;
	end = new->text = curves_take(calloc(size, 1));
	new->number = c->groups;
	for (k = 0; k < c->by_count; k++) {
		if (k > 0)
			*end++ = '\t';
		end = stpcpy(end, r->tsv.field[c->by[k]]);
	}
	found = curves_take(tsearch(new, &r->tree, by_text));
	if (*found != new) {
		free(new->text);
		free(new);
		return (*found)->number;
	}
	c->key = grow(c->key, c->groups, &r->key_room, sizeof *c->key);
	c->key[c->groups] = new->text;
	return c->groups++;
}

static void
note_varying(struct reading *r)
{
	const struct curves *c = r->curves;
	const char *text;
	size_t k;

	for (k = 0; k < c->by_count; k++) {
		text = r->tsv.field[c->by[k]];
		if (r->first[k] == NULL)
			r->first[k] = curves_take(strdup(text));
		else if (!r->varies[k])
			r->varies[k] = strcmp(r->first[k], text) != 0;
	}
}

static void
read_row(struct reading *r)
{
	struct curves *c = r->curves;
	struct curve_row row = {.line = r->tsv.number};

	row.x = read_number(r, c->x, false);
	if (c->y != SIZE_MAX)
		row.y = read_number(r, c->y, false);
	row.value = read_number(r, c->value, true);
	row.group = find_group(r);
	note_varying(r);
	c->row = grow(c->row, c->rows, &r->row_room, sizeof *c->row);
	c->row[c->rows++] = row;
}

static int
by_place(const void *a, const void *b)
{
	const struct curve_row *p = a, *q = b;

	if (p->group != q->group)
		return p->group < q->group ? -1 : 1;
	if (p->y < q->y || p->y > q->y)
		return p->y < q->y ? -1 : 1;
	if (p->x < q->x || p->x > q->x)
		return p->x < q->x ? -1 : 1;
	return (p->line > q->line) - (p->line < q->line);
}

static void
sort_rows(struct curves *c)
{
	struct bsp_error e;
	const struct curve_row *p;
	char y[64] = "";
	size_t i, g = 0;

	qsort(c->row, c->rows, sizeof *c->row, by_place);
	c->start = curves_take(calloc(c->groups + 1, sizeof *c->start));
	for (i = 0; i < c->rows; i++) {
		p = &c->row[i];
		if (i == 0 || p[-1].group != p->group)
			c->start[g++] = i;
		else if (!(p[-1].x < p->x) && !(p[-1].y < p->y)) {
			if (c->y != SIZE_MAX)
				snprintf(y, sizeof y, ", %.30s %.9g",
				    c->column[c->y], p->y);
			bsp_error_set(&e, BSP_DATA, "lines %llu and %llu: "
			    "both of %.80s %.9g%s, expected one row; --by and "
			    "--where tell rows apart",
			    (unsigned long long)p[-1].line,
			    (unsigned long long)p->line, c->column[c->x],
			    p->x, y);
			die_of(c, &e);
		}
	}
	c->start[g] = c->rows;
}

static _Noreturn void
die_without_rows(const struct reading *r, const struct cli_list *where)
{
	struct bsp_error e;
	size_t k;

	bsp_error_set(&e, BSP_DATA, "no rows, expected one for each point");
	for (k = 0; where != NULL && k < where->count; k++)
		if (!r->seen[k] && r->nearest[k] != NULL) {
			bsp_error_set(&e, BSP_DATA, "no row with %.200s; the "
			    "nearest that is there is '%.99s'",
			    where->text[k], r->nearest[k]);
			break;
		}
	die_of(r->curves, &e);
}

/* Forget columns that are the same in all rows. */
static void
drop_constant(struct reading *r)
{
	struct curves *c = r->curves;
	size_t k, g, kept;
	char *text, *to, *from;

	for (g = 0; g < c->groups; g++) {
		text = curves_take(strdup(c->key[g]));
		to = c->key[g];
		from = text;
		for (k = kept = 0; k < c->by_count; k++) {
			const char *part = strsep(&from, "\t");

			if (!r->varies[k])
				continue;
			if (kept++ > 0)
				*to++ = '\t';
			to = stpcpy(to, part);
		}
		*to = '\0';
		free(text);
	}
	for (k = kept = 0; k < c->by_count; k++)
		if (r->varies[k])
			c->by[kept++] = c->by[k];
	c->by_count = kept;
}

/* The tree's nodes, not the texts, which are the groups' keys. */
static void
free_number(void *node)
{
	free(node);
}

void
curves_read(struct curves *curves, const char *path,
    const struct curves_request *request)
{
	struct reading r = {.curves = curves};
	size_t k;

	*curves = (struct curves){.y = SIZE_MAX};
	tsv_open_any(&r.tsv, path, keep_comment, &r);
	curves->name = r.tsv.name;
	find_columns(&r, request);
	while (tsv_next(&r.tsv))
		if (is_wanted(&r, request->where))
			read_row(&r);
	if (curves->rows == 0)
		die_without_rows(&r, request->where);
	sort_rows(curves);
	if (request->by == NULL)
		drop_constant(&r);
	tsv_close(&r.tsv);
	tdestroy(r.tree, free_number);
	for (k = 0; k < 64; k++)
		free(r.first[k]);
	for (k = 0; k < CLI_LIST_MAX; k++)
		free(r.nearest[k]);
}

/* ------------------------------------------------------------ what is read */

const char *
curves_fact(const struct curves *curves, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < curves->comments; i++)
		if (strncmp(curves->comment[i], name, n) == 0 &&
		    curves->comment[i][n] == ' ')
			return curves->comment[i] + n + 1;
	return NULL;
}

/* The radius of the anomalies: a fact, or in the text of what was injected. */
static bool
find_radius(const struct curves *curves, double *radius)
{
	const char *text = curves_fact(curves, "radius");
	char number[BSP_NUMBER_SIZE];
	struct bsp_error e;

	if (text == NULL) {
		text = curves_fact(curves, "inject");
		text = text == NULL ? NULL : strstr(text, "radius=");
		if (text == NULL)
			return false;
		text += strlen("radius=");
	}
	snprintf(number, sizeof number, "%.*s", (int)strcspn(text, ","), text);
	return bsp_number_parse(number, radius, &e) == 0;
}

void
curves_same_study(const struct curves *a, const struct curves *b)
{
	/* What programs tell, and what experiments do. */
	static const char *const facts[] = {"images", "input", "seed"};
	const char *p, *q;
	struct bsp_error e;
	double r, s;
	size_t k;

	for (k = 0; k < sizeof facts / sizeof facts[0]; k++) {
		p = curves_fact(a, facts[k]);
		q = curves_fact(b, facts[k]);
		if (p == NULL || q == NULL || strcmp(p, q) == 0)
			continue;
		bsp_error_set(&e, BSP_DATA, "it is of %s %.99s, expected %.99s"
		    " as in %.99s: tables of different %s have no common "
		    "scale", facts[k], q, p, a->name,
		    strcmp(facts[k], "seed") == 0 ? "anomalies" : "images");
		die_of(b, &e);
	}
	if (find_radius(a, &r) && find_radius(b, &s) && (r < s || r > s)) {
		bsp_error_set(&e, BSP_DATA, "its anomalies have radius %g, "
		    "expected %g as in %.99s: AP depends on the radius", s, r,
		    a->name);
		die_of(b, &e);
	}
}

size_t
curves_points(const struct curves *curves, size_t group, double *x,
    double *value)
{
	const struct curve_row *row = curves->row + curves->start[group];
	size_t i, n = curves->start[group + 1] - curves->start[group];

	for (i = 0; i < n; i++) {
		x[i] = row[i].x;
		value[i] = row[i].value;
	}
	return n;
}

static int
by_value(const void *a, const void *b)
{
	const double *p = a, *q = b;

	return (*p > *q) - (*p < *q);
}

/* The distinct values among n. */
static size_t
make_axis(double *at, size_t n)
{
	size_t i, count = 0;

	qsort(at, n, sizeof *at, by_value);
	for (i = 0; i < n; i++)
		if (count == 0 || at[i] > at[count - 1])
			at[count++] = at[i];
	return count;
}

static _Noreturn void
die_of_hole(const struct curves *curves, double x, double y)
{
	struct bsp_error e;

	bsp_error_set(&e, BSP_DATA, "no row of %.80s %.9g and %.80s %.9g, "
	    "expected the whole grid", curves->column[curves->x], x,
	    curves->column[curves->y], y);
	die_of(curves, &e);
}

void
curves_plane(const struct curves *curves, size_t group,
    struct bsp_plane *plane)
{
	const struct curve_row *row = curves->row + curves->start[group];
	size_t n = curves->start[group + 1] - curves->start[group], i, j, k;
	double *x = curves_take(calloc(n, sizeof *x));
	double *y = curves_take(calloc(n, sizeof *y)), *value;

	for (k = 0; k < n; k++) {
		x[k] = row[k].x;
		y[k] = row[k].y;
	}
	*plane = (struct bsp_plane){.x = x, .y = y};
	plane->rows = make_axis(x, n);
	plane->cols = make_axis(y, n);
	/* Rows are sorted: the first that is not there is found before the
	 * values end. */
	value = NULL;
	for (j = k = 0; j < plane->cols; j++)
		for (i = 0; i < plane->rows; i++, k++)
			if (k == n || row[k].x > x[i] || row[k].y > y[j])
				die_of_hole(curves, x[i], y[j]);
	value = curves_take(calloc(n, sizeof *value));
	for (k = 0; k < n; k++)
		value[k % plane->rows * plane->cols + k / plane->rows] =
		    row[k].value;
	plane->value = value;
}

void
curves_plane_free(struct bsp_plane *plane)
{
	free((double *)plane->x);
	free((double *)plane->y);
	free((double *)plane->value);
	*plane = (struct bsp_plane){.rows = 0};
}

const char *
curves_text(const struct curves *curves, size_t group, size_t k, char *text,
    size_t size)
{
	const char *from = curves->key[group];
	size_t n;

	while (k-- > 0)
		from = strchr(from, '\t') + 1;
	n = strcspn(from, "\t");
	snprintf(text, size, "%.*s", (int)(n < size ? n : size - 1), from);
	return text;
}

void
curves_free(struct curves *curves)
{
	size_t i;

	for (i = 0; i < curves->comments; i++)
		free(curves->comment[i]);
	for (i = 0; i < curves->columns; i++)
		free(curves->column[i]);
	for (i = 0; i < curves->groups; i++)
		free(curves->key[i]);
	free(curves->comment);
	free(curves->key);
	free(curves->row);
	free(curves->start);
	*curves = (struct curves){.rows = 0};
}
