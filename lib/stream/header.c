/*
 * The headers of PGM, PAM, PBM and PFM images.  Rules to the byte are in
 * blindspot-stream(5).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stream.h"

/* Say that the stream ends where the header should go on. */
static int
cut(const struct bsp_source *source, const char *wanted, struct bsp_error *e)
{
	return bsp_source_error(source, source->offset, e,
	    "the stream ends inside a header, expected %s", wanted);
}

/* Name a byte for a message. */
static const char *
show(int c, char text[8])
{
	if (c > ' ' && c <= '~')
		snprintf(text, 8, "'%c'", c);
	else
		snprintf(text, 8, "0x%02x", (unsigned)c & 0xFF);
	return text;
}

/*
 * A byte of a PNM header, where a comment, from # to the end of its line,
 * stands for that end of line.
 */
static int
pnm_byte(struct bsp_source *source, int *c, struct bsp_error *e)
{
	int r = bsp_source_byte(source, c, e);

	if (r == 1 && *c == '#')
		do
			r = bsp_source_byte(source, c, e);
		while (r == 1 && *c != '\n' && *c != '\r');
	return r;
}

typedef int byte_fn(struct bsp_source *source, int *c, struct bsp_error *e);

/* Bytes up to the next white space, which is read too and goes to *space; some
 * come before. */
static int
read_word(struct bsp_source *source, byte_fn *next, const char *what,
    char *word, size_t size, int *space, struct bsp_error *e)
{
	size_t n = 0;
	int c, r;

	do
		r = next(source, &c, e);
	while (r == 1 && bsp_is_space(c));
	while (r == 1 && !bsp_is_space(c)) {
		if (n + 1 == size)
			return bsp_source_error(source, source->offset - 1, e,
			    "%s of more than %zu characters", what, n);
		if (c < ' ' || c > '~')
			return bsp_source_error(source, source->offset - 1, e,
			    "found byte 0x%02x, expected %s", (unsigned)c,
			    what);
		word[n++] = (char)c;
		r = next(source, &c, e);
	}
	if (r == 0)
		return cut(source, what, e);
	word[n] = '\0';
	*space = c;
	return r;
}

/* A whole number from 1 to limit; offset is where it ended. */
static int
check_number(const struct bsp_source *source, const char *what,
    const char *word, uint64_t limit, uint64_t *value, struct bsp_error *e)
{
	struct bsp_error why;

	if (bsp_count_parse(word, value, &why))
		return bsp_source_error(source, source->offset, e,
		    "%s: found '%s', expected a whole number from 1", what,
		    word);
	if (*value < 1 || *value > limit)
		return bsp_source_error(source, source->offset, e,
		    "%s: found %s, expected 1 to %llu", what, word,
		    (unsigned long long)limit);
	return 1;
}

#define SIDE_MAX 0x7FFFFFFF
#define MAXVAL_MAX 65535
#define WORD_SIZE 48

static int
read_number(struct bsp_source *source, byte_fn *next, const char *what,
    uint64_t limit, uint64_t *value, struct bsp_error *e)
{
	char word[WORD_SIZE];
	int space, r = read_word(source, next, what, word, sizeof word,
	    &space, e);

	return r == 1 ? check_number(source, what, word, limit, value, e) : r;
}

static int
set_size(const struct bsp_source *source, struct bsp_header *header,
    uint64_t width, uint64_t height, struct bsp_error *e)
{
	if (height > PTRDIFF_MAX / sizeof(float) / width)
		return bsp_source_error(source, source->offset, e,
		    "an image of %llu x %llu does not fit into memory",
		    (unsigned long long)width, (unsigned long long)height);
	header->cols = (size_t)width;
	header->rows = (size_t)height;
	return 1;
}

static int
read_size(struct bsp_source *source, byte_fn *next,
    struct bsp_header *header, struct bsp_error *e)
{
	uint64_t width, height;
	int r;

