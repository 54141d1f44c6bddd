/*
 * libblindspot: image streams, synthetic anomalies, simulated reconstructions,
 * residual maps and their scores.
 *
 * The library never prints, never exits and keeps no globals.  A function that
 * can fail returns 0 or -1 (readers: 1 an image, 0 a clean end, -1) and on -1
 * fills the caller's error record.  Images are float32, rows * cols samples,
 * top row first; sizes are size_t, parameters and sums double, counts
 * uint64_t.  Every result is the same on every CPU, compiler and optimisation
 * level; build code that links the library as you like, but the library itself
 * never under -ffast-math.
 */
#ifndef BLINDSPOT_H
#define BLINDSPOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BSP_VERSION "0.2.0"

/* What the shared library exports; everything else in it is hidden. */
#define BSP_API __attribute__((visibility("default")))
#define BSP_PRINTF(text, first) \
	__attribute__((__format__(__printf__, text, first)))

/* ------------------------------------------------------------------ errors */

/* The kinds of failure.  Programs exit with these numbers. */
enum bsp_status {
	BSP_OK = 0,
	BSP_USAGE = 2,  /* what was asked for makes no sense */
	BSP_DATA = 3,   /* the input is bad */
	BSP_SYSTEM = 4, /* open, read, write, memory, disk full */
};

/*
 * An error, owned by the caller; {0} to begin with.  stream is borrowed from
 * whoever named it (a reader's name), NULL where no stream is to blame; image
 * counts from 0 in that stream and byte is an offset in it, -1 where they do
 * not apply.  text says what was found and what was expected.
 */
struct bsp_error {
	enum bsp_status status;
	int errnum; /* errno for BSP_SYSTEM, else 0 */
	const char *stream;
	int64_t image;
	int64_t byte;
	char text[512];
};

/* Fill *e, with no stream, image or byte; returns -1, to be returned. */
BSP_API int bsp_error_set(struct bsp_error *e, enum bsp_status status,
    const char *format, ...) BSP_PRINTF(3, 4);

/* The same for a failed system call: errnum's message follows the text. */
BSP_API int bsp_error_system(struct bsp_error *e, int errnum,
    const char *format, ...) BSP_PRINTF(3, 4);

/* ------------------------------------------------------------------ images */

/*
 * rows * cols samples, row-major, top row first.  {0} is a valid empty image.
 * data is owned by the image and kept from one use to the next; capacity is
 * how many samples it has room for.
 */
struct bsp_image {
	size_t rows, cols;
	float *data;
	size_t capacity;
};

/*
 * Give *image the size rows x cols, both at least 1; the samples are then
 * unspecified.  Fails (BSP_SYSTEM) when memory runs out or the size overflows;
 * the image then keeps its old size.
 */
BSP_API int bsp_image_resize(struct bsp_image *image, size_t rows,
    size_t cols, struct bsp_error *e);

/* Make *to a copy of *from, size and samples. */
BSP_API int bsp_image_copy(struct bsp_image *to,
    const struct bsp_image *from, struct bsp_error *e);

/* Free the samples; the image is then {0}. */
BSP_API void bsp_image_free(struct bsp_image *image);

/* The number of samples. */
static inline size_t
bsp_image_size(const struct bsp_image *image)
{
	return image->rows * image->cols;
}

/* How many samples are foreground, that is > 0. */
BSP_API size_t bsp_image_foreground(const struct bsp_image *image);

/* Fail (BSP_DATA) unless there is foreground to put an anomaly into. */
BSP_API int bsp_foreground_check(const struct bsp_image *image,
    struct bsp_error *e);

/*
 * Histogram equalisation of the foreground {x > 0} into (0,1]: 256 equal bins
 * from its least to its greatest sample, the cumulated share interpolated
 * linearly between bin centres; the background becomes 0.  Fails (BSP_DATA)
 * without foreground.  in and out may be the same image.
 * Source: Meissen et al., MIDL 2022; skimage.exposure.equalize_hist.
 */
BSP_API int bsp_equalize(const struct bsp_image *in, struct bsp_image *out,
    struct bsp_error *e);

#define BSP_EQUALIZE_BINS 256

/* The cumulated share at the centre of each bin. */
struct bsp_equalization {
	double centre[BSP_EQUALIZE_BINS], share[BSP_EQUALIZE_BINS];
};

/*
 * The same in two steps, of n images that share one histogram, as the slices of
 * a volume: fit fails (BSP_DATA) where none of them has foreground; apply makes
 * out from an image whose foreground was among them.
 */
BSP_API int bsp_equalization_fit(struct bsp_equalization *equalization,
    const struct bsp_image *const *images, size_t n, struct bsp_error *e);
BSP_API int bsp_equalization_apply(const struct bsp_equalization *equalization,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e);

/* ---------------------------------------------------------- random numbers */

/*
 * Philox4x32-10: four random words from a counter and a key.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011; checked against its published test vectors.
 */
BSP_API void bsp_philox(const uint32_t counter[4], const uint32_t key[2],
    uint32_t out[4]);

/*
 * What a draw is for.  Draws of different purposes, anomaly numbers or images
 * are independent of each other, whatever each consumes.
 */
enum bsp_purpose {
	BSP_DRAW_POSITION = 1,  /* where an anomaly lies */
	BSP_DRAW_ANOMALY = 2,   /* its shape and texture */
	BSP_DRAW_DEGRADE = 3,   /* noise of a reconstruction */
	BSP_DRAW_BOOTSTRAP = 4, /* resampling of images or groups */
	BSP_DRAW_PHANTOM = 5,   /* anatomy */
	BSP_DRAW_RESIDUAL = 6,  /* the start of a fit */
	BSP_DRAW_SIGNS = 7,     /* permutations of a test */
	BSP_DRAW_WEIGHTS = 8,   /* a network before training */
	BSP_DRAW_BATCH = 9,     /* the order of an epoch */
};

/*
 * A sequence of random numbers.  The key is the seed; the counter is {draw,
 * purpose << 24 | number, image index (two words, low first)}.
 */
struct bsp_random {
	uint32_t key[2];
	uint32_t counter[4];
	uint32_t word[4];
	unsigned left; /* words not yet given out */
};

/*
 * Begin the sequence for (seed, purpose, number, index).  number: the anomaly
 * or sample number within the image, below 2^24.
 */
BSP_API void bsp_random_start(struct bsp_random *random, uint64_t seed,
    enum bsp_purpose purpose, uint32_t number, uint64_t index);

/* The next 32 random bits. */
BSP_API uint32_t bsp_random_u32(struct bsp_random *random);

/* A uniform integer in [0, n), by rejection; n at least 1. */
BSP_API uint64_t bsp_random_below(struct bsp_random *random, uint64_t n);

/* A uniform double in [0, 1), a multiple of 2^-53. */
BSP_API double bsp_random_uniform(struct bsp_random *random);

/*
 * A normal deviate, mean 0 and sd 1 (Box and Muller 1958), of two uniform ones,
 * to within 1e-15 of its size or of 1.
 */
BSP_API double bsp_random_normal(struct bsp_random *random);

/* A gamma deviate of whole shape: the sum of so many exponentials. */
BSP_API double bsp_random_gamma(struct bsp_random *random, unsigned shape,
    double scale);

/*
 * n independent ones, two of each two uniform deviates; the first of each pair
 * is what bsp_random_normal would give.
 */
BSP_API void bsp_random_normals(struct bsp_random *random, double *z,
    size_t n);

/* ------------------------------------------------------------ portable math */

/*
 * Elementary functions made of IEEE 754 double additions, multiplications,
 * divisions and exact scalings only, so that they give the same bits on every
 * machine (libm's depend on the CPU).  Error below 1 unit in the last place
 * for exp, log and pow, and for sin and cos of |x| <= 1e5; sin and cos of a
 * larger |x| are NaN.  Infinities, NaN and signs follow C's Annex F.
 */
BSP_API double bsp_exp(double x);
BSP_API double bsp_log(double x);
BSP_API double bsp_sin(double x);
BSP_API double bsp_cos(double x);
BSP_API double bsp_pow(double x, double y);

/* -------------------------------------------------------------- exact sums */

/*
 * A sum of finite floats kept without any rounding error, for up to 2^38 of
 * them; {0} is the empty sum.  bin[b] holds an integer multiple of the unit of
 * the samples whose biased exponent is b, 2^(b - 150) (2^-149 where b is 0).
 */
struct bsp_sum {
	int64_t bin[255];
	uint64_t count;
};

BSP_API void bsp_sum_add(struct bsp_sum *sum, const float *x, size_t n);

/* The sum, rounded once to the nearest double, ties to even. */
BSP_API double bsp_sum_value(const struct bsp_sum *sum);

/* The sum over the count; NaN when nothing was added. */
BSP_API double bsp_sum_mean(const struct bsp_sum *sum);

/* --------------------------------------------------------------- quantiles */

/*
 * The q-quantile of n finite values in ascending order: linear interpolation
 * at place q (n - 1), from 0; type 7 of Hyndman and Fan (1996), and the bits of
 * numpy.quantile, which takes the step from the nearer neighbour.  The value
 * itself where n is 1; NaN where n is 0, where q is not in [0,1] or NaN, and
 * where a value that counts is NaN.
 */
