/*
 * stream-pick: some images of a stream, in its order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/index.h"

#define AS_READ ((enum bsp_format)-1)

static const char *images_text, *split_text, *index_path, *picked_path;
static struct cli_list conditions;
static enum bsp_format format = AS_READ;
static bool clip, print_first;

static const struct cli_option options[] = {
	{"images", "LIST", "these images, counted from 0, as in 1,4,7",
	    CLI_TEXT, &images_text, 0, 0},
	{"where", "COLUMN=VALUE", "images whose row of --index has this value, "
	    "or COLUMN>=N, COLUMN<=N; all must hold where given again",
	    CLI_LIST, &conditions, 0, 0},
	{"split", "K/N", "the K-th of N pieces of equal length, to 1",
	    CLI_TEXT, &split_text, 0, 0},
	{"print-first", NULL, "with --split: print the number of the piece's "
	    "first image instead, for --first-index", CLI_FLAG, &print_first,
	    0, 0},
	{"index", "TSV", "what the images are of, as nii-slices writes it",
	    CLI_INPUT, &index_path, 0, 0},
	{"picked", "TSV", "write the index of the images picked",
	    CLI_TABLE_OUT, &picked_path, 0, 0},
	CLI_EXPECT_OPTION,
	{"format", "pfm|pgm8|pgm16", "of the stream written (default: of each "
	    "image the least that keeps its samples)", CLI_FORMAT, &format,
	    0, 0},
	{"clip", NULL, "for PGM: clip samples to 0 to 1 instead of failing",
	    CLI_FLAG, &clip, 0, 0},
	{.name = NULL},
};

static const struct cli_program program = {
	.name = "stream-pick",
	.summary = "Pick images of a stream.",
	.operands = "[A:B[:STEP]] [IMAGES]",
	.options = options,
	.most = 2,
	.output = CLI_STREAM,
	.examples = {
		"stream-pick 1:4 healthy.pfm > some.pfm",
		"stream-pick --split 1/2 healthy.pfm > half.pfm",
	},
};

/* ------------------------------------------------------------- the request */

/* The images A, A + STEP and so on before B. */
struct range {
	uint64_t begin, end, step;
};

struct request {
	struct range range;   /* unless images are named one by one */
	uint64_t *image;      /* those of --images, ascending; NULL: not given */
	size_t images;
	uint64_t piece, pieces; /* of --split; 0: not given */
	const char *input;
};

/* Read a number up to its end, which one of these characters or the text's
 * end is; false where it is empty. */
static bool
parse_number(const char **text, const char *ends, const char *option,
    uint64_t *value)
{
	size_t length = strcspn(*text, ends);
	char digits[32];
	struct bsp_error e;

	if (length == 0)
		return false;
	snprintf(digits, sizeof digits, "%.*s", (int)length, *text);
	if (length >= sizeof digits || bsp_count_parse(digits, value, &e))
		cli_usage("%s: found '%.*s', expected whole numbers from 0",
		    option, (int)length, *text);
	*text += length;
	return true;
}

static void
parse_range(struct range *r, const char *text)
{
	const char *at = text;

	*r = (struct range){0, UINT64_MAX, 1};
	parse_number(&at, ":", "A:B", &r->begin);
	if (*at++ != ':')
		cli_usage("found '%s', expected A:B or A:B:STEP", text);
	parse_number(&at, ":", "A:B", &r->end);
	if (*at == ':') {
		at++;
		parse_number(&at, ":", "A:B:STEP", &r->step);
	}
	if (*at != '\0')
		cli_usage("found '%s', expected A:B or A:B:STEP", text);
	if (r->step == 0)
		cli_usage("'%s': a step of 0, expected at least 1", text);
	if (r->begin >= r->end)
		cli_usage("'%s' picks nothing, expected A below B", text);
}