	if ((r = read_number(source, next, "width", SIDE_MAX, &width,
	    e)) != 1 ||
	    (r = read_number(source, next, "height", SIDE_MAX, &height,
	    e)) != 1)
		return r;
	return set_size(source, header, width, height, e);
}

static void
set_maxval(struct bsp_header *header, uint64_t maxval)
{
	header->maxval = (uint32_t)maxval;
	if (header->raster == BSP_RASTER_BYTES && maxval > 255)
		header->raster = BSP_RASTER_WORDS;
}

static int
read_pgm(struct bsp_source *source, struct bsp_header *header,
    struct bsp_error *e)
{
	uint64_t maxval;
	int r;

	if ((r = read_size(source, pnm_byte, header, e)) != 1 ||
	    (r = read_number(source, pnm_byte, "maxval", MAXVAL_MAX, &maxval,
	    e)) != 1)
		return r;
	set_maxval(header, maxval);
	return 1;
}

static int
read_pbm(struct bsp_source *source, struct bsp_header *header,
    struct bsp_error *e)
{
	header->maxval = 1;
	return read_size(source, pnm_byte, header, e);
}

static int
read_pfm(struct bsp_source *source, struct bsp_header *header,
    struct bsp_error *e)
{
	struct bsp_error why;
	char word[WORD_SIZE];
	double scale;
	int r, space;

	if ((r = read_size(source, bsp_source_byte, header, e)) != 1 ||
	    (r = read_word(source, bsp_source_byte, "scale", word,
	    sizeof word, &space, e)) != 1)
		return r;
	if (space == '\r' && bsp_source_fill(source, e) == 1 &&
	    source->bytes[source->begin] == '\n')
		return bsp_source_error(source, source->offset - 1, e,
		    "the scale ends with a carriage return and a newline, "
		    "expected one byte of white space before the samples");
	if (bsp_number_parse(word, &scale, &why) || scale == 0)
		return bsp_source_error(source, source->offset, e,
		    "scale: found '%s', expected a number other than 0", word);
	header->scale = fabs(scale);
	header->big_endian = scale > 0;
	return 1;
}

/* The numbers of a PAM header, each given once. */
struct pam {
	uint64_t width, height, depth, maxval; /* 0: not given */
};

#define PAM_LINE 256

static int
read_line(struct bsp_source *source, char line[PAM_LINE],
    struct bsp_error *e)
{
	size_t n = 0;
	int c, r;

	while ((r = bsp_source_byte(source, &c, e)) == 1 && c != '\n') {
		if (n + 1 == PAM_LINE)
			return bsp_source_error(source, source->offset, e,
			    "a line of more than %d characters in a PAM "
			    "header", PAM_LINE - 1);
		line[n++] = c == '\0' ? '?' : (char)c;
	}
	if (r == 0)
		return cut(source, "ENDHDR", e);
	line[n] = '\0';
	return r;
}

static int
pam_setting(struct bsp_source *source, struct pam *pam, const char *key,
    const char *value, struct bsp_error *e)
{
	struct {
		const char *key;
		uint64_t *number, limit;
	} known[] = {
		{"WIDTH", &pam->width, SIDE_MAX},
		{"HEIGHT", &pam->height, SIDE_MAX},
		{"DEPTH", &pam->depth, SIDE_MAX},
		{"MAXVAL", &pam->maxval, MAXVAL_MAX},
	};
	size_t i;

	if (strcmp(key, "TUPLTYPE") == 0)
		return 1; /* the depth says all that is needed */
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(key, known[i].key) == 0)
			break;
	if (i == sizeof known / sizeof known[0])
		return bsp_source_error(source, source->offset, e,
		    "unknown PAM header line '%s'", key);
	if (*known[i].number != 0)
		return bsp_source_error(source, source->offset, e,
		    "%s is given twice", key);
	return check_number(source, key, value, known[i].limit,
	    known[i].number, e);
}