BSP_API double bsp_quantile(const double *sorted, size_t n, double q);

/*
 * The same of values that lie otherwise: value(with, i) is the i-th in order,
 * from 0, and is asked for one place or for two, the lower first.
 */
typedef double bsp_ordered_fn(void *with, size_t i);
BSP_API double bsp_quantile_of(bsp_ordered_fn *value, void *with, size_t n,
    double q);

/* ----------------------------------------------------------- distributions */

/*
 * The normal distribution's share at or below x, to within 1e-15 of 1 and, far
 * below 0, 1e-12 of itself.
 */
BSP_API double bsp_normal_cdf(double x);

/*
 * The p-quantile of Student's t with so many degrees of freedom, at least 1:
 * below 0 for p below one half.  Relative error below 1e-12 for p from 1e-3 to
 * 1 - 1e-3.  NaN where p is not inside (0,1) or freedom is 0.
 * Source: Abramowitz and Stegun 1964, 26.7.3 to 26.7.5.
 */
BSP_API double bsp_student_quantile(double p, size_t freedom);

/*
 * The level of an expanded percentile: where the bootstrap of a mean of n takes
 * its quantile for an interval that Student's t would begin at `level'.
 * Phi(sqrt(n/(n - 1)) t(level, n - 1)); NaN for n below 2.
 * Source: Hesterberg, The American Statistician 2015, section 4.
 */
BSP_API double bsp_expanded_level(double level, size_t n);

/* ------------------------------------------------------------ fingerprints */

/*
 * XXH3 (64 bits, seed 0) of bytes that come in any pieces; {0} is that of
 * none.  Against mistakes, not against malice.
 * Source: Collet, "xxHash fast digest algorithm" (xxhash_spec.md).
 */
struct bsp_hash {
	uint64_t total;           /* bytes so far */
	size_t held;              /* of them, at the end of bytes[] */
	uint64_t acc[8];          /* of the others */
	unsigned char bytes[320]; /* the last 64 of those, then the held */
};

BSP_API void bsp_hash_add(struct bsp_hash *hash, const void *bytes, size_t n);
BSP_API uint64_t bsp_hash_value(const struct bsp_hash *hash);

#define BSP_FINGERPRINT_SIZE 17

/*
 * Add an image to the fingerprint of a stream: the hash of rows and columns, as
 * uint64_t, and samples of image after image.  The format of a stream does not
 * matter, nor how it is cut into files.
 */
BSP_API void bsp_fingerprint_add(struct bsp_hash *hash,
    const struct bsp_image *image);

/* The hash as 16 hexadecimal digits; returns text. */
BSP_API char *bsp_fingerprint_format(char text[BSP_FINGERPRINT_SIZE],
    const struct bsp_hash *hash);

/* ----------------------------------------------------------------- numbers */

/*
 * Read the whole of text as a finite decimal number, in the C locale whatever
 * the process's is.  Fails (BSP_USAGE) on an empty text, trailing characters,
 * hexadecimal, infinities, NaN and overflow.
 */
BSP_API int bsp_number_parse(const char *text, double *value,
    struct bsp_error *e);

/* Read the whole of text as a decimal integer in [0, 2^64). */
BSP_API int bsp_count_parse(const char *text, uint64_t *value,
    struct bsp_error *e);

#define BSP_NUMBER_SIZE 32

/*
 * Write the shortest decimal that reads back as exactly value ("nan", "inf"
 * and "-inf" where it is not finite), in the C locale; returns text.
 */
BSP_API char *bsp_number_format(char text[BSP_NUMBER_SIZE], double value);

/* ---------------------------------------------------- parameters and kinds */

/*
 * One typed parameter of a kind.  Values are held as double; a BSP_INTEGER is
 * a whole number, a BSP_ODD an odd one, a BSP_FLAG 0 or 1.  The range is
 * [min, max], without min itself where above_min is set.
 */
enum bsp_type { BSP_REAL, BSP_INTEGER, BSP_FLAG, BSP_ODD };

struct bsp_param {
	const char *name;
	const char *unit; /* "pixels"; "" where it has none */
	const char *help; /* one line */
	enum bsp_type type;
	double initial; /* the default */
	double min, max;
	bool above_min;
};

#define BSP_PARAMS_MAX 16

/* What a kind works with beside the image and its reconstructions. */
enum bsp_need {
	BSP_DONOR = 1,     /* anomalies: another image */
	BSP_MAY_DONOR = 2, /* anomalies: the same, but it can do without */
	BSP_SHAPE = 4,     /* anomalies: a mask whose shape it takes */
	BSP_MASK = 8,      /* degradations: a mask of what is to be filled */
	BSP_SALIENCY = 16, /* residuals: a map of saliency, if there is one */
	BSP_PIXEL_STATS = 32, /* residuals: what is normal for each pixel */
};

/* A kind that this build is without. */
struct bsp_absent {
	const char *name;
	const char *lacks; /* "FFTW (libfftw3-dev)" */
};

/*
 * One kind of anomaly, degradation or residual: a row of its stage's table.
 * The row drives sub-commands, --help, completion and sweep specs.  A kind is
 * applied by its stage's entry point, which checks what it is given: bsp_inject
 * or bsp_inject_image, bsp_degrade, bsp_residual_map.
 */
struct bsp_apply; /* the library's own */

struct bsp_kind {
	const char *name;
	const char *summary; /* one line */
	const char *source;  /* paper or reference */
	unsigned inputs;     /* image streams it takes */
	unsigned needs;      /* of enum bsp_need */
	const struct bsp_param *params; /* ended by a NULL name; NULL: none */
	const struct bsp_param *options; /* more, which all of a stage share */
	const char *const *drawn; /* anomalies: the numbers that it draws; ended
	                             by NULL; NULL: none */
	bool pointwise; /* residuals: each sample depends on its own alone */
	bool below_zero; /* residuals: 0 is no score of what is normal */
	const struct bsp_apply *apply;
	const struct bsp_absent *absent; /* the last row, which has no name:
	                                    kinds that are not in the table;
	                                    ended likewise; NULL: none */
};

/* The tables, each ended by a row whose name is NULL. */
BSP_API extern const struct bsp_kind bsp_inject_kinds[];
BSP_API extern const struct bsp_kind bsp_degrade_kinds[];
BSP_API extern const struct bsp_kind bsp_residual_kinds[];

/* The row of that name, or NULL. */
BSP_API const struct bsp_kind *bsp_kind_find(const struct bsp_kind *kinds,
    const char *name);

/*
 * Say why there is no row of that name (BSP_USAGE): this build is without it,
 * or the name is misspelt.  Returns -1.
 */
BSP_API int bsp_kind_unknown(const struct bsp_kind *kinds, const char *name,
    struct bsp_error *e);

/* The known kind whose name is nearest to a misspelt one. */
BSP_API const char *bsp_kind_nearest(const struct bsp_kind *kinds,
    const char *name);

/* Edit distance: insertions, deletions, replacements and swaps of neighbours. */
BSP_API size_t bsp_edit_distance(const char *a, const char *b);

/*
 * Make *nearest, NULL at first, the candidate if it is nearer to the word, or
 * as near and begins more like it.
 */
BSP_API void bsp_nearest(const char *word, const char *candidate,
    const char **nearest);

/*
 * How many parameters the kind has, its stage's options included; params[] is
 * that long wherever one is taken.
 */
BSP_API size_t bsp_kind_params(const struct bsp_kind *kind);

/* Parameter i of them, the kind's own first. */
BSP_API const struct bsp_param *bsp_kind_param(const struct bsp_kind *kind,
    size_t i);

/* Where the parameter of that name is among them; their number if nowhere. */
BSP_API size_t bsp_kind_param_find(const struct bsp_kind *kind,
    const char *name);

/* Fill values[] with the kind's defaults. */
BSP_API void bsp_kind_defaults(const struct bsp_kind *kind, double *values);

/* Read one value of a parameter, checking type and range (BSP_USAGE). */
BSP_API int bsp_param_parse(const struct bsp_param *param, const char *text,
    double *value, struct bsp_error *e);

/*
 * Fail (BSP_USAGE) where one of the kind's parameters is not finite or out of
 * its range, or where they do not go together.  params NULL: for a kind that
 * has none.
 */
BSP_API int bsp_params_check(const struct bsp_kind *kind,
    const double *params, struct bsp_error *e);

/* Say the parameter's range in words: "0 to 1", "above 0", "at least 1". */
BSP_API char *bsp_param_range(const struct bsp_param *param, char text[64]);

/* ------------------------------------------------------------------- specs */

/* n points from lo to hi, both included; n = 1 is the point lo. */
struct bsp_range {
	double lo, hi;
	size_t n;
};

/*
 * Point i of n: the decimal %.9g of lo + (hi - lo) * i / (n - 1), read back;
 * lo itself where n is 1.
 */
BSP_API double bsp_range_point(const struct bsp_range *range, size_t i);