static void
parse_images(struct request *r)
{
	const char *at = images_text;
	size_t most = strlen(at) / 2 + 1;

	r->image = malloc(most * sizeof *r->image);
	if (r->image == NULL)
		cli_usage("--images: no memory for %zu numbers", most);
	for (;; at++) {
		if (!parse_number(&at, ",", "--images",
		    &r->image[r->images]))
			cli_usage("--images: found '%s', expected whole numbers "
			    "with commas between them", images_text);
		if (r->images > 0 && r->image[r->images] <=
		    r->image[r->images - 1])
			cli_usage("--images: %llu after %llu, expected "
			    "ascending numbers: a stream is read forward",
			    (unsigned long long)r->image[r->images],
			    (unsigned long long)r->image[r->images - 1]);
		r->images++;
		if (*at == '\0')
			return;
	}
}

static void
parse_split(struct request *r)
{
	const char *at = split_text;

	if (!parse_number(&at, "/", "--split", &r->piece) || *at++ != '/' ||
	    !parse_number(&at, "/", "--split", &r->pieces) || *at != '\0' ||
	    r->piece < 1 || r->piece > r->pieces)
		cli_usage("--split: found '%s', expected K/N with K from 1 to "
		    "N", split_text);
}

static void
parse_request(struct request *r, const struct cli_command *command)
{
	int ways = (images_text != NULL) + (conditions.count > 0) +
	    (split_text != NULL);
	bool has_range = command->operands == 2 || ways == 0;

	*r = (struct request){.range = {0, UINT64_MAX, 1}};
	if (ways + (command->operands == 2) > 1)
		cli_usage("two ways to pick, expected one of A:B, --images, "
		    "--where and --split");
	if (has_range && strcmp(command->operand[0], "-") == 0)
		cli_usage("nothing says which images, expected A:B, --images, "
		    "--where or --split");
	if (conditions.count > 0 && index_path == NULL)
		cli_usage("--where looks into --index, which is not given");
	if (picked_path != NULL && index_path == NULL)
		cli_usage("--picked takes rows of --index, which is not given");
	if (print_first && split_text == NULL)
		cli_usage("--print-first goes with --split");
	if (print_first && picked_path != NULL)
		cli_usage("--picked: with --print-first no image is written");
	if (has_range)
		parse_range(&r->range, command->operand[0]);
	if (images_text != NULL)
		parse_images(r);
	if (split_text != NULL)
		parse_split(r);
	r->input = !has_range ? command->operand[0] :
	    command->operands == 2 ? command->operand[1] : "-";
}

/* --------------------------------------------------------------- the index */

#define COLUMNS 64

/* One --where: a column holds a value, or a number up to or from one. */
struct condition {
	size_t column;
	char how; /* =, < or > */
	const char *value;
	double bound;
};

/* What the rows say, beside the index itself. */
static struct {
	struct index index;
	struct condition condition[CLI_LIST_MAX];
	char *column[COLUMNS + 1]; /* names, for --picked */
	size_t columns, image;     /* image: where that column is */
	struct table_fact fact[9];
	size_t facts;
	struct {
		char **field;      /* of the row, for --picked */
		bool wanted;       /* every --where holds */
	} *row;
	size_t rows, capacity;
} known;

static char *
keep(const char *text)
{
	char *copy = strdup(text);
	struct bsp_error e;

	if (copy == NULL) {
		bsp_error_system(&e, ENOMEM, "%zu rows", known.rows);
		e.stream = index_path;
		cli_die(&e);
	}
	return copy;
}

/* Read COLUMN=VALUE, COLUMN>=N or COLUMN<=N. */
static struct condition
parse_condition(const char *text, const struct tsv *tsv)
{
	size_t length = strcspn(text, "=<>"), f;
	struct condition c = {.how = text[length]};
	struct bsp_error e;

	c.value = text + length + (c.how != '=') + 1;
	if (c.how == '\0' || length == 0 || c.value[-1] != '=')
		cli_usage("--where: found '%s', expected COLUMN=VALUE, "
		    "COLUMN>=N or COLUMN<=N", text);
	if (c.how != '=' && bsp_number_parse(c.value, &c.bound, &e))
		cli_usage("--where %s: %s", text, e.text);
	for (f = 0; f < tsv->fields; f++)
		if (strlen(tsv->field[f]) == length &&
		    strncmp(tsv->field[f], text, length) == 0)
			break;
	if (f == tsv->fields)
		cli_usage("--where: %s has no column '%.*s'", tsv->name,
		    (int)length, text);
	c.column = f;
	return c;
}

