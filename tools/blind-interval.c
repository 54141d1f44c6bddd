/*
 * blind-interval: where curves and planes of a table are below a level.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/curves.h"

static const char *x_name = "intensity", *y_name, *by, *value_name = "ap";
static const char *below_text, *match_path;
static struct cli_list where;
static bool curves_wanted, points_wanted, area_wanted, contour_wanted, json;

static const struct cli_option options[] = {
	{"x", "COLUMN", "parameter on the x axis of curves (default "
	    "intensity)", CLI_TEXT, &x_name, 0, 0},
	{"by", "COLUMN,...", "columns that identify a curve; default: every "
	    "other parameter that varies", CLI_TEXT, &by, 0, 0},
	{"where", "COLUMN=VALUE", "take only rows with this value; may be "
	    "repeated", CLI_LIST, &where, 0, 0},
	{"value", "COLUMN", "column to compare with the level (default ap)",
	    CLI_TEXT, &value_name, 0, 0},
	{"below", "X", "the level (default 0.5)", CLI_TEXT, &below_text, 0,
	    0},
	{"points", NULL, "intervals from the first to the last point below, "
	    "not between crossings", CLI_FLAG, &points_wanted, 0, 0},
	{"curves", NULL, "write a row for each curve, not for each interval",
	    CLI_FLAG, &curves_wanted, 0, 0},
	{"area", NULL, "write a row for each plane: the share below the level",
	    CLI_FLAG, &area_wanted, 0, 0},
	{"contour", NULL, "write the line around the part of one plane below "
	    "the level", CLI_FLAG, &contour_wanted, 0, 0},
	{"y", "COLUMN", "the other parameter of a plane (default sigma)",
	    CLI_TEXT, &y_name, 0, 0},
	{"match", "PLANE", "find the nearest curve in the table PLANE for each "
	    "curve", CLI_INPUT, &match_path, 0, 0},
	TABLE_DIGITS_OPTION,
	{"json", NULL, "write JSON instead of TSV", CLI_FLAG, &json, 0, 0},
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "blind-interval",
	.summary = "Find where average precision is below a level: intervals, "
	    "areas, equivalent blur.",
	.operands = "[TABLE]",
	.options = options,
	.least = 0,
	.most = 1,
	.output = CLI_TABLE,
	.examples = {
		"anom-sweep --inject disk:radius=4,intensity=0:1:11 "
		    "--degrade blur:sigma=0:3:3 healthy.pfm | blind-interval",
		"anom-sweep --inject disk:radius=4,intensity=0:1:11 "
		    "--degrade blur:sigma=0:3:3 healthy.pfm | "
		    "blind-interval --area",
	},
};

/* A match with a larger mean difference gets a warning. */
#define CLOSE 0.05

static FILE *out;

/* How the rows of a table begin: the names of by, then the table's own. */
struct layout {
	const char *column[64 + 16];
	struct table table;
};

/* ---------------------------------------------------------------- headers */

/* The head of another table, as facts of ours: its lines, or in JSON all in
 * one. */
static size_t
add_lines(struct table_fact *fact, const struct curves *c, const char *name)
{
	size_t i, n = 0, size = 1;
	char *text, *end, *space;

	for (i = 0; i < c->comments; i++)
		size += strlen(c->comment[i]) + strlen(name) + 3;
	text = end = curves_take(calloc(size, 1));
	if (json) {
		for (i = 0; i < c->comments; i++)
			end += sprintf(end, "%s%s", i > 0 ? "; " : "",
			    c->comment[i]);
		*fact = (struct table_fact){name, text};
		return 1;
	}
	for (i = 0; i < c->comments; i++, end += strlen(end) + 1) {
		if (strcmp(name, "table") == 0)
			strcpy(end, c->comment[i]);
		else
			sprintf(end, "%s %s", name, c->comment[i]);
		fact[n].name = end;
		space = strchr(end, ' ');
		if (space != NULL) {
			*space = '\0';
			end = space + 1;
		}
		fact[n++].text = space != NULL ? end : "";
	}
	return n;
}

/* Begin the table: version, command, level, and what the tables read say. */
static void
begin(struct layout *layout, const struct curves *c, const struct curves *plane,
    double below, const char *const *own)
{
	struct table_fact *facts = curves_take(calloc(c->comments + 3 +
	    (plane != NULL ? plane->comments + 1 : 0), sizeof *facts));
	char text[BSP_NUMBER_SIZE];
	size_t k, n = 0, columns = 0;

	for (k = 0; k < c->by_count; k++)
		layout->column[columns++] = c->column[c->by[k]];
	for (k = 0; own[k] != NULL; k++)
		layout->column[columns++] = own[k];
	layout->column[columns] = NULL;
	if (plane == NULL)
		facts[n++] = (struct table_fact){"below",
		    bsp_number_format(text, below)};
	n += add_lines(facts + n, c, "table");
	if (plane != NULL)
		add_lines(facts + n, plane, "plane");
	table_begin(&layout->table, out, json, cli_command_line(NULL), facts,
	    layout->column);
	free(facts);
}