/* Read LO:HI:N (N from 2 to 1e6) or a single value. */
BSP_API int bsp_range_parse(const char *text, struct bsp_range *range,
    struct bsp_error *e);

/*
 * A kind with a range for each of its parameters, as read from the text
 * kind:key=value,key=LO:HI:N; a flag may stand without a value.  swept lists the
 * parameters given as LO:HI:N, in the order of the text.
 */
struct bsp_spec {
	const struct bsp_kind *kind;
	struct bsp_range range[BSP_PARAMS_MAX];
	size_t swept[BSP_PARAMS_MAX];
	size_t swept_count;
};

/*
 * Read a spec against a table of kinds.  Parameters not named keep their
 * defaults.  Fails (BSP_USAGE), naming the nearest, on an unknown kind or key,
 * and on a key given twice, a missing value, and a value out of range.
 */
BSP_API int bsp_spec_parse(const struct bsp_kind *kinds, const char *text,
    struct bsp_spec *spec, struct bsp_error *e);

/*
 * Write a spec with all its parameters, so that it reads back the same.  text
 * has room for BSP_SPEC_SIZE characters.
 */
#define BSP_SPEC_SIZE 2048
BSP_API char *bsp_spec_format(const struct bsp_spec *spec, char *text);

/*
 * The number of cells of a spec: the product of its swept ranges' points, at
 * most BSP_CELLS_MAX.
 */
#define BSP_CELLS_MAX 10000000
BSP_API size_t bsp_spec_cells(const struct bsp_spec *spec);

/* The parameters of one cell; the parameter swept last changes fastest. */
BSP_API void bsp_spec_cell(const struct bsp_spec *spec, size_t cell,
    double *params);

/*
 * Write one cell as a spec, with the parameters that are swept or are not the
 * default; text as for bsp_spec_format.
 */
BSP_API char *bsp_spec_label(const struct bsp_spec *spec, size_t cell,
    char *text);

/* ---------------------------------------------------------------- phantoms */

/*
 * Draw a T1-like axial brain slice of size x size pixels, BSP_PHANTOM_SIZE_MIN to
 * BSP_PHANTOM_SIZE_MAX, into *out: background exactly 0, foreground in (0,1].
 * The same seed and index give the same slice at every size, more or less
 * finely.  Fails on a size out of range (BSP_USAGE) and without memory, of
 * which it needs 20 bytes for each of 4 size^2 samples, 5 MiB at least.
 * Source: drawn so that the blind spot is that of Meissen et al., MIDL 2022.
 */
#define BSP_PHANTOM_SIZE_MIN 8
#define BSP_PHANTOM_SIZE_MAX 4096
BSP_API int bsp_phantom_draw(uint64_t seed, uint64_t index, size_t size,
    struct bsp_image *out, struct bsp_error *e);

/* ----------------------------------------------------------------- streams */

/*
 * A stream is a concatenation of images, read forward only: raw or plain PGM
 * (P5, P2), PAM of depth 1 (P7) and greyscale PFM (Pf), of any sizes, mixed
 * freely; see blindspot-stream(5).  NaN and infinities are refused.
 */
enum bsp_content {
	BSP_IMAGES, /* samples: PGM and PAM over maxval, PFM over its scale */
	BSP_MASKS,  /* 0 or 1: non-zero is 1; PBM is read too, white being 1 */
};

struct bsp_reader;

/*
 * A reader of the open descriptor fd, which it then owns and closes.  name is
 * for error messages and borrowed until the reader, and every error record it
 * filled, is done with.  NULL when memory runs out.
 */
BSP_API struct bsp_reader *bsp_reader_open(int fd, const char *name,
    enum bsp_content content, struct bsp_error *e);

/* The same for a stream that lies in memory, borrowed likewise. */
BSP_API struct bsp_reader *bsp_reader_open_memory(const void *bytes, size_t n,
    const char *name, enum bsp_content content, struct bsp_error *e);

/*
 * Read the next image.  1: *image holds it; 0: the stream ended cleanly, at
 * an image boundary; -1: bad data or a failed read.  Memory grows as samples
 * arrive, not as a header claims.
 */
BSP_API int bsp_reader_next(struct bsp_reader *reader,
    struct bsp_image *image, struct bsp_error *e);

/*
 * From now on the stream's end after another number of images is an error: a
 * writer that is killed (SIGKILL) cannot say that its stream is not whole.
 */
BSP_API void bsp_reader_expect(struct bsp_reader *reader, uint64_t images);

#define BSP_MASK_VALUES 16

/* The values that the samples of a mask stream have: a mask has two, the labels
 * of a segmentation are few; more than these are probably an image. */
struct bsp_mask_values {
	float value[BSP_MASK_VALUES]; /* the first of them, as they come */
	size_t count;
	uint64_t images; /* that hold yet another one */
};

/* From now on note the values there, before they become 0 or 1; {0} first. */
BSP_API void bsp_reader_tally(struct bsp_reader *reader,
    struct bsp_mask_values *values);

/* How many images it has read. */
BSP_API uint64_t bsp_reader_count(const struct bsp_reader *reader);

/*
 * Blame the image read last for bad data that names no stream yet: a stage
 * knows what is wrong with an image, not where it came from.  Returns -1.
 */
BSP_API int bsp_reader_blame(const struct bsp_reader *reader,
    struct bsp_error *e);

BSP_API void bsp_reader_close(struct bsp_reader *reader); /* NULL: nothing */

/*
 * Read one image of each of n streams in lock-step; all must have the same
 * size and the streams the same number of images.  Returns as bsp_reader_next.
 */
BSP_API int bsp_readers_next(struct bsp_reader *const readers[],
    struct bsp_image *const images[], size_t n, struct bsp_error *e);

enum bsp_format {
	BSP_PFM,   /* greyscale, little-endian, scale -1 */
	BSP_PGM8,  /* maxval 255 */
	BSP_PGM16, /* maxval 65535 */
};

/* The smallest format that keeps every sample of the image read last. */
BSP_API enum bsp_format bsp_reader_format(const struct bsp_reader *reader);

struct bsp_writer;

/*
 * A writer to the open descriptor fd, which it then owns.  In PGM a sample x
 * becomes floor(x * maxval + .5), but at least 1 where it is above 0, for 0 is
 * background; a sample outside [0,1] is an error (BSP_DATA), or with clip is
 * moved to the nearer end and counted.
 */
BSP_API struct bsp_writer *bsp_writer_open(int fd, const char *name,
    enum bsp_format format, bool clip, struct bsp_error *e);

/* Write the images that follow in another format. */
BSP_API void bsp_writer_set_format(struct bsp_writer *writer,
    enum bsp_format format);

/* Write one image, complete when this returns.  NaN is never written. */
BSP_API int bsp_writer_put(struct bsp_writer *writer,
    const struct bsp_image *image, struct bsp_error *e);

/* How many images and how many clipped samples it has written, and how many
 * that are one step of a PGM because they are above 0. */
BSP_API uint64_t bsp_writer_count(const struct bsp_writer *writer);
BSP_API uint64_t bsp_writer_clipped(const struct bsp_writer *writer);
BSP_API uint64_t bsp_writer_raised(const struct bsp_writer *writer);

/*
 * Say downstream that the stream is not whole: if it stands at an image
 * boundary, write the start of a header and nothing more, which every reader
 * refuses; where that cannot be written, as on a full disk, cut a regular file
 * back into the last image.  A handler of signals may call it.
 */
BSP_API void bsp_writer_poison(struct bsp_writer *writer);

/*
 * For a handler of signals, in the thread that writes: true if the writer
 * stands between two images, and may be poisoned; false if it is writing one.
 * bsp_writer_put then ends as soon as it can, with errnum EINTR, and knows
 * where the stream stands, as the handler cannot.
 */
BSP_API bool bsp_writer_stop(struct bsp_writer *writer);

/* Close the descriptor and free the writer; fails, and poisons the stream, if
 * the close fails. */
BSP_API int bsp_writer_close(struct bsp_writer *writer, struct bsp_error *e);

/* ------------------------------------------------------------------- masks */

/*
 * The threshold of Otsu (IEEE Transactions on Systems, Man, and Cybernetics,
 * 1979): of 256 bins of equal width between the least and the greatest sample,
 * the centre of the one that parts the samples, up to it and above it, with
 * the most variance between the two.  An image that is all one value has that.
 * Fails (BSP_DATA) on an empty image.
 */
BSP_API int bsp_threshold_otsu(const struct bsp_image *image,
    double *threshold, struct bsp_error *e);

/* Make *mask 1 where the image is above a threshold, and 0 elsewhere. */
BSP_API int bsp_mask_above(const struct bsp_image *image, double threshold,
    struct bsp_image *mask, struct bsp_error *e);

/* Keep the largest region of a mask, joined at sides and corners; of equal ones
 * the first in row-major order. */
BSP_API int bsp_mask_keep_largest(struct bsp_image *mask,
    struct bsp_error *e);

/* Set to 1 the samples from which no way over sides of samples outside the mask
 * leads to the rim of the image. */
BSP_API int bsp_mask_fill_holes(struct bsp_image *mask, struct bsp_error *e);