/* Split a line into its first word and the rest, both trimmed. */
static char *
split(char *line, char **rest)
{
	char *word, *end;

	for (word = line; bsp_is_space(*word); word++)
		;
	for (end = word; *end != '\0' && !bsp_is_space(*end); end++)
		;
	*rest = end;
	if (*end != '\0')
		*(*rest)++ = '\0';
	while (bsp_is_space(**rest))
		(*rest)++;
	for (end = *rest + strlen(*rest); end > *rest &&
	    bsp_is_space(end[-1]); end--)
		;
	*end = '\0';
	return word;
}

static int
read_pam(struct bsp_source *source, struct bsp_header *header,
    struct bsp_error *e)
{
	char line[PAM_LINE], *key, *value;
	struct pam pam = {0, 0, 0, 0};
	int r;

	for (;;) {
		r = read_line(source, line, e);
		if (r != 1)
			return r;
		key = split(line, &value);
		if (strcmp(key, "ENDHDR") == 0)
			break;
		if (*key == '\0' || *key == '#')
			continue;
		r = pam_setting(source, &pam, key, value, e);
		if (r != 1)
			return r;
	}
	if (pam.width == 0 || pam.height == 0 || pam.depth == 0 ||
	    pam.maxval == 0)
		return bsp_source_error(source, source->offset, e,
		    "a PAM header without %s",
		    pam.width == 0 ? "WIDTH" : pam.height == 0 ? "HEIGHT" :
		    pam.depth == 0 ? "DEPTH" : "MAXVAL");
	if (pam.depth != 1)
		return bsp_source_error(source, source->offset, e,
		    "a PAM of depth %llu, expected 1 (pamchannel 0 takes the "
		    "first plane, ppmtopgm turns colour to grey)",
		    (unsigned long long)pam.depth);
	set_maxval(header, pam.maxval);
	return set_size(source, header, pam.width, pam.height, e);
}

/* Every format that begins with P and one more byte. */
static const struct format {
	char byte;
	enum bsp_raster raster;
	bool masks_only;
	int (*read)(struct bsp_source *, struct bsp_header *,
	    struct bsp_error *);
} formats[] = {
	{'1', BSP_RASTER_PLAIN_BITS, true, read_pbm},
	{'2', BSP_RASTER_PLAIN, false, read_pgm},
	{'4', BSP_RASTER_BITS, true, read_pbm},
	{'5', BSP_RASTER_BYTES, false, read_pgm},
	{'7', BSP_RASTER_BYTES, false, read_pam},
	{'f', BSP_RASTER_FLOATS, false, read_pfm},
};

/* What else people have at hand, known by its first two bytes. */
static const struct {
	unsigned char first, second;
	const char *what, *convert;
} strangers[] = {
	{'P', '3', "a colour image (plain PPM)", "ppmtopgm converts it"},
	{'P', '6', "a colour image (PPM)", "ppmtopgm converts it"},
	{'P', 'F', "a colour image (PFM)", "pfmtopam | ppmtopgm converts it"},
	{'P', '1', "a bitmap (plain PBM)", "pamdepth 255 converts it"},
	{'P', '4', "a bitmap (PBM)", "pamdepth 255 converts it"},
	{0x89, 'P', "a PNG", "pngtopam converts it"},
	{0xFF, 0xD8, "a JPEG", "jpegtopnm converts it"},
	{'I', 'I', "a TIFF", "tifftopnm converts it"},
	{'M', 'M', "a TIFF", "tifftopnm converts it"},
	{'G', 'I', "a GIF", "giftopnm converts it"},
	{'B', 'M', "a BMP", "bmptopnm converts it"},
	{0x93, 'N', "a numpy array (.npy)", "the program in "
	    "blindspot-stream(5) writes arrays"},
	{'P', 'K', "a zip archive (.npz, .pt)", "numpy or PyTorch reads it, "
	    "and the program in blindspot-stream(5) writes arrays"},
	{0x89, 'H', "an HDF5 file", "h5py reads it, and the program in "
	    "blindspot-stream(5) writes arrays"},
	{0x5C, 0x01, "a NIfTI volume", "nii-slices reads it"},
	{0x1C, 0x02, "a NIfTI volume", "nii-slices reads it"},
	{0x1F, 0x8B, "a gzip file", "nii-slices reads .nii.gz, gzip -dc "
	    "unpacks others"},
	{0xFD, '7', "an xz file", "xz -dc unpacks it"},
	{0x28, 0xB5, "a zstd file", "zstd -dc unpacks it"},
	{'B', 'Z', "a bzip2 file", "bzip2 -dc unpacks it"},
};