/* The cells that name a group: numbers are numbers in JSON. */
static void
write_group(struct layout *layout, const struct curves *c, size_t g)
{
	struct bsp_error e;
	double number;
	char *text;
	size_t k, size;

	if (c->by_count == 0)
		return;
	size = strlen(c->key[g]) + 1;
	text = curves_take(malloc(size));
	for (k = 0; k < c->by_count; k++) {
		curves_text(c, g, k, text, size);
		if (json && bsp_number_parse(text, &number, &e) == 0)
			table_place(&layout->table, number);
		else
			table_text(&layout->table, text);
	}
	free(text);
}

/* ----------------------------------------------------------------- curves */

/* Room for the longest curve of a table. */
struct room {
	double *x, *value, *list;
	struct bsp_interval *interval;
};

static void
make_room(struct room *room, const struct curves *c)
{
	room->x = curves_take(calloc(c->rows, sizeof *room->x));
	room->value = curves_take(calloc(c->rows, sizeof *room->value));
	room->list = curves_take(calloc(c->rows, sizeof *room->list));
	room->interval = curves_take(calloc(c->rows, sizeof *room->interval));
}

static void
free_room(struct room *room)
{
	free(room->x);
	free(room->value);
	free(room->list);
	free(room->interval);
}

static _Noreturn void
die_of(const char *name, struct bsp_error *e)
{
	e->stream = name;
	cli_die(e);
}

static void
measure_curve(const struct curves *c, size_t g, double below,
    struct room *room, struct bsp_blind *blind)
{
	size_t k, n = curves_points(c, g, room->x, room->value);
	struct bsp_error e = {0};

	if (bsp_blind_curve(room->x, room->value, n, below, room->interval,
	    blind, &e))
		die_of(c->name, &e);
	for (k = 0; points_wanted && k < blind->intervals; k++) {
		room->interval[k].low = room->interval[k].first;
		room->interval[k].high = room->interval[k].last;
	}
}

static const char *
which_cut(const struct bsp_interval *v)
{
	if (v->cut_low)
		return v->cut_high ? "both" : "low";
	return v->cut_high ? "high" : "none";
}

static void
write_interval(struct layout *layout, size_t number,
    const struct bsp_interval *v, double share)
{
	struct table *table = &layout->table;

	table_count(table, number);
	table_number(table, v->low);
	table_number(table, v->high);
	table_number(table, (v->low + v->high) / 2);
	table_number(table, v->high - v->low);
	table_number(table, v->least);
	table_number(table, v->at);
	table_text(table, which_cut(v));
	table_number(table, share);
}

/* A row an interval; of a curve that has none, a row without one. */
static void
write_intervals(const struct curves *c, double below)
{
	static const char *const own[] = {"interval", "low", "high", "centre",
	    "width", "least", "at", "cut", "share", NULL};
	struct bsp_interval none = {.low = (double)NAN, .high = (double)NAN};
	struct bsp_blind blind;
	struct layout layout;
	struct room room;
	size_t g, k;

	make_room(&room, c);
	begin(&layout, c, NULL, below, own);
	for (g = 0; g < c->groups; g++) {
		measure_curve(c, g, below, &room, &blind);
		none.least = blind.least;
		none.at = blind.at;
		if (blind.intervals == 0) {
			write_group(&layout, c, g);
			write_interval(&layout, 0, &none, blind.share);
		}
		for (k = 0; k < blind.intervals; k++) {
			write_group(&layout, c, g);
			write_interval(&layout, k + 1, &room.interval[k],
			    blind.share);
		}
	}
	table_end(&layout.table);
	free_room(&room);
}

/* A cell of all intervals' low, high or centre. */
static void
write_list(struct layout *layout, struct room *room, size_t n, double low,
    double high)
{
	size_t k;

	for (k = 0; k < n; k++)
		room->list[k] = low * room->interval[k].low +
		    high * room->interval[k].high;
	table_numbers(&layout->table, room->list, n);
}