/* Set an image to 0 where the mask, of its size (or BSP_DATA), is 0. */
BSP_API int bsp_mask_apply(const struct bsp_image *mask,
    struct bsp_image *image, struct bsp_error *e);

/* And there to what the original is. */
BSP_API int bsp_mask_restore(const struct bsp_image *mask,
    const struct bsp_image *original, struct bsp_image *image,
    struct bsp_error *e);

/* --------------------------------------------------------------- anomalies */

#define BSP_DRAWN_MAX 24

/* Where and of what an anomaly is made. */
struct bsp_inject_job {
	const struct bsp_image *healthy; /* the image before any anomaly */
	size_t row, col;                 /* the centre, inside the image */
	uint64_t seed;
	uint64_t index;  /* of the image in the whole stream */
	uint32_t number; /* of the anomaly in the image, from 0, below 2^24 */
	const struct bsp_image *donor; /* of its size; NULL: there is none */
	const struct bsp_image *shape; /* a mask of any size; NULL likewise */
	double *drawn; /* NULL, or [BSP_DRAWN_MAX]: gets what the kind drew, in
	                  the order of its row's names */
};

/*
 * Draw a position, uniform over the foreground {x > 0} in row-major order.  It
 * depends on the seed, the image's index, the anomaly's number and the
 * foreground only.  Fails (BSP_DATA) on an image without foreground.
 */
BSP_API int bsp_position_draw(const struct bsp_image *image, uint64_t seed,
    uint64_t index, uint32_t number, size_t *row, size_t *col,
    struct bsp_error *e);

/*
 * Put one anomaly into *image, which begins as the healthy image (or as the
 * anomaly before left it), and set to 1 the samples of *label that it covers;
 * both have the healthy image's size.  Samples that it does not label stay as
 * they are, all of them where it fails.  params are in the order of the kind's
 * row.
 *
 * Fails (BSP_USAGE) where the kind is of another stage, a parameter is out of
 * range, the job lacks what the kind needs, the centre lies outside of the
 * image, or what is written is also read; (BSP_DATA) where an image is empty,
 * not finite, without foreground or of another size, and where no anomaly of
 * this kind fits.
 */
BSP_API int bsp_inject(const struct bsp_kind *kind,
    const struct bsp_inject_job *job, const double *params,
    struct bsp_image *image, struct bsp_image *label, struct bsp_error *e);

/*
 * Anomalies of one kind that are put into an image one after another.  Both
 * functions may be NULL and get `with'; they return 0, or -1 to stop.
 */
struct bsp_inject_run {
	const struct bsp_kind *kind;
	const double *params;
	size_t count; /* of anomalies */
	/*
	 * Before anomaly i: set the centre in *job, whose number is i, and
	 * change of it and of params (room for all, as the run has them or as
	 * the anomaly before left them) what is to differ.  NULL: the centre is
	 * drawn by bsp_position_draw.
	 */
	int (*before)(void *with, size_t i, struct bsp_inject_job *job,
	    double *params, struct bsp_error *e);
	/* After each: record it. */
	int (*after)(void *with, const struct bsp_inject_job *job,
	    const double *params, struct bsp_image *image,
	    struct bsp_image *label, struct bsp_error *e);
	void *with;
};

/*
 * Make *image the healthy image with the run's anomalies and *label their mask.
 * The job's centre and number do not count.  Fails as bsp_inject does.
 */
BSP_API int bsp_inject_image(const struct bsp_inject_run *run,
    const struct bsp_inject_job *job, struct bsp_image *image,
    struct bsp_image *label, struct bsp_error *e);

/* ------------------------------------------------- simulated reconstruction */

/* What a degradation with randomness in it draws from. */
struct bsp_degrade_job {
	uint64_t seed;
	uint64_t index;  /* of the image in the whole stream */
	uint32_t number; /* of the sample of this image, from 0, below 2^24 */
	const struct bsp_image *mask; /* what is to be filled, of the image's
	                                 size; NULL: there is none */
};

/*
 * Make *out the imperfect reconstruction of *in.  Fails (BSP_USAGE) where the
 * kind is of another stage, a parameter is out of range, the kind needs a mask
 * and has none, or *out is also read; (BSP_DATA) where an image is empty, not
 * finite or of another size.
 */
BSP_API int bsp_degrade(const struct bsp_kind *kind,
    const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e);

/* ------------------------------------------------------------ residual maps */

/*
 * Pixel statistics, what is normal for each pixel: mean and standard deviation
 * over healthy images of one size.
 */
struct bsp_pixel_stats {
	struct bsp_image mean, sd;
};

/* Their running sums; {0} to begin with. */
struct bsp_pixel_stats_fit {
	size_t rows, cols;
	uint64_t count;
	double *mean, *squares; /* squares: of the deviations */
};

/* Add a healthy image; fails on one of another size (BSP_DATA). */
BSP_API int bsp_pixel_stats_add(struct bsp_pixel_stats_fit *fit,
    const struct bsp_image *image, struct bsp_error *e);

/*
 * The statistics of what was added, population standard deviations.  Fails unless
 * two images were added (BSP_DATA).
 */
BSP_API int bsp_pixel_stats_finish(const struct bsp_pixel_stats_fit *fit,
    struct bsp_pixel_stats *stats, struct bsp_error *e);

BSP_API void bsp_pixel_stats_fit_free(struct bsp_pixel_stats_fit *fit);
BSP_API void bsp_pixel_stats_free(struct bsp_pixel_stats *stats);

/* What a map is made from; all images have one size. */
struct bsp_residual_job {
	const struct bsp_image *input;
	const struct bsp_image *recon; /* [recons] its reconstructions */
	size_t recons; /* two or more for mahalanobis, else BSP_USAGE */
	const struct bsp_image *saliency; /* NULL: the kind makes its own */
	const struct bsp_pixel_stats *stats;
	const struct bsp_equalization *equalization; /* NULL: the input's own */
};

/*
 * How many reconstructions of each image the kind takes: none where it takes
 * one input, else its parameter `samples' or one.
 */
BSP_API size_t bsp_residual_recons(const struct bsp_kind *kind,
    const double *params);

/*
 * Make a map: by the kind's function, then the options of every kind, in this
 * order: foreground (0 where the input is not above 0), erode (0 outside of
 * that foreground eroded by 3 x 3, so many times; what lies beyond the border
 * is no foreground), median (of a window so wide, symmetric border) and smooth
 * (Gaussian, as the degradation blur).  A kind that is below_zero has there,
 * instead of 0, the least value of the map over what is kept, if that is less.
 * Fails (BSP_USAGE) where the kind is of another stage, a parameter is out of
 * range, the job lacks what the kind needs, or the map is also read; (BSP_DATA)
 * where an image is empty, not finite or of another size, or the kind cannot
 * tell.
 */
BSP_API int bsp_residual_map(const struct bsp_kind *kind,
    const struct bsp_residual_job *job, const double *params,
    struct bsp_image *map, struct bsp_error *e);

/*
 * How far from a sample of that map the samples lie that it depends on, 0
 * where it depends on its own alone; SIZE_MAX where on all.
 */
BSP_API size_t bsp_residual_reach(const struct bsp_kind *kind,
    const double *params);

/* ------------------------------------------------------------------ scores */

/*
 * One distinct threshold at which the count of found positives grows: tp
 * positives and fp negatives score at or above it, fp_above negatives above.
 */
struct bsp_step {
	float threshold;
	uint32_t tp, fp, fp_above;
};

/*
 * A ranking of pixels reduced to the thresholds where a positive lies, in
 * descending order: all that AP, AUROC, Dice and FPR depend on, ties included.
 */
struct bsp_curve {
	uint64_t positives, negatives;
	double mean;        /* of all scores, exactly summed; NaN if none */
	size_t count;       /* of steps */
	size_t capacity;
	struct bsp_step *steps;
	size_t regions;     /* of the labels; 0 where they were not gathered */
	size_t found_capacity;
	double *found;      /* [count] the mean share of them that a step finds */
};

/*
 * Pixels gathered for ranking, from one image or pooled from many: 4 bytes a
 * pixel; {0} is empty.
 */
struct bsp_keys {
	uint32_t *key;
	size_t count, capacity;
};

/* The labelled pixels by their connected regions: 8 bytes a pixel. */
struct bsp_regions {
	uint64_t *word; /* [count] key and region */
	size_t count, capacity;
	uint32_t *size; /* [regions] pixels */
	size_t regions, sizes_capacity;
};

struct bsp_ranking {
	struct bsp_keys positive, negative;
	struct bsp_keys scratch; /* for sorting a moderate number */
	bool by_region;          /* the caller's: gather regions too */
	struct bsp_regions regions;
};

/* Forget the pixels, keep the memory. */
BSP_API void bsp_ranking_clear(struct bsp_ranking *ranking);

/*
 * Add the pixels of a score map.  label: anomalous where not 0.  within: NULL,
 * or a mask of the only pixels to count.  All of one size.  At most 2^32 - 1
 * pixels (BSP_DATA beyond).
 */
BSP_API int bsp_ranking_add(struct bsp_ranking *ranking,
    const struct bsp_image *map, const struct bsp_image *label,
    const struct bsp_image *within, struct bsp_error *e);