static bool
holds(const struct condition *c, const struct tsv *tsv)
{
	const char *text = tsv->field[c->column];
	struct bsp_error e;
	char found[64];
	double value;

	if (c->how == '=')
		return strcmp(text, c->value) == 0;
	if (bsp_number_parse(text, &value, &e)) {
		snprintf(found, sizeof found, " is '%.50s'", text);
		tsv_bad(tsv, known.column[c->column], found, "a number, which "
		    "--where compares");
	}
	return c->how == '<' ? value <= c->bound : value >= c->bound;
}

static void
see_header(void *with, const struct tsv *tsv)
{
	size_t i, f;

	(void)with;
	for (f = 0; f < tsv->fields; f++) {
		known.column[f] = keep(tsv->field[f]);
		if (strcmp(tsv->field[f], "image") == 0)
			known.image = f;
	}
	known.columns = tsv->fields;
	for (i = 0; i < conditions.count; i++)
		known.condition[i] = parse_condition(conditions.text[i], tsv);
}

static void
see_row(void *with, const struct tsv *tsv)
{
	size_t i;
	void *grown;
	bool wanted = true;
	char **field = NULL;

	(void)with;
	if (known.rows == known.capacity) {
		known.capacity = 2 * known.capacity + 64;
		grown = realloc(known.row, known.capacity * sizeof *known.row);
		known.row = grown;
	}
	if (picked_path != NULL)
		field = malloc(known.columns * sizeof *field);
	if (known.row == NULL || (picked_path != NULL && field == NULL)) {
		struct bsp_error e;

		bsp_error_system(&e, ENOMEM, "%zu rows", known.rows);
		e.stream = index_path;
		cli_die(&e);
	}
	for (i = 0; i < conditions.count; i++)
		wanted = holds(&known.condition[i], tsv) && wanted;
	for (i = 0; field != NULL && i < known.columns; i++)
		field[i] = keep(tsv->field[i]);
	known.row[known.rows].field = field;
	known.row[known.rows++].wanted = wanted;
}

/* How the volumes were cut stays true of some of the slices. */
static void
hear_fact(void *with, const char *text)
{
	char *name, *space;

	(void)with;
	if (known.facts + 1 == sizeof known.fact / sizeof known.fact[0])
		return;
	name = keep(text);
	space = strchr(name, ' ');
	if (space != NULL)
		*space++ = '\0';
	known.fact[known.facts++] = (struct table_fact){name,
	    space != NULL ? space : ""};
}

static void
read_index(void)
{
	static const struct index_visitor visitor = {see_header, see_row,
	    hear_fact, NULL};

	if (index_path != NULL)
		index_read_with(&known.index, index_path, &visitor);
}

/* The number of the image's row. */
static size_t
row_of(uint64_t image)
{
	return (size_t)(index_get(&known.index, image) - known.index.row);
}

/* Write a row of the index under its new number. */
static void
write_row(struct table *table, uint64_t image, uint64_t number)
{
	char **field = known.row[row_of(image)].field;
	size_t i;

	for (i = 0; i < known.columns; i++)
		if (i == known.image)
			table_count(table, number);
		else
			table_text(table, field[i]);
}

/* -------------------------------------------------------------- the stream */

/* How many images a file has; it is then at its beginning again. */
static uint64_t
count_images(int fd, const char *path)
{
	struct bsp_image image = {0};
	struct bsp_reader *reader;
	struct bsp_error e = {0};
	off_t begin = lseek(fd, 0, SEEK_CUR);
	uint64_t count;
	int r, copy = dup(fd);

	if (begin < 0 || copy < 0) {
		bsp_error_system(&e, errno, "read");
		e.stream = path;
		cli_die(&e);
	}
	reader = cli_reader_of(copy, path, BSP_IMAGES);
	while ((r = bsp_reader_next(reader, &image, &e)) == 1)
		;
	if (r < 0)
		cli_die(&e);
	count = bsp_reader_count(reader);
	bsp_reader_close(reader);
	bsp_image_free(&image);
	if (lseek(fd, begin, SEEK_SET) < 0) {
		bsp_error_system(&e, errno, "begin again");
		e.stream = path;
		cli_die(&e);
	}
	return count;
}