static void
write_curves(const struct curves *c, double below)
{
	static const char *const own[] = {"intervals", "low", "high",
	    "centre", "share", "least", "at", "mean", "points", "undefined",
	    NULL};
	struct bsp_blind blind;
	struct layout layout;
	struct room room;
	size_t g;

	make_room(&room, c);
	begin(&layout, c, NULL, below, own);
	for (g = 0; g < c->groups; g++) {
		measure_curve(c, g, below, &room, &blind);
		write_group(&layout, c, g);
		table_count(&layout.table, blind.intervals);
		write_list(&layout, &room, blind.intervals, 1, 0);
		write_list(&layout, &room, blind.intervals, 0, 1);
		write_list(&layout, &room, blind.intervals, .5, .5);
		table_number(&layout.table, blind.share);
		table_number(&layout.table, blind.least);
		table_number(&layout.table, blind.at);
		table_number(&layout.table, blind.mean);
		table_count(&layout.table, blind.points);
		table_count(&layout.table, blind.undefined);
	}
	table_end(&layout.table);
	free_room(&room);
}

/* ----------------------------------------------------------------- planes */

static void
write_areas(const struct curves *c, double below)
{
	static const char *const own[] = {"area", "mean", "least", "at_x",
	    "at_y", "points", "undefined", NULL};
	struct bsp_blind_area area;
	struct bsp_plane plane;
	struct bsp_error e = {0};
	struct layout layout;
	size_t g;

	begin(&layout, c, NULL, below, own);
	for (g = 0; g < c->groups; g++) {
		curves_plane(c, g, &plane);
		if (bsp_blind_area(&plane, below, &area, &e))
			die_of(c->name, &e);
		write_group(&layout, c, g);
		table_number(&layout.table, area.area);
		table_number(&layout.table, area.mean);
		table_number(&layout.table, area.least);
		table_number(&layout.table, area.least_x);
		table_number(&layout.table, area.least_y);
		table_count(&layout.table, area.points);
		table_count(&layout.table, area.undefined);
		curves_plane_free(&plane);
	}
	table_end(&layout.table);
}

/* The lines of one plane, a blank line after each but the last. */
static void
write_contour(struct curves *c, double below)
{
	const char *const own[] = {c->column[c->x], c->column[c->y], "line",
	    NULL};
	struct bsp_contour contour = {.lines = 0};
	struct bsp_plane plane;
	struct bsp_error e = {0};
	struct layout layout;
	size_t k, i;

	if (c->groups > 1) {
		bsp_error_set(&e, BSP_DATA, "%zu planes, expected one: --where "
		    "%s=VALUE selects one of them", c->groups,
		    c->column[c->by[0]]);
		die_of(c->name, &e);
	}
	curves_plane(c, 0, &plane);
	if (bsp_plane_contour(&plane, below, &contour, &e))
		die_of(c->name, &e);
	c->by_count = 0; /* a constant is no axis */
	begin(&layout, c, NULL, below, own);
	for (k = 0; k < contour.lines; k++) {
		if (k > 0 && !json)
			cli_print(out, "\n");
		for (i = contour.start[k]; i < contour.start[k + 1]; i++) {
			table_number(&layout.table, contour.point[i].x);
			table_number(&layout.table, contour.point[i].y);
			table_count(&layout.table, k + 1);
		}
	}
	table_end(&layout.table);
	bsp_contour_free(&contour);
	curves_plane_free(&plane);
}

/* --------------------------------------------------------------- matching */

/* The best match of all curves, and one line about those that are poor. */
struct poor {
	size_t count;
	double most;
	char name[256];
};

static void
note_poor(struct poor *poor, const struct curves *c, size_t g,
    const struct bsp_match *match)
{
	size_t k;

	if (!(match->difference > CLOSE))
		return;
	poor->count++;
	if (match->difference <= poor->most)
		return;
	poor->most = match->difference;
	snprintf(poor->name, sizeof poor->name, "%s",
	    c->by_count > 0 ? c->key[g] : c->name);
	for (k = 0; poor->name[k] != '\0'; k++)
		if (poor->name[k] == '\t')
			poor->name[k] = ' ';
}

static void
match_curve(const struct curves *c, size_t g, const struct bsp_plane *plane,
    enum bsp_axis over, const struct curves *of, struct room *room,
    struct bsp_match *match)
{
	size_t n = curves_points(c, g, room->x, room->value);
	struct bsp_error e = {0}, told;

	if (bsp_plane_match(plane, over, room->x, room->value, n, match, &e)) {
		told = e;
		bsp_error_set(&e, told.status, "%.99s %s",
		    c->column[c->x], told.text);
		die_of(c->name, &e);
	}
	if (match->points > 0 && match->index == SIZE_MAX) {
		bsp_error_set(&e, BSP_DATA, "all its curves are undefined "
		    "where a curve of %.99s is defined", c->name);
		die_of(of->name, &e);
	}
}