/* Sort what was added and reduce it to a curve; -0 and 0 tie. */
BSP_API int bsp_ranking_curve(struct bsp_ranking *ranking,
    struct bsp_curve *curve, struct bsp_error *e);

BSP_API void bsp_ranking_free(struct bsp_ranking *ranking);
BSP_API void bsp_curve_free(struct bsp_curve *curve);

/*
 * Average precision: sum over distinct thresholds of (R_n - R_(n-1)) P_n, not
 * interpolated.  In [0,1]; NaN without positives, 1 without negatives.
 * Source: Manning, Raghavan, Schuetze 2008, ch. 8; ties as scikit-learn.
 */
BSP_API double bsp_average_precision(const struct bsp_curve *curve);

/*
 * Area under the ROC curve, as the Mann-Whitney statistic with midranks:
 * P(score of a positive > of a negative) + P(equal)/2.  In [0,1]; NaN unless
 * both classes are present.  Source: Hanley and McNeil 1982.
 */
BSP_API double bsp_auroc(const struct bsp_curve *curve);

/*
 * The best Dice coefficient 2TP / (2TP + FP + FN) over all distinct
 * thresholds, and the threshold that reaches it, the higher of equals.  NaN
 * without positives.  Source: Dice 1945.
 */
BSP_API double bsp_dice(const struct bsp_curve *curve);
BSP_API double bsp_dice_threshold(const struct bsp_curve *curve);

/*
 * Average precision of pixels in random order, its mean over all orders without
 * ties: (P - 1)/(N - 1) + (N - P)/(N(N - 1)) H, of N pixels, P of them
 * anomalous, H the N-th harmonic number.  Above the share P/N, much so where P
 * is small.  In (0,1]; NaN without anomalous pixels.
 */
BSP_API double bsp_chance_ap(uint64_t pixels, uint64_t anomalous);

/*
 * False-positive rate at the highest threshold whose true-positive rate is at
 * least .95.  In [0,1]; NaN unless both classes are present.
 */
BSP_API double bsp_fpr95(const struct bsp_curve *curve);

/* The mean of all scores; NaN of no pixels. */
BSP_API double bsp_mean_residual(const struct bsp_curve *curve);

/*
 * Area under the mean share of each 8-connected region that is found, against
 * the false-positive rate up to .3, divided by .3: by trapezoids from (0, 0),
 * interpolated at .3.  In [0,1]; NaN without regions or negatives.  Needs a
 * ranking by region.  Source: Bergmann et al. 2021.
 */
BSP_API double bsp_aupro(const struct bsp_curve *curve);

/* What a metric is made from; beyond an image's curve, value is NULL. */
enum bsp_scope {
	BSP_OF_PIXELS,  /* the curve of an image */
	BSP_OF_REGIONS, /* the same, of a ranking by region */
	BSP_OF_STREAM,  /* an image among all others: bsp_aupimo_values */
	BSP_OF_IMAGES,  /* one score an image: bsp_image_level */
	BSP_OF_LESIONS, /* all units together: bsp_froc_value */
	BSP_AT_THRESHOLD, /* what one threshold finds */
};

/* One metric: a row of the table, which ends with a NULL name. */
/* What a metric at a threshold counts; lesions and regions take time. */
enum bsp_counted { BSP_COUNTS_PIXELS, BSP_COUNTS_LESIONS, BSP_COUNTS_REGIONS };

struct bsp_counts;

struct bsp_metric {
	const char *name;
	const char *summary;
	const char *source;
	double (*value)(const struct bsp_curve *curve);
	enum bsp_scope scope;
	bool lower;   /* is better */
	bool bounded; /* from 0 to 1 */
	/* Of BSP_AT_THRESHOLD; NaN where what it is a share of is not there. */
	double (*at)(const struct bsp_counts *counts);
	enum bsp_counted counted;
};

#define BSP_METRICS_MAX 48

BSP_API extern const struct bsp_metric bsp_metrics[];

/*
 * The row of that name, or NULL.  An earlier name of a metric is one too:
 * pimo, for one release, is aupimo.  The name of a metric at a threshold may
 * say which threshold: dice@fpr=0.01 is dice_at.
 */
BSP_API const struct bsp_metric *bsp_metric_find(const char *name);

/*
 * AUPIMO, of a whole stream: for each anomalous image, its recall against the
 * mean false-positive rate of the anomaly-free images, that rate on a
 * logarithmic scale from 1e-5 to 1e-4; the area by trapezoids between the rates
 * that are achieved, interpolated at both bounds, from 0 to 1.
 * All pixels that count are held, 4 bytes each.  Source: Bertoldo et al. 2024.
 */
struct bsp_aupimo_image {
	uint32_t *key; /* ascending: the labelled pixels, or all if none is */
	size_t n;
	bool anomalous;
};

struct bsp_aupimo {
	struct bsp_aupimo_image *image;
	size_t count, capacity;
};

/* Add an image, as bsp_ranking_add does; {0} to begin with. */
BSP_API int bsp_aupimo_add(struct bsp_aupimo *aupimo,
    const struct bsp_image *map, const struct bsp_image *label,
    const struct bsp_image *within, struct bsp_error *e);

/*
 * value[i]: that of image i; NaN where it has no anomaly, and everywhere where
 * no image is without one.
 */
BSP_API int bsp_aupimo_values(const struct bsp_aupimo *aupimo, double *value,
    struct bsp_error *e);

BSP_API void bsp_aupimo_free(struct bsp_aupimo *aupimo);

/* How a map becomes one score of its image. */
enum bsp_image_rule {
	BSP_RULE_MEAN,
	BSP_RULE_MAX,
	BSP_RULE_STD, /* population standard deviation */
	BSP_RULE_TOP, /* mean of the highest share of pixels, at least one */
};

/* The image's score; NaN where no pixel counts.  share: of BSP_RULE_TOP. */
BSP_API int bsp_image_score(const struct bsp_image *map,
    const struct bsp_image *within, enum bsp_image_rule rule, double share,
    double *score, struct bsp_error *e);

/* How an interval is made. */
enum bsp_ci {
	BSP_CI_EXPANDED,   /* bootstrap, at levels for so few subjects:
	                      bsp_expanded_level */
	BSP_CI_T,          /* of a mean: Student's t on its subjects, without
	                      a bootstrap; else as above */
	BSP_CI_PERCENTILE, /* bootstrap, at the plain levels: too narrow */
};

/*
 * What is resampled, and how often.  group: NULL, where each image stands for
 * itself, or the number in [0, groups) of each image's subject: subjects are
 * drawn, because the slices of one are not independent.  replicates of the
 * bootstrap, 0 for no interval but that of BSP_CI_T.  confidence of the
 * interval, inside (0, 1); 0 stands for .95.  The group's numbers are the
 * caller's.
 */
struct bsp_resampling {
	const size_t *group;
	size_t groups;
	size_t replicates;
	uint64_t seed;
	enum bsp_ci ci;
	double confidence;
};

/*
 * Mean over images, its spread and its uncertainty.  NaN values are undefined:
 * left out and counted.
 */
struct bsp_summary {
	double mean;            /* NaN when no value is defined */
	double sd;              /* sample, n - 1; NaN when n < 2 */
	double ci_low, ci_high; /* NaN when off or of fewer than 2 subjects */
	size_t n, undefined;
	size_t subjects;        /* with a defined value, or images where none
	                           were given */
};

/*
 * Mean and spread as values come, in image order; {0} to begin with.  The
 * spread is gathered as Welford does (Technometrics 1962).
 */
struct bsp_moments {
	double sum, mean, squares; /* squares: of the deviations */
	size_t n, undefined;
};

BSP_API void bsp_moments_add(struct bsp_moments *moments, double value);

/* sum / n; NaN when no value was defined. */
BSP_API double bsp_moments_mean(const struct bsp_moments *moments);

/* The sample standard deviation (n - 1); NaN when n < 2. */
BSP_API double bsp_moments_sd(const struct bsp_moments *moments);

/*
 * Summarise values[n], in image order.  how: NULL for no interval.  Each
 * replicate's mean is over all images of the subjects drawn; percentiles are
 * linearly interpolated.  Student's interval is that of the ratio of two means
 * over subjects, sum of values to number of images, which is the mean of the
 * subjects' means where all have as many images.
 * Source: Efron and Tibshirani 1993, ch. 13; Hesterberg 2015; Cochran 1977,
 * ch. 6.
 */
BSP_API int bsp_summarize(const double *values, size_t n,
    const struct bsp_resampling *how, struct bsp_summary *out,
    struct bsp_error *e);

/* Let the interval keep to the range of the metric's values. */
BSP_API void bsp_metric_clip(const struct bsp_metric *metric,
    struct bsp_summary *summary);

/*
 * The same of columns of values[n][stride], of one image a row: out[columns] are
 * what bsp_summarize says of each, bit by bit; the subjects of a replicate are
 * drawn once for many columns.
 */
BSP_API int bsp_summarize_columns(const double *values, size_t n,
    size_t stride, size_t columns, const struct bsp_resampling *how,
    struct bsp_summary *out, struct bsp_error *e);