/* DICOM has its magic number behind 128 bytes of anything. */
static bool
is_dicom(const struct bsp_source *source)
{
	/* Two bytes are read. */
	return source->end - source->begin >= 130 &&
	    memcmp(source->bytes + source->begin + 126, "DICM", 4) == 0;
}

static int
wrong_magic(const struct bsp_source *source, uint64_t offset, int first,
    int second, enum bsp_content content, struct bsp_error *e)
{
	const char *wanted = content == BSP_MASKS ?
	    "a PGM, PBM, PAM or PFM mask" : "a PGM, PAM or PFM image";
	char a[8], b[8];
	size_t i;

	if (is_dicom(source))
		return bsp_source_error(source, offset, e, "found a DICOM "
		    "file, expected %s; dcm2niix makes volumes, which "
		    "nii-slices reads", wanted);
	for (i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
		if (first == strangers[i].first &&
		    second == strangers[i].second)
			return bsp_source_error(source, offset, e,
			    "found %s, expected %s; %s",
			    strangers[i].what, wanted, strangers[i].convert);
	return bsp_source_error(source, offset, e,
	    "found bytes %s %s, expected the magic number of %s",
	    show(first, a), show(second, b), wanted);
}

/* A program of the kit that fails ends its stream with "Pf\n" or "P5\n". */
static int
check_poison(struct bsp_source *source, uint64_t start, struct bsp_error *e)
{
	int r = bsp_source_fill(source, e);

	if (r == 0)
		return bsp_source_error(source, start, e,
		    "the stream is not whole: the program before failed (its "
		    "message says why)");
	return r;
}

int
bsp_header_read(struct bsp_source *source, enum bsp_content content,
    struct bsp_header *header, struct bsp_error *e)
{
	const struct format *format = NULL;
	uint64_t start = source->offset;
	int first, second, space, r;
	size_t i;

	r = bsp_source_byte(source, &first, e);
	if (r != 1)
		return r;
	r = bsp_source_byte(source, &second, e);
	if (r == 0 && first != 'P')
		return wrong_magic(source, start, first, 0, content, e);
	if (r != 1)
		return r < 0 ? r : cut(source, "a magic number", e);
	for (i = 0; first == 'P' && i < sizeof formats / sizeof formats[0];
	    i++)
		if (second == formats[i].byte)
			format = &formats[i];
	if (format == NULL || (format->masks_only && content != BSP_MASKS))
		return wrong_magic(source, start, first, second, content, e);
	r = (second == 'f' || second == '7' ? bsp_source_byte : pnm_byte)
	    (source, &space, e);
	if (r != 1)
		return r < 0 ? r : cut(source, "white space", e);
	if (!bsp_is_space(space) || (second == '7' && space != '\n'))
		return bsp_source_error(source, source->offset - 1, e,
		    "found byte 0x%02x after the magic number, expected %s",
		    (unsigned)space,
		    second == '7' ? "a newline" : "white space");
	if ((second == 'f' || second == '5') && space == '\n') {
		r = check_poison(source, start, e);
		if (r != 1)
			return r;
	}
	header->raster = format->raster;
	return format->read(source, header, e);
}