static void
write_matches(const struct curves *c, const struct curves *of,
    enum bsp_axis over)
{
	static const char *const own[] = {"matched", "value",
	    "mean_difference", "points", NULL};
	const char *matched = of->column[over == BSP_OVER_X ? of->y : of->x];
	struct poor poor = {.count = 0};
	struct bsp_match match;
	struct bsp_plane plane;
	struct layout layout;
	struct room room;
	size_t g, points = 0;
	struct bsp_error e;

	curves_plane(of, 0, &plane);
	make_room(&room, c);
	begin(&layout, c, of, 0, own);
	for (g = 0; g < c->groups; g++) {
		match_curve(c, g, &plane, over, of, &room, &match);
		note_poor(&poor, c, g, &match);
		points += match.points;
		write_group(&layout, c, g);
		table_text(&layout.table, matched);
		table_number(&layout.table, match.value);
		table_number(&layout.table, match.difference);
		table_count(&layout.table, match.points);
	}
	if (points == 0) {
		bsp_error_set(&e, BSP_DATA, "no points with a defined %s, "
		    "expected at least one", c->column[c->value]);
		die_of(c->name, &e);
	}
	table_end(&layout.table);
	if (poor.count > 0)
		cli_note("warning: no close match for %zu of %zu curves, "
		    "whose mean difference is above %g; %s has the largest, "
		    "%.2g", poor.count, c->groups, CLOSE, poor.name,
		    poor.most);
	free_room(&room);
	curves_plane_free(&plane);
}

/* The part of a name after its last dot. */
static const char *
last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL ? dot + 1 : name;
}

/* The column of the curves is one axis of the plane. */
static void
match(const char *path)
{
	struct curves_request request = {.x = x_name, .value = value_name,
	    .by = by, .where = &where};
	struct curves c, of;
	struct bsp_error e;
	bool over_y;

	over_y = strcmp(last_part(x_name), last_part(y_name)) == 0;
	curves_read(&c, path, &request);
	request = (struct curves_request){
	    .x = over_y ? "intensity" : last_part(x_name), .y = y_name,
	    .value = value_name};
	curves_read(&of, match_path, &request);
	curves_same_study(&c, &of);
	if (of.groups > 1) {
		bsp_error_set(&e, BSP_DATA, "%zu planes that differ in %s, "
		    "expected one", of.groups, of.column[of.by[0]]);
		die_of(of.name, &e);
	}
	write_matches(&c, &of, over_y ? BSP_OVER_Y : BSP_OVER_X);
	curves_free(&c);
	curves_free(&of);
}

/* ------------------------------------------------------------------- main */

static double
parse_request(void)
{
	struct bsp_error e;
	double below;

	if (curves_wanted + area_wanted + contour_wanted +
	    (match_path != NULL) > 1)
		cli_usage("--curves, --area, --contour and --match: expected "
		    "at most one of them");
	if (points_wanted && (area_wanted || contour_wanted ||
	    match_path != NULL))
		cli_usage("--points: expected no --area, --contour or "
		    "--match, which write no intervals");
	if (below_text != NULL && match_path != NULL)
		cli_usage("--below: expected no --match, which has no level");
	if (y_name != NULL && !area_wanted && !contour_wanted &&
	    match_path == NULL)
		cli_usage("--y: expected --area, --contour or --match: curves "
		    "have one axis");
	if (y_name == NULL)
		y_name = "sigma";
	if (below_text == NULL)
		below_text = "0.5";
	if (bsp_number_parse(below_text, &below, &e))
		cli_usage("--below: %s", e.text);
	return below;
}

int
main(int argc, char **argv)
{
	struct curves_request request = {.where = &where};
	struct cli_command command;
	struct curves c;
	double below;

	cli_parse(&program, argc, argv, &command);
	below = parse_request();
	out = cli_table(NULL);
	if (match_path != NULL) {
		match(command.operand[0]);
		return cli_finish(false);
	}
	request.x = x_name;
	request.y = area_wanted || contour_wanted ? y_name : NULL;
	request.value = value_name;
	request.by = by;
	curves_read(&c, command.operand[0], &request);
	if (area_wanted)
		write_areas(&c, below);
	else if (contour_wanted)
		write_contour(&c, below);
	else if (curves_wanted)
		write_curves(&c, below);
	else
		write_intervals(&c, below);
	curves_free(&c);
	return cli_finish(false);
}