/* Images by their scores. */
struct bsp_image_level {
	const double *score;
	const bool *anomalous;
	size_t n;
};

/*
 * AUROC and average precision of images, ties as for pixels, with intervals by
 * the bootstrap (NULL: without); replicates of one class alone are left out.
 * mean is the value, sd NaN.  NaN as for pixels.  An image whose score is NaN is
 * left out, and counted as undefined.
 */
BSP_API int bsp_image_level(const struct bsp_image_level *in,
    const struct bsp_resampling *how, struct bsp_summary *auroc,
    struct bsp_summary *ap, struct bsp_error *e);

/* ------------------------------------------------- volumes and thresholds */

/*
 * A unit to be scored: an image, or the slices of a volume, one below another
 * in images of slices times their height.  within and intensity may be NULL.
 */
struct bsp_scored {
	const struct bsp_image *map, *label;
	const struct bsp_image *within;    /* not 0 where pixels count */
	const struct bsp_image *intensity; /* of the lesions, and around them */
	size_t slices; /* 0 and 1: an image */
};

/* Append a slice of the same width and, but for the first, height (BSP_DATA);
 * slices is how many there are so far. */
BSP_API int bsp_stack(struct bsp_image *stack, const struct bsp_image *slice,
    size_t slices, struct bsp_error *e);

/*
 * A lesion: a region of the mask, 8-connected in an image and 26-connected in a
 * volume.  Places are slice, row and column, from 0.
 */
struct bsp_lesion {
	size_t unit;
	size_t size;              /* pixels */
	double place[3];          /* centroid */
	size_t first[3], last[3]; /* bounding box, both ends in it */
	double mean, most;        /* of its scores; it is found by a threshold
	                             up to the greatest */
	double intensity; /* mean; NaN where intensities are not known */
	double contrast;  /* that less the mean of the tissue (above 0, in no
	                     lesion) up to 3 pixels away in its slices; NaN
	                     where there is none */
};

struct bsp_lesions {
	struct bsp_lesion *lesion;
	size_t count, capacity;
};

/*
 * Scores of healthy maps, for thresholds; {0} to begin with.  4 bytes a pixel.
 */
struct bsp_healthy {
	struct bsp_keys keys;
	bool sorted;
};

/* Add the pixels of a map, or those of a mask (NULL: all) of its size. */
BSP_API int bsp_healthy_add(struct bsp_healthy *healthy,
    const struct bsp_image *map, const struct bsp_image *within,
    struct bsp_error *e);

struct bsp_threshold {
	double value;
	double fpr;       /* the share of healthy pixels at or above it */
	size_t pixels;    /* healthy ones */
	double low, high; /* the range of their scores */
};

/*
 * The least score such that at most the share q of the healthy pixels scores at
 * or above it, ties included; where the highest score alone is too many, the
 * float next above it.  Fails where q is not inside (0,1) (BSP_USAGE) and
 * without pixels (BSP_DATA).
 */
BSP_API int bsp_healthy_threshold(struct bsp_healthy *healthy, double q,
    struct bsp_threshold *threshold, struct bsp_error *e);

BSP_API void bsp_healthy_free(struct bsp_healthy *healthy);

#define BSP_POINTS_MAX 8

/* What one threshold finds. */
struct bsp_counts {
	uint64_t positives, negatives, tp, fp; /* pixels */
	uint64_t lesions, found;
	uint64_t false_regions; /* that touch no lesion */
	uint64_t units;
};

/* Where the number of false regions of a unit changes. */
struct bsp_froc_event {
	uint32_t key, unit;
	int32_t change;
};

struct bsp_froc_lesion {
	uint32_t key, unit;
};

/*
 * Lesions found against false regions at every threshold, of all units: found
 * by union-find over pixels in descending order, O(n log n).  A false region is
 * a connected region of what is found that shares no pixel with a lesion.
 */
struct bsp_froc {
	struct bsp_froc_event *event; /* descending, once finished */
	size_t events, capacity;
	struct bsp_froc_lesion *lesion; /* by their greatest scores */
	size_t lesions, units;
};

/*
 * The mean share of lesions found where 1/8, 1/4, 1/2, 1, 2, 4 and 8 false
 * regions a unit are not exceeded, at this and all higher thresholds.  NaN
 * without lesions.  Source: Setio et al., Medical Image Analysis 2017.
 */
BSP_API double bsp_froc_value(const struct bsp_froc *froc);

/* Called with each threshold where something changes, descending; 0 or -1. */
typedef int bsp_froc_point_fn(void *with, double threshold,
    uint64_t false_regions, uint64_t found, struct bsp_error *e);
BSP_API int bsp_froc_curve(const struct bsp_froc *froc,
    bsp_froc_point_fn *put, void *with, struct bsp_error *e);

/* Pixels kept for a bootstrap of all of them: 8 bytes each. */
struct bsp_words {
	uint64_t *word;
	size_t count, capacity;
};

struct bsp_pooled_region {
	uint32_t unit, size;
};

struct bsp_pooled {
	struct bsp_words positive, negative;
	struct bsp_pooled_region *region;
	size_t regions, capacity;
	struct bsp_sum *sum; /* [units] */
	size_t sums;
};

/* What an evaluation knows of a unit, or of all pixels together. */
struct bsp_image_values {
	size_t pixels, anomalous;      /* that count */
	double value[BSP_METRICS_MAX]; /* of each metric; NaN: undefined, or of
	                                  BSP_OF_IMAGES or BSP_OF_LESIONS */
	double score; /* of the image by the rule; NaN where no metric is of
	                 BSP_OF_IMAGES, or no pixel counts */
};

/*
 * How well maps find what masks mark, over a set of images: what the program
 * score computes.  The caller sets metric[metrics] (rows of bsp_metrics, 1 to
 * BSP_METRICS_MAX of them), rule and share (of bsp_image_score), pooled and
 * what follows it, and the rest to {0}; the evaluation owns the rest.
 *
 *   for each image: bsp_evaluation_add, or bsp_evaluation_add_unit; then
 *   bsp_evaluation_finish, and bsp_evaluation_summarize as often as wanted;
 *   bsp_evaluation_free
 *
 * "Image" below stands for a unit, an image or a volume.
 *
 * pooled: rank all pixels of all images together.  Then metrics are of
 * BSP_OF_PIXELS, BSP_OF_REGIONS or BSP_AT_THRESHOLD, only `all' is filled, and
 * 4 bytes a pixel are held, with resample 20 more; else those of one image, and
 * 4 bytes a pixel of the set only with a metric of BSP_OF_STREAM.
 */
struct bsp_evaluation {
	const struct bsp_metric *metric[BSP_METRICS_MAX];
	size_t metrics;
	enum bsp_image_rule rule;
	double share; /* of BSP_RULE_TOP, in (0, 1] */
	bool pooled;
	bool resample;     /* pooled: keep what intervals need */
	bool keep_lesions; /* fill lesions; a metric of lesions does so too */
	size_t min_region; /* pixels of the least false region that counts */
	double threshold[BSP_POINTS_MAX]; /* of BSP_AT_THRESHOLD */
	size_t points;
	size_t at[BSP_METRICS_MAX]; /* which threshold a metric is at */
	struct bsp_image_values *image; /* [images], unless pooled */
	struct bsp_image_values all;    /* pooled, once finished */
	size_t images, capacity;
	struct bsp_counts *counts; /* [images][points] */
	size_t counts_capacity;
	struct bsp_lesions lesions;
	struct bsp_froc froc;      /* once finished */
	struct bsp_pooled kept;
	struct bsp_aupimo aupimo;
	struct bsp_ranking ranking;
	struct bsp_curve curve;
};

/* Is one of its metrics of that scope? */
BSP_API bool bsp_evaluation_has(const struct bsp_evaluation *evaluation,
    enum bsp_scope scope);

/*
 * Add an image: its score map, the mask of its anomaly (anomalous where not 0)
 * and NULL or the mask of the only pixels to count, all of one size.  Images
 * are numbered as they come, from 0; the values of BSP_OF_PIXELS and
 * BSP_OF_REGIONS are there at once.  Fails on metrics that are missing, too
 * many or not for pooled pixels and on an image that is missing (BSP_USAGE),
 * on sizes that differ and on more than 2^32 - 1 pixels (BSP_DATA), and without
 * memory; the image is then not added.
 */
BSP_API int bsp_evaluation_add(struct bsp_evaluation *evaluation,
    const struct bsp_image *map, const struct bsp_image *label,
    const struct bsp_image *within, struct bsp_error *e);

/* The same of an image or a volume whose slices are in one image each. */
BSP_API int bsp_evaluation_add_unit(struct bsp_evaluation *evaluation,
    const struct bsp_scored *in, struct bsp_error *e);

/*
 * All images are there: find the values of BSP_OF_STREAM, or those of `all'.
 * Fails without images (BSP_DATA) and without memory.
 */
BSP_API int bsp_evaluation_finish(struct bsp_evaluation *evaluation,
    struct bsp_error *e);