/* Find the images of a piece: the index or the file tells how many there are. */
static void
find_piece(struct request *r, int fd)
{
	struct stat status;
	uint64_t total, length, longer;
	struct bsp_error e;

	if (index_path != NULL)
		total = known.index.rows;
	else if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		total = count_images(fd, r->input);
	else
		cli_usage("--split: a pipe does not tell how many images come, "
		    "expected a file, or --index");
	if (total < r->pieces) {
		bsp_error_set(&e, BSP_DATA, "%llu images, expected at least "
		    "one for each piece of --split %s",
		    (unsigned long long)total, split_text);
		e.stream = index_path != NULL ? index_path :
		    strcmp(r->input, "-") == 0 ? "standard input" : r->input;
		cli_die(&e);
	}
	/* The first pieces take one of what is left over each. */
	length = total / r->pieces;
	longer = total % r->pieces;
	r->range.begin = (r->piece - 1) * length +
	    (r->piece - 1 < longer ? r->piece - 1 : longer);
	r->range.end = r->range.begin + length + (r->piece - 1 < longer);
}

static bool
is_picked(const struct request *r, uint64_t image, size_t *next)
{
	const struct range *range = &r->range;

	if (r->image != NULL) {
		if (*next == r->images || r->image[*next] != image)
			return false;
		(*next)++;
		return true;
	}
	if (conditions.count > 0)
		return known.row[row_of(image)].wanted;
	return image >= range->begin && image < range->end &&
	    (image - range->begin) % range->step == 0;
}

/* All is read: was there what was asked for? */
static void
check_end(const struct request *r, uint64_t count, uint64_t written,
    size_t next)
{
	struct bsp_error e = {.image = -1, .byte = -1};

	if (index_path != NULL)
		index_check_end(&known.index, count);
	if (r->image != NULL && next < r->images)
		bsp_error_set(&e, BSP_DATA, "the stream ends after %llu images, "
		    "expected image %llu (--images)",
		    (unsigned long long)count,
		    (unsigned long long)r->image[next]);
	else if (written == 0)
		bsp_error_set(&e, BSP_DATA, "none of its %llu images is "
		    "picked, expected one at least",
		    (unsigned long long)count);
	else
		return;
	e.stream = strcmp(r->input, "-") == 0 ? "standard input" : r->input;
	cli_die(&e);
}

static void
pick(const struct request *r, struct bsp_reader *in, struct bsp_writer *out,
    struct table *table)
{
	struct bsp_image image = {0};
	struct bsp_error e = {0};
	uint64_t count;
	size_t next = 0;
	int more;

	for (count = 0; (more = bsp_reader_next(in, &image, &e)) == 1;
	    count++) {
		if (index_path != NULL)
			index_get(&known.index, count);
		if (!is_picked(r, count, &next))
			continue;
		if (format == AS_READ)
			bsp_writer_set_format(out, bsp_reader_format(in));
		if (picked_path != NULL)
			write_row(table, count, bsp_writer_count(out));
		if (bsp_writer_put(out, &image, &e))
			cli_die(&e);
	}
	if (more < 0)
		cli_die(&e);
	check_end(r, count, bsp_writer_count(out), next);
	bsp_image_free(&image);
}

int
main(int argc, char **argv)
{
	struct cli_command command;
	struct request request;
	struct bsp_reader *in;
	struct bsp_writer *out;
	struct table table;
	int fd;

	cli_parse(&program, argc, argv, &command);
	parse_request(&request, &command);
	read_index();
	fd = cli_open(request.input);
	if (request.pieces > 0)
		find_piece(&request, fd);
	if (print_first) {
		cli_print(cli_table(NULL), "%llu\n",
		    (unsigned long long)request.range.begin);
		return cli_finish(false);
	}
	out = cli_stream(format == AS_READ ? BSP_PFM : format, clip);
	if (picked_path != NULL)
		table_begin(&table, cli_table(picked_path), false,
		    cli_command_line(NULL), known.fact,
		    (const char *const *)known.column);
	in = cli_reader_of(fd, request.input, BSP_IMAGES);
	bsp_reader_expect(in, cli_expected);
	pick(&request, in, out, &table);
	free(request.image);
	return cli_finish(false);
}