/*
 * Summarise every metric over the images: summary[metrics], each as
 * bsp_summarize or, of BSP_OF_IMAGES, bsp_image_level says; froc is one value of
 * all.  Of pooled pixels, which needs resample, the value stands for the mean
 * and a replicate is all pixels of the subjects drawn.  resampling may be NULL:
 * no intervals.  Fails (BSP_USAGE) where pixels are pooled without resample or a
 * group is not below groups, (BSP_DATA) without images or with more pixels than
 * a replicate may have, and without memory.
 */
BSP_API int bsp_evaluation_summarize(struct bsp_evaluation *evaluation,
    const struct bsp_resampling *resampling, struct bsp_summary *summary,
    struct bsp_error *e);

/*
 * How many of the lesions of `least' to `most' pixels are found at a threshold:
 * the mean of 0 and 1 over lesions, whose subjects are resampled.
 */
BSP_API int bsp_evaluation_by_size(const struct bsp_evaluation *evaluation,
    size_t point, size_t least, size_t most,
    const struct bsp_resampling *resampling, struct bsp_summary *summary,
    struct bsp_error *e);

/* Free all it holds; the evaluation is then {0}. */
BSP_API void bsp_evaluation_free(struct bsp_evaluation *evaluation);

/*
 * The sign-flip permutation test that paired differences have mean 0,
 * two-sided: sum[n] are the differences' sums over each independent unit, an
 * image or a subject.  Exact, by all 2^n patterns, where they are no more than
 * the permutations asked for; else by so many drawn ones and the observed.
 * NaN where n is 0.  Source: Good, "Permutation, parametric and bootstrap
 * tests of hypotheses", 2005.
 */
BSP_API double bsp_sign_flip(const double *sum, size_t n, size_t permutations,
    uint64_t seed);

/* The least p that n units can give, however far apart: 2/2^n if exact. */
BSP_API double bsp_sign_flip_min(size_t n, size_t permutations);

/* Adjust p values of n tests for their number; NaN is no test.  Holm 1979. */
BSP_API int bsp_holm(const double *p, size_t n, double *adjusted,
    struct bsp_error *e);

/* Two methods on the same images, by one metric. */
struct bsp_paired {
	double mean_a, mean_b; /* over the images where both are defined */
	struct bsp_summary difference; /* of a - b, image by image */
	size_t wins, ties, losses; /* of a against b; they sum to
	                              difference.n */
	double one_low, one_high; /* one-sided bounds of it, 95 % each: an
	                             interval of 90 % */
	size_t units;  /* images or subjects with a defined difference */
	double p;      /* of bsp_sign_flip over them */
	double p_min;  /* of bsp_sign_flip_min */
	double p_holm; /* of bsp_compare_adjust; p until then */
};

/*
 * Compare the values a[n] and b[n] of one metric, those of the same image at
 * the same place; NaN in either leaves the image out.
 * Subjects, replicates and seed are those of resampling (NULL: each image for
 * itself, no interval); permutations, at least 1, is how many sign flips are
 * drawn where all are more.  With no image where both are defined, means and p
 * are NaN.  Fails (BSP_USAGE) without images, values or permutations and where
 * a group is not below groups, and without memory.
 */
BSP_API int bsp_compare_paired(const double *a, const double *b, size_t n,
    const struct bsp_metric *metric,
    const struct bsp_resampling *resampling, size_t permutations,
    struct bsp_paired *paired, struct bsp_error *e);

/* Set p_holm of n comparisons, one a metric, by Holm's method (bsp_holm). */
BSP_API int bsp_compare_adjust(struct bsp_paired *paired, size_t n,
    struct bsp_error *e);

/* ------------------------------------------------------------------ sweeps */

/*
 * A grid of experiments: every cell of the three specs on every image, scored
 * by every metric.  Its numbers are those of the four filters to the last bit.
 */
struct bsp_sweep {
	struct bsp_spec inject, degrade;
	const struct bsp_spec *residual; /* [residuals] */
	size_t residuals;
	const struct bsp_metric *metric[BSP_METRICS_MAX];
	size_t metrics;
	bool equalize;     /* equalise the foreground before injection */
	bool on_anomalous; /* reconstruct the anomalous image, not the healthy */
	const struct bsp_pixel_stats *stats; /* for residuals that need them,
	                                        else NULL */
	uint64_t seed;
	size_t count; /* anomalies an image; 0 stands for 1 */
	const double *threshold; /* [degradations][cells of residuals][points]
	                            of BSP_AT_THRESHOLD, else NULL */
	size_t points;
	size_t at[BSP_METRICS_MAX]; /* which threshold a metric is at */
};

/* How many pairs of a degradation and an anomaly the grid has. */
BSP_API size_t bsp_sweep_pairs(const struct bsp_sweep *sweep);

/* How many cells the residuals have, all of the first, then of the next. */
BSP_API size_t bsp_sweep_residuals(const struct bsp_sweep *sweep);

/*
 * How many reconstructions of each image that is reconstructed the residuals
 * want, the most of any cell: none, one, or several samples.
 */
BSP_API size_t bsp_sweep_recons(const struct bsp_sweep *sweep);

/*
 * Are whole degradations of the grid best run at once?  So it is where only
 * the surroundings of an anomaly are scored anew in each of its cells.
 */
BSP_API bool bsp_sweep_is_local(const struct bsp_sweep *sweep);

/* The centre of an anomaly, inside the image. */
struct bsp_place {
	size_t row, col;
};

/*
 * One image of a sweep.  recon is NULL where the sweep degrades; else the grid
 * has one degradation, and recon holds bsp_sweep_recons() reconstructions of
 * the healthy image, or, where on_anomalous is set, so many of the image with
 * anomaly 0, then with anomaly 1, and on.  A degradation that fills a mask
 * gets the anomaly's label.
 */
struct bsp_sweep_image {
	const struct bsp_image *image, *recon;
	const struct bsp_image *donor, *shape; /* for the anomalies, or NULL */
	const struct bsp_image *within; /* where not 0 anomalies lie and pixels
	                                   count, or NULL: everywhere */
	const struct bsp_place *place; /* [count] of the anomalies, the same in
	                                  every cell; NULL: they are drawn */
	uint64_t index; /* in the whole stream */
};

/*
 * Run one image through the pairs [begin, end) of the grid, pair number
 * degradation * (number of anomalies) + anomaly, and every residual.  values
 * gets, for each pair and each residual in turn, the value of each metric;
 * anomalous, unless it is NULL, the number of anomalous pixels of each
 * anomaly of the grid.  Fails on an image without foreground or a mask of
 * another size (BSP_DATA), on a place outside of the image, on a metric that is
 * of no single image or whose threshold is missing (BSP_USAGE), and when memory
 * runs out.  Calls on the same sweep may run at the same time.
 */
BSP_API int bsp_sweep_run(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, size_t begin, size_t end,
    double *values, size_t *anomalous, struct bsp_error *e);

/* What is called with the map of each residual; 0 or -1. */
typedef int bsp_sweep_map_fn(void *with, size_t residual,
    const struct bsp_image *map, struct bsp_error *e);

/*
 * Hand over the maps of one image before any anomaly is put into it, under one
 * degradation: bsp_healthy_add of all images' maps sets the thresholds of a
 * cell.  Stops where put fails; fails (BSP_USAGE) where there is no such map:
 * the degradation fills the anomaly, or the reconstructions are of anomalous
 * images.
 */
BSP_API int bsp_sweep_healthy(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, size_t degrade,
    bsp_sweep_map_fn *put, void *with, struct bsp_error *e);

/* Told of progress: how many pairs of all images are done so far. */
typedef void bsp_sweep_progress_fn(void *with, uint64_t pairs);

/*
 * Images in memory for the pairs [begin, end) of a grid.  All is the caller's:
 *
 * image      [images] their indices may be any
 * threads    to work on, this one among them; 0: one for each processor that
 *            the process may use
 * values     [images][end - begin][residuals][metrics] room for what
 *            bsp_sweep_run gives
 * anomalous  [images][anomalies] likewise, or NULL
 * progress   NULL, or called with `with' after each piece of work, by any of
 *            the threads, but never by two at once
 */
struct bsp_sweep_batch {
	const struct bsp_sweep *sweep;
	const struct bsp_sweep_image *image;
	size_t images;
	size_t begin, end;
	size_t threads;
	double *values;
	size_t *anomalous;
	bsp_sweep_progress_fn *progress;
	void *with;
};

/*
 * Run a batch in parallel.  Values do not depend on the number of threads, nor
 * does the error: it is the first in the order of images, then of pairs, and
 * its image counts from 0 in the batch; values are then unspecified.  Fails as
 * bsp_sweep_run does, and (BSP_USAGE) without sweep, images or values, or on
 * pairs that the grid has not.  No images or no pairs are no error.  Where
 * threads cannot be had, it works on fewer.
 */
BSP_API int bsp_sweep_images(const struct bsp_sweep_batch *batch,
    struct bsp_error *e);

/* How many processors the process may use, by its affinity: 1 or more. */
BSP_API size_t bsp_processors(void);

/* What is called with each image that a sweep reconstructs; 0 or -1. */
typedef int bsp_sweep_input_fn(void *with, const struct bsp_image *image,
    struct bsp_error *e);

/*
 * Hand over the images that the sweep reconstructs, made from one image: the
 * healthy image, equalised if the sweep says so, or with on_anomalous one
 * image for each anomaly.  Stops where put fails.
 */
BSP_API int bsp_sweep_inputs(const struct bsp_sweep *sweep,
    const struct bsp_sweep_image *image, bsp_sweep_input_fn *put, void *with,
    struct bsp_error *e);

/* ------------------------------------------------------------------ theory */

/*
 * What average precision a disk of constant intensity will have, predicted from
 * histograms of the reconstruction x^ and of its error |x^ - healthy|, each of
 * bins equal bins over 0 to 1 (what lies outside counts at the ends):
 *
 *   AP(a) = sum over v of s(v) S(v) / (S(v) + rho G(v)),  v = |a - x^|
 *
 * where s(v) is the share of lesion pixels that score v, S(v) and G(v) are the
 * shares of lesion and of normal pixels that score v or more, and rho is the
 * number of normal pixels over that of lesion pixels.  A bin's own pixels
 * count by half in S and G; a lesion pixel counts itself whole, so that half a
 * pixel of an image's lesion is added to S.  It holds where x^ does not depend
 * on a, as when the healthy image is reconstructed.  Source: Meissen et al.,
 * MIDL 2022.
 */
struct bsp_prediction {
	size_t bins;
	uint64_t *lesion;  /* x^ where the lesion may lie */
	uint64_t *normal;  /* |x^ - healthy| of normal pixels */
	uint64_t *tissue;  /* x^ over the foreground, of all images added */
	uint64_t *score;   /* room for one intensity's scores */
	uint64_t positives, negatives; /* pixels in and outside of lesions */
	uint64_t images;   /* with a lesion, that these are of */
};

/* Begin with empty histograms; bins at least 2. */
BSP_API int bsp_prediction_start(struct bsp_prediction *prediction,
    size_t bins, struct bsp_error *e);

BSP_API void bsp_prediction_free(struct bsp_prediction *prediction);

/* Forget the images, but not their tissue. */
BSP_API void bsp_prediction_clear(struct bsp_prediction *prediction);

/* An image, and where in it a lesion can be. */
struct bsp_predicted {
	const struct bsp_image *healthy, *recon; /* of one size */
	const struct bsp_image *label;  /* marks its lesion; NULL: pixels */
	uint64_t pixels;                /* of a lesion without a label */
	const struct bsp_image *places; /* mask of where lesions can be, whose x^
	                                 * counts; NULL: {healthy > 0} */
	const struct bsp_image *within; /* mask of what is scored; NULL: all */
	/* Take x^ over the label and errors outside it, which makes AP(a) of a
	 * single image an identity but for the bins. */
	bool own;
};

/*
 * Add an image.  Errors are taken over all pixels that are scored, unless own.
 * A data error where a lesion has more pixels than are scored.
 */
BSP_API int bsp_prediction_add(struct bsp_prediction *prediction,
    const struct bsp_predicted *image, struct bsp_error *e);

/* The predicted AP; intensity in [0,1].  NaN without lesion pixels. */
BSP_API double bsp_prediction_ap(const struct bsp_prediction *prediction,
    double intensity);

/*
 * Where as many normal as lesion pixels have a larger error: the half-width of
 * the blind spot of a constant x^.  NaN unless there are pixels of both.
 */
BSP_API double bsp_prediction_half_width(
    const struct bsp_prediction *prediction);

/*
 * The median of x^ over the foreground, and the centre of the 2 % of the range
 * that holds most of it: near them lies the centre of the blind spot.  NaN
 * without foreground.
 */
BSP_API double bsp_prediction_median(
    const struct bsp_prediction *prediction);
BSP_API double bsp_prediction_mode(const struct bsp_prediction *prediction);

/* -------------------------------------------------------- blind intervals */

/*
 * What a curve of average precision (AP) over an intensity says, or one of any
 * other value over any other parameter.  It is linear between its points.  A
 * point may be undefined (NaN): then no line joins it to its neighbours, and
 * the curve is in pieces.  "Below" a level is less than it, so a point exactly
 * at the level parts two intervals.
 */
struct bsp_interval {
	double low, high;   /* where the line crosses the level, or ends */
	double first, last; /* the first and the last of its points below */
	double least, at;   /* the least value, and the first point with it */
	bool cut_low, cut_high; /* the curve ends here while it is below, at the
	                           end of the range or at an undefined point:
	                           the interval may go on */
};

struct bsp_blind {
	size_t intervals;
	size_t points, undefined; /* how many are defined, and not */
	double share; /* the intervals' width over the length of the curve where
	                 it is defined, 0 to 1 */
	double least, at; /* of the whole curve */
	double mean;      /* of the line */
};

/*
 * All intervals in which a curve is below a level.
 *
 * x         [n] finite and ascending, n at least 1
 * value     [n] finite, or NaN
 * below     the level, finite
 * interval  room for BSP_INTERVALS_MAX(n), or NULL; gets them in ascending
 *           order
 * A point without a defined neighbour has no width: its interval has low equal
 * to high and both ends cut.  Where no two neighbours are defined, share and
 * mean are those of the points; where no point is, both are NaN, as least and
 * at are.  Fails with BSP_DATA, naming the point from 0, where x does not
 * ascend or a number is infinite, and with BSP_USAGE where the level is not
 * finite.
 */
#define BSP_INTERVALS_MAX(n) ((n) / 2 + (n) % 2)
BSP_API int bsp_blind_curve(const double *x, const double *value, size_t n,
    double below, struct bsp_interval *interval, struct bsp_blind *blind,
    struct bsp_error *e);

/*
 * AP over a grid: value[i * cols + j] is that at x[i] (an intensity) and y[j]
 * (a blur), finite or NaN; both axes finite and ascending, at least one point
 * each.  All is the caller's.
 */
struct bsp_plane {
	size_t rows, cols;
	const double *x, *y, *value;
};

struct bsp_blind_area {
	double area; /* 0 to 1 */
	double mean; /* of the plane */
	double least, least_x, least_y; /* of the points; of equals the first
	                                   by y, then by x */
	size_t points, undefined;
};

/*
 * The share of a plane that is below a level: the curves over x have widths
 * below it, as bsp_blind_curve says, and over y these widths are joined by
 * trapezia, as are the lengths that are defined; the area is the one integral
 * over the other.  Points at the border so count for the half or quarter of a
 * cell that they are, which a share of cells forgets.  On a grid of one x it is
 * a share of points, on one y that of a curve.  NaN where nothing is defined.
 * Fails as bsp_blind_curve does, naming row and column.
 */
BSP_API int bsp_blind_area(const struct bsp_plane *plane, double below,
    struct bsp_blind_area *area, struct bsp_error *e);

/* The axis that a curve runs along. */
enum bsp_axis { BSP_OVER_X, BSP_OVER_Y };

struct bsp_match {
	size_t index;      /* of the curve, from 0; SIZE_MAX: none */
	double value;      /* of the other axis there */
	double difference; /* mean |difference| over the points */
	size_t points;     /* that were compared */
};

/*
 * Which curve of a plane is nearest to a given one, by the sum of |difference|
 * over its points, between the plane's points by linear interpolation; of
 * equals the first.  Over x (intensity) its y is the equivalent blur of a
 * model; over y (blur) its x is the matched intensity of a texture.
 *
 * x, value  [n] the given curve, in any order; undefined points are left out
 * A curve of the plane that is undefined at one of the points is no candidate.
 * Without points or candidates index is SIZE_MAX, value and difference NaN.
 * Fails (BSP_DATA) where a defined point is outside of the plane's range or
 * infinite, and without memory.
 * Source: Meissen et al., MIDL 2022.
 */
BSP_API int bsp_plane_match(const struct bsp_plane *plane, enum bsp_axis over,
    const double *x, const double *value, size_t n, struct bsp_match *match,
    struct bsp_error *e);

struct bsp_point {
	double x, y;
};

/*
 * Lines; {0} is empty.  Line k has the points start[k] up to, but not
 * including, start[k + 1], two or more; one that is closed ends with its first
 * point.
 */
struct bsp_contour {
	size_t lines, points;
	size_t *start;           /* [lines + 1] */
	struct bsp_point *point; /* [points] */
	size_t starts, capacity; /* room */
};

/*
 * Where a plane is at a level: lines that part the points below from the
 * others, with those below on the left as x runs right and y up.  They cross
 * the sides of the grid's squares where the linear interpolation along the side
 * is at the level, and are straight within a square.  In a square with two
 * opposite corners below, these hang together if the bilinear interpolation is
 * below at its saddle.  A square with an undefined corner has no line.  First
 * the lines that begin at a border, then the closed ones.  Fails as
 * bsp_blind_area does, and without memory; O(rows cols) of it.
 */
BSP_API int bsp_plane_contour(const struct bsp_plane *plane, double level,
    struct bsp_contour *contour, struct bsp_error *e);

BSP_API void bsp_contour_free(struct bsp_contour *contour);

#ifdef __cplusplus
}
#endif

#endif
