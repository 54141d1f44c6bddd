/*
 * Tensor files in the safetensors format: the length of a JSON header (8
 * bytes, little-endian), the header, and the tensors' bytes without a gap.
 */
#include <errno.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensors.h"
#include "../base/whole-file.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensor files are read and written on little-endian machines only"
#endif

#define METADATA "__metadata__"
#define HEADER_MAX 100000000 /* as the format has it */
#define TENSORS_MAX 65536

/* ----------------------------------------------------------------- content */

bool
learn_elements(size_t rank, const size_t *shape, size_t *n)
{
	size_t i;

	for (*n = 1, i = 0; i < rank; i++) {
		if (shape[i] != 0 && *n > PTRDIFF_MAX / 8 / shape[i])
			return false;
		*n *= shape[i];
	}
	return true;
}

char *
learn_shape_text(char *text, size_t rank, const size_t *shape)
{
	size_t i;
	int n = 0;

	sprintf(text, "one number");
	for (i = 0; i < rank; i++)
		n += sprintf(text + n, "%s%zu", i > 0 ? " x " : "", shape[i]);
	return text;
}

struct bsp_tensor *
bsp_tensors_add(struct bsp_tensors *tensors, const char *name, size_t rank,
    const size_t *shape, struct bsp_error *e)
{
	struct bsp_tensor tensor = {.rank = rank};

	if (!learn_elements(rank, shape, &tensor.size)) {
		bsp_error_system(e, ENOMEM, "a tensor");
		return NULL;
	}
	if (bsp_array_grow(&tensors->tensor, &tensors->capacity,
	    tensors->count + 1, sizeof tensor, e))
		return NULL;
	tensor.name = strdup(name);
	tensor.data = calloc(tensor.size + 1, sizeof *tensor.data);
	if (tensor.name == NULL || tensor.data == NULL) {
		free(tensor.name);
		free(tensor.data);
		bsp_error_system(e, ENOMEM, "a tensor of %zu numbers",
		    tensor.size);
		return NULL;
	}
	if (rank > 0)
		memcpy(tensor.shape, shape, rank * sizeof *shape);
	tensors->tensor[tensors->count] = tensor;
	return &tensors->tensor[tensors->count++];
}

struct bsp_tensor *
bsp_tensors_add_doubles(struct bsp_tensors *tensors, const char *name,
    size_t rank, const size_t *shape, struct bsp_error *e)
{
	struct bsp_tensor *tensor = bsp_tensors_add(tensors, name, rank, shape,
	    e);

	if (tensor == NULL)
		return NULL;
	tensor->doubles = calloc(tensor->size + 1, sizeof *tensor->doubles);
	if (tensor->doubles != NULL)
		return tensor;
	bsp_error_system(e, ENOMEM, "a tensor of %zu numbers", tensor->size);
	tensors->count--;
	free(tensor->name);
	free(tensor->data);
	return NULL;
}

void
learn_tensor_free(struct bsp_tensor *tensor)
{
	free(tensor->name);
	free(tensor->data);
	free(tensor->doubles);
	*tensor = (struct bsp_tensor){0};
}

void
learn_tensors_note(struct bsp_tensors *tensors, const char *format, ...)
{
	size_t used = strlen(tensors->note);
	va_list ap;

	if (used > 0 && used + 3 < sizeof tensors->note) {
		strcpy(tensors->note + used, "; ");
		used += 2;
	}
	va_start(ap, format);
	vsnprintf(tensors->note + used, sizeof tensors->note - used, format,
	    ap);
	va_end(ap);
}

struct bsp_tensor *
bsp_tensors_find(const struct bsp_tensors *tensors, const char *name)
{
	size_t i;

	for (i = 0; i < tensors->count; i++)
		if (strcmp(tensors->tensor[i].name, name) == 0)
			return &tensors->tensor[i];
	return NULL;
}

static struct bsp_fact *
find_fact(const struct bsp_tensors *tensors, const char *name)
{
	size_t i;

	for (i = 0; i < tensors->facts; i++)
		if (strcmp(tensors->fact[i].name, name) == 0)
			return &tensors->fact[i];
	return NULL;
}

int
bsp_tensors_set_number(struct bsp_tensors *tensors, const char *name,
    double value, struct bsp_error *e)
{
	char text[BSP_NUMBER_SIZE];

	return bsp_tensors_set_fact(tensors, name, bsp_number_format(text,
	    value), e);
}

const char *
bsp_tensors_fact(const struct bsp_tensors *tensors, const char *name)
{
	const struct bsp_fact *fact = find_fact(tensors, name);

	return fact == NULL ? NULL : fact->text;
}

int
bsp_tensors_set_fact(struct bsp_tensors *tensors, const char *name,
    const char *text, struct bsp_error *e)
{
	struct bsp_fact *fact = find_fact(tensors, name);
	char *copy = strdup(text), *key;

	if (copy == NULL)
		return bsp_error_system(e, ENOMEM, "a fact");
	if (fact != NULL) {
		free(fact->text);
		fact->text = copy;
		return 0;
	}
	key = strdup(name);
	if (key == NULL || bsp_array_grow(&tensors->fact,
	    &tensors->fact_capacity, tensors->facts + 1, sizeof *fact, e)) {
		free(key);
		free(copy);
		return bsp_error_system(e, ENOMEM, "a fact");
	}
	tensors->fact[tensors->facts++] = (struct bsp_fact){key, copy};
	return 0;
}

int
bsp_tensors_copy(struct bsp_tensors *to, const char *before,
    const struct bsp_tensors *from, struct bsp_error *e)
{
	const struct bsp_tensor *tensor = from->tensor;
	struct bsp_tensor *copy;
	char name[256];
	size_t i;

	for (i = 0; i < from->count; i++, tensor++) {
		snprintf(name, sizeof name, "%s%s", before, tensor->name);
		copy = bsp_tensors_add(to, name, tensor->rank, tensor->shape,
		    e);
		if (copy == NULL)
			return -1;
		memcpy(copy->data, tensor->data,
		    tensor->size * sizeof *copy->data);
	}
	return 0;
}

int
bsp_tensors_fill(struct bsp_tensors *to, const char *before,
    const struct bsp_tensors *from, struct bsp_error *e)
{
	const struct bsp_tensor *tensor;
	struct bsp_tensor *mine = to->tensor;
	char name[256];
	size_t i;

	for (i = 0; i < to->count; i++, mine++) {
		snprintf(name, sizeof name, "%s%s", before, mine->name);
		tensor = bsp_tensors_find(from, name);
		if (tensor == NULL || tensor->rank != mine->rank ||
		    tensor->size != mine->size || memcmp(tensor->shape,
		    mine->shape, sizeof mine->shape) != 0)
			return bsp_error_set(e, BSP_DATA, "the tensor '%s' is "
			    "missing or of another shape", name);
		memcpy(mine->data, tensor->data,
		    mine->size * sizeof *mine->data);
	}
	return 0;
}

void
bsp_tensors_free(struct bsp_tensors *tensors)
{
	size_t i;

	for (i = 0; i < tensors->count; i++)
		learn_tensor_free(&tensors->tensor[i]);
	for (i = 0; i < tensors->facts; i++) {
		free(tensors->fact[i].name);
		free(tensors->fact[i].text);
	}
	free(tensors->tensor);
	free(tensors->fact);
	*tensors = (struct bsp_tensors){0};
}

/* ----------------------------------------------------------------- reading */

/* Where a tensor's bytes lie. */
struct extent {
	uint64_t begin, end;
	const char *name;
};

/* A type of numbers, as the format names it. */
struct type {
	const char *name;
	size_t size;
	enum {COUNTS, FLOATS, HALVES, BRAINS, DOUBLES} kind;
};

static const struct type types[] = {
	{"F32", 4, FLOATS}, {"F16", 2, HALVES}, {"BF16", 2, BRAINS},
	{"F64", 8, DOUBLES}, {"I64", 8, COUNTS}, {"I32", 4, COUNTS},
	{"I16", 2, COUNTS}, {"I8", 1, COUNTS}, {"U64", 8, COUNTS},
	{"U32", 4, COUNTS}, {"U16", 2, COUNTS}, {"U8", 1, COUNTS},
	{"BOOL", 1, COUNTS},
};

#define TYPES (sizeof types / sizeof types[0])

struct parse {
	size_t converted[TYPES]; /* tensors */
	const unsigned char *bytes; /* of the tensors */
	size_t n;
	struct extent *extent;
	size_t extents, capacity;
	struct bsp_tensors *tensors;
	struct bsp_error *e;
};

static int
bad(struct bsp_error *e, const char *name, const char *what)
{
	return bsp_error_set(e, BSP_DATA, "tensor '%.100s': %s", name, what);
}

/* A whole number of JSON that is not negative. */
static bool
get_count(const json_t *value, uint64_t *n)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*n = (uint64_t)json_integer_value(value);
	return true;
}

static int
get_shape(struct parse *p, const char *name, const json_t *array,
    size_t *rank, size_t *shape)
{
	uint64_t n;
	size_t i;

	*rank = json_array_size(array);
	if (!json_is_array(array) || *rank > BSP_RANK_MAX)
		return bad(p->e, name, "expected a shape of 0 to 4 sizes");
	for (i = 0; i < *rank; i++) {
		if (!get_count(json_array_get(array, i), &n))
			return bad(p->e, name, "a size that is no whole "
			    "number, expected at least 0");
		shape[i] = (size_t)n;
	}
	return 0;
}

static int
get_extent(struct parse *p, const char *name, const json_t *array,
    uint64_t size)
{
	struct extent extent = {.name = name};

	if (!json_is_array(array) || json_array_size(array) != 2 ||
	    !get_count(json_array_get(array, 0), &extent.begin) ||
	    !get_count(json_array_get(array, 1), &extent.end))
		return bad(p->e, name, "expected two data_offsets");
	if (extent.begin > extent.end || extent.end > p->n)
		return bsp_error_set(p->e, BSP_DATA, "tensor '%.100s': bytes "
		    "%llu to %llu, expected them within the %zu that the file "
		    "has", name, (unsigned long long)extent.begin,
		    (unsigned long long)extent.end, p->n);
	if (extent.end - extent.begin != size)
		return bsp_error_set(p->e, BSP_DATA, "tensor '%.100s': %llu "
		    "bytes, expected the %llu of its shape", name,
		    (unsigned long long)(extent.end - extent.begin),
		    (unsigned long long)size);
	if (bsp_array_grow(&p->extent, &p->capacity, p->extents + 1,
	    sizeof extent, p->e))
		return -1;
	p->extent[p->extents++] = extent;
	return 0;
}

/* IEEE 754 binary16. */
static float
half(const unsigned char *at)
{
	unsigned bits = at[0] | (unsigned)at[1] << 8;
	int exponent = (int)(bits >> 10 & 31);
	double fraction = bits & 1023, value;

	if (exponent == 31)
		value = fraction > 0 ? (double)NAN : (double)INFINITY;
	else if (exponent == 0)
		value = ldexp(fraction, -24);
	else
		value = ldexp(1024 + fraction, exponent - 25);
	return (float)(bits >> 15 ? -value : value);
}

/* The upper half of a float. */
static float
brain(const unsigned char *at)
{
	uint32_t bits = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 24;
	float value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* The numbers as floats; false where one is beyond them, and *first is where. */
static bool
convert(struct bsp_tensor *tensor, const unsigned char *bytes,
    const struct type *type, size_t *first)
{
	size_t i;

	for (i = 0; i < tensor->size; i++)
		switch (type->kind) {
		case HALVES:
			tensor->data[i] = half(bytes + 2 * i);
			break;
		case BRAINS:
			tensor->data[i] = brain(bytes + 2 * i);
			break;
		case DOUBLES:
			memcpy(&tensor->doubles[i], bytes + 8 * i, 8);
			*first = i;
			if (!(fabs(tensor->doubles[i]) <= (double)FLT_MAX))
				return false;
			tensor->data[i] = (float)tensor->doubles[i];
			break;
		default:
			memcpy(&tensor->data[i], bytes + 4 * i, 4);
			break;
		}
	return !bsp_find_nonfinite(tensor->data, tensor->size, first);
}

static int
take_values(struct parse *p, const char *name, size_t rank,
    const size_t *shape, const struct extent *extent, const struct type *type)
{
	struct bsp_tensor *tensor = (type->kind == DOUBLES ?
	    bsp_tensors_add_doubles : bsp_tensors_add)(p->tensors, name, rank,
	    shape, p->e);
	size_t first;

	if (tensor == NULL)
		return -1;
	if (!convert(tensor, p->bytes + extent->begin, type, &first))
		return bsp_error_set(p->e, BSP_DATA, "tensor '%.100s': value "
		    "%zu is not finite", name, first);
	p->converted[type - types] += type->kind != FLOATS;
	return 0;
}

static int
parse_tensor(struct parse *p, const char *name, const json_t *value)
{
	const char *text = json_string_value(json_object_get(value, "dtype"));
	const struct type *type = types;
	size_t rank, shape[BSP_RANK_MAX], n;

	if (!json_is_object(value) || text == NULL ||
	    json_object_size(value) != 3)
		return bad(p->e, name, "expected dtype, shape and "
		    "data_offsets");
	while (type < types + TYPES && strcmp(text, type->name) != 0)
		type++;
	if (type == types + TYPES)
		return bsp_error_set(p->e, BSP_DATA, "tensor '%.100s': of "
		    "type '%.20s', expected F32, F16, BF16 or F64", name,
		    text);
	if (get_shape(p, name, json_object_get(value, "shape"), &rank, shape))
		return -1;
	if (!learn_elements(rank, shape, &n))
		return bad(p->e, name, "its shape is too large");
	if (get_extent(p, name, json_object_get(value, "data_offsets"),
	    n * type->size))
		return -1;
	return type->kind == COUNTS ? 0 : take_values(p, name, rank, shape,
	    &p->extent[p->extents - 1], type);
}

static int
parse_metadata(struct parse *p, const json_t *value)
{
	const char *key;
	json_t *text;

	if (!json_is_object(value))
		return bsp_error_set(p->e, BSP_DATA, METADATA
		    ": expected an object of texts");
	json_object_foreach((json_t *)(uintptr_t)value, key, text) {
		if (!json_is_string(text))
			return bsp_error_set(p->e, BSP_DATA, METADATA
			    ": '%.100s' is no text", key);
		if (bsp_tensors_set_fact(p->tensors, key,
		    json_string_value(text), p->e))
			return -1;
	}
	return 0;
}

static int
by_begin(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

/* The tensors must cover the bytes once each. */
static int
check_cover(struct parse *p)
{
	uint64_t at = 0;
	size_t i;

	if (p->extents > 0)
		qsort(p->extent, p->extents, sizeof *p->extent, by_begin);
	for (i = 0; i < p->extents; at = p->extent[i++].end)
		if (p->extent[i].begin != at)
			return bsp_error_set(p->e, BSP_DATA, "tensor "
			    "'%.100s': begins at byte %llu of the data, "
			    "expected %llu where the one before ends",
			    p->extent[i].name,
			    (unsigned long long)p->extent[i].begin,
			    (unsigned long long)at);
	if (at != p->n)
		return bsp_error_set(p->e, BSP_DATA, "%zu bytes of data, "
		    "expected the %llu of its tensors", p->n,
		    (unsigned long long)at);
	return 0;
}

static int
parse_header(struct parse *p, const json_t *header)
{
	const char *name;
	json_t *value;
	int r;

	if (!json_is_object(header))
		return bsp_error_set(p->e, BSP_DATA, "the header is no JSON "
		    "object, expected that of a safetensors file");
	if (json_object_size(header) > TENSORS_MAX)
		return bsp_error_set(p->e, BSP_DATA, "%zu tensors, expected "
		    "at most %d", json_object_size(header), TENSORS_MAX);
	json_object_foreach((json_t *)(uintptr_t)header, name, value) {
		r = strcmp(name, METADATA) == 0 ? parse_metadata(p, value) :
		    parse_tensor(p, name, value);
		if (r != 0)
			return -1;
	}
	return check_cover(p);
}

/* What the header's bytes should be: false with *e filled where they cannot. */
static bool
check_start(const unsigned char *bytes, size_t n, struct bsp_error *e)
{
	static const struct {
		const char *bytes, *what;
	} known[] = {
		{"PK\3\4", "a PyTorch file (or another zip), expected a "
		    "safetensors file: 'blindspot weights FILE' converts it"},
		{"\x80\2", "a pickle of Python, as old PyTorch files are, "
		    "expected a safetensors file: 'blindspot weights FILE' "
		    "converts it"},
		{"\x89HDF", "an HDF5 file, as of Keras, expected a safetensors "
		    "file"},
		{"blindspot model", "a model of an older release's residual "
		    "zscore or ood-histogram, expected a safetensors file"},
		{"\x1f\x8b", "compressed by gzip, expected a safetensors "
		    "file: gzip -dc makes it one"},
	};
	size_t i, k;

	for (i = 0; i < sizeof known / sizeof known[0]; i++) {
		k = strlen(known[i].bytes);
		k = k < 8 ? k : 8;
		if (n >= k && memcmp(bytes, known[i].bytes, k) == 0) {
			bsp_error_set(e, BSP_DATA, "is %s", known[i].what);
			return false;
		}
	}
	if (n >= 8)
		return true;
	bsp_error_set(e, BSP_DATA, "%zu bytes, expected a safetensors file: "
	    "the length of its header in 8", n);
	return false;
}

/* The header of a file whose first n bytes are these; NULL with *e filled. */
static json_t *
load_header(const unsigned char *bytes, size_t n, struct bsp_error *e)
{
	json_error_t error;
	json_t *header;
	uint64_t length;

	if (!check_start(bytes, n, e))
		return NULL;
	memcpy(&length, bytes, sizeof length);
	if (length > n - sizeof length || length > HEADER_MAX || length < 2) {
		bsp_error_set(e, BSP_DATA, "a header of %llu bytes in a "
		    "file of %zu, expected a whole safetensors file",
		    (unsigned long long)length, n);
		return NULL;
	}
	errno = 0;
	header = json_loadb((const char *)bytes + sizeof length,
	    (size_t)length, JSON_REJECT_DUPLICATES, &error);
	if (header != NULL && errno != ENOMEM)
		return header;
	/*
	 * Where memory runs out, jansson may say so, tell another error, or
	 * leave something out and tell none.
	 */
	if (errno == ENOMEM) {
		json_decref(header);
		bsp_error_system(e, ENOMEM, "the header");
		return NULL;
	}
	bsp_error_set(e, BSP_DATA, "the header is no JSON: %.120s",
	    error.text);
	e->byte = (int64_t)sizeof length + error.position;
	return NULL;
}

static void
tell_conversions(const struct parse *p)
{
	size_t i;

	for (i = 0; i < TYPES; i++)
		if (p->converted[i] > 0)
			learn_tensors_note(p->tensors, "%zu tensors of type %s "
			    "were converted to F32", p->converted[i],
			    types[i].name);
}

int
bsp_tensors_parse(const void *bytes, size_t n, struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	struct parse p = {.tensors = tensors, .e = e};
	json_t *header;
	uint64_t length;
	int r;

	*tensors = (struct bsp_tensors){0};
	header = load_header(bytes, n, e);
	if (header == NULL)
		return -1;
	memcpy(&length, bytes, sizeof length);
	p.bytes = (const unsigned char *)bytes + sizeof length + length;
	p.n = n - sizeof length - (size_t)length;
	r = parse_header(&p, header);
	json_decref(header);
	free(p.extent);
	if (r != 0)
		bsp_tensors_free(tensors);
	else
		tell_conversions(&p);
	return r;
}

/* A file as far as it is read. */
struct content {
	int fd;
	unsigned char *bytes;
	size_t n, capacity;
};

/* Read on until there are so many bytes, or the end. */
static int
read_up_to(struct content *c, size_t wanted, struct bsp_error *e)
{
	size_t room;
	ssize_t r;

	while (c->n < wanted) {
		room = wanted - c->n < 1 << 20 ? wanted - c->n : 1 << 20;
		if (bsp_array_grow(&c->bytes, &c->capacity, c->n + room, 1, e))
			return -1;
		r = read(c->fd, c->bytes + c->n, room);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return bsp_error_system(e, errno, "read");
		if (r == 0)
			return 0;
		c->n += (size_t)r;
	}
	return 0;
}

/* The end of the last tensor's bytes, as far as the header makes sense. */
static uint64_t
data_end(const json_t *header)
{
	const char *name;
	uint64_t end = 0, n;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)header, name, value)
		if (get_count(json_array_get(json_object_get(value,
		    "data_offsets"), 1), &n) && n > end)
			end = n;
	return end;
}

/*
 * Read what the header says that there is, and a byte more where there is one,
 * so that a file without end is refused and not read.
 */
static int
read_all(struct content *c, struct bsp_error *e)
{
	json_t *header;
	uint64_t length, end;

	if (read_up_to(c, sizeof length, e))
		return -1;
	if (!check_start(c->bytes, c->n, e))
		return -1;
	memcpy(&length, c->bytes, sizeof length);
	if (length <= HEADER_MAX && read_up_to(c, sizeof length +
	    (size_t)length, e))
		return -1;
	header = load_header(c->bytes, c->n, e);
	if (header == NULL)
		return -1;
	end = data_end(header);
	json_decref(header);
	if (end > PTRDIFF_MAX / 2)
		return 0; /* no file has that many: parsing says so */
	return read_up_to(c, sizeof length + (size_t)length + (size_t)end + 1,
	    e);
}

int
learn_tensors_read_on(int fd, const char *name, const void *begun, size_t n,
    struct bsp_tensors *tensors, struct bsp_error *e)
{
	struct content c = {.fd = fd};
	int r = -1;

	*tensors = (struct bsp_tensors){0};
	if (bsp_array_grow(&c.bytes, &c.capacity, n + 1, 1, e) == 0) {
		if (n > 0)
			memcpy(c.bytes, begun, n);
		c.n = n;
		r = read_all(&c, e);
	}
	if (r == 0)
		r = bsp_tensors_parse(c.bytes, c.n, tensors, e);
	free(c.bytes);
	if (r != 0)
		e->stream = name;
	return r;
}

int
bsp_tensors_read(int fd, const char *name, struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	return learn_tensors_read_on(fd, name, NULL, 0, tensors, e);
}

/* ----------------------------------------------------------------- writing */

/* Text as JSON, which is UTF-8; other bytes become question marks. */
static json_t *
text_json(const char *text)
{
	json_t *json = json_string(text);
	char *copy, *c;

	if (json != NULL || (copy = strdup(text)) == NULL)
		return json;
	for (c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	json = json_string(copy);
	free(copy);
	return json;
}

/* How many bytes a tensor takes. */
static size_t
tensor_bytes(const struct bsp_tensor *tensor)
{
	return tensor->size * (tensor->doubles != NULL ? sizeof(double) :
	    sizeof(float));
}

static const void *
tensor_values(const struct bsp_tensor *tensor)
{
	return tensor->doubles != NULL ? (const void *)tensor->doubles :
	    tensor->data;
}

static bool
append(json_t *array, uint64_t n)
{
	return json_array_append_new(array, json_integer((json_int_t)n)) == 0;
}

/* NULL when memory runs out. */
static json_t *
tensor_json(const struct bsp_tensor *tensor, uint64_t *at)
{
	json_t *json = json_object(), *shape = json_array();
	json_t *offsets = json_array();
	bool made = append(offsets, *at);
	size_t i;

	*at += tensor_bytes(tensor);
	made &= append(offsets, *at);
	for (i = 0; i < tensor->rank; i++)
		made &= append(shape, tensor->shape[i]);
	made &= json_object_set_new(json, "dtype", json_string(
	    tensor->doubles != NULL ? "F64" : "F32")) == 0;
	/* These take the arrays, whatever they return. */
	made &= json_object_set_new(json, "shape", shape) == 0;
	made &= json_object_set_new(json, "data_offsets", offsets) == 0;
	if (made)
		return json;
	json_decref(json);
	return NULL;
}

/* The header as text; NULL when memory runs out. */
static char *
make_header(const struct bsp_tensors *tensors)
{
	json_t *header = json_object(), *facts = json_object();
	uint64_t at = 0;
	bool failed = false;
	char *text = NULL;
	size_t i;

	errno = 0; /* json_dumps may leave out what it has no memory for */
	for (i = 0; i < tensors->facts; i++)
		failed |= json_object_set_new(facts, tensors->fact[i].name,
		    text_json(tensors->fact[i].text)) != 0;
	failed |= json_object_set_new(header, METADATA, facts) != 0;
	for (i = 0; i < tensors->count; i++)
		failed |= json_object_set_new(header,
		    tensors->tensor[i].name,
		    tensor_json(&tensors->tensor[i], &at)) != 0;
	if (!failed)
		text = json_dumps(header, JSON_COMPACT);
	json_decref(header);
	if (errno != ENOMEM)
		return text;
	free(text);
	return NULL;
}

/* Write all; -1 with errno set. */
static int
put(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;
	ssize_t r;

	for (; n > 0; at += r, n -= (size_t)r) {
		r = write(fd, at, n);
		if (r < 0 && errno != EINTR)
			return -1;
		r = r < 0 ? 0 : r;
	}
	return 0;
}

static int
put_tensors(int fd, const struct bsp_tensors *tensors, const char *header)
{
	static const char blanks[8] = "        ";
	size_t n = strlen(header), pad = (8 - n % 8) % 8, i;
	uint64_t length = n + pad;

	if (put(fd, &length, sizeof length) || put(fd, header, n) ||
	    put(fd, blanks, pad))
		return -1;
	for (i = 0; i < tensors->count; i++)
		if (put(fd, tensor_values(&tensors->tensor[i]),
		    tensor_bytes(&tensors->tensor[i])))
			return -1;
	return 0;
}

int
learn_tensors_put(int fd, const struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	char *header = make_header(tensors);
	int r = header == NULL ? -1 : put_tensors(fd, tensors, header);

	if (r != 0)
		bsp_error_system(e, header == NULL ? ENOMEM : errno,
		    "write the tensors");
	free(header);
	return r;
}

/* A value that reading refuses. */
static bool
find_bad(const struct bsp_tensor *tensor, size_t *first)
{
	if (tensor->doubles == NULL)
		return bsp_find_nonfinite(tensor->data, tensor->size, first);
	for (*first = 0; *first < tensor->size; ++*first)
		if (!(fabs(tensor->doubles[*first]) <= (double)FLT_MAX))
			return true;
	return false;
}

/* What could not be read again is not written. */
static int
check_values(const struct bsp_tensors *tensors, struct bsp_error *e)
{
	const struct bsp_tensor *tensor = tensors->tensor;
	size_t i, first;

	for (i = 0; i < tensors->count; i++, tensor++)
		if (find_bad(tensor, &first))
			return bsp_error_set(e, BSP_DATA, "value %zu of tensor "
			    "'%.100s' would not be finite; was the learning "
			    "rate too high?", first, tensor->name);
	return 0;
}

static bool
same_fact(const struct bsp_tensors *read, const struct bsp_fact *fact)
{
	const char *text = bsp_tensors_fact(read, fact->name);
	const char *mine = fact->text;

	if (text == NULL)
		return false;
	/* Bytes that are no UTF-8 became question marks. */
	for (; *text != '\0' && (*text == *mine ||
	    (*text == '?' && (unsigned char)*mine >= 0x80)); text++)
		mine++;
	return *text == '\0' && *mine == '\0';
}

/* Do the tensors of a file that was read back differ from those written? */
static bool
differ(const struct bsp_tensors *read, const struct bsp_tensors *written)
{
	const struct bsp_tensor *a, *b;
	size_t i;

	if (read->count != written->count || read->facts != written->facts)
		return true;
	for (i = 0; i < written->facts; i++)
		if (!same_fact(read, &written->fact[i]))
			return true;
	for (i = 0; i < written->count; i++) {
		a = &written->tensor[i];
		b = bsp_tensors_find(read, a->name);
		if (b == NULL || a->rank != b->rank || memcmp(a->shape,
		    b->shape, a->rank * sizeof *a->shape) != 0 ||
		    (a->doubles == NULL) != (b->doubles == NULL) ||
		    memcmp(tensor_values(a), tensor_values(b),
		    tensor_bytes(a)) != 0)
			return true;
	}
	return false;
}

/* Read what was written before it takes the place of an older file. */
static int
read_back(const struct bsp_file *file, const struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	struct bsp_tensors read;
	bool failed;

	if (lseek(file->fd, 0, SEEK_SET) < 0) {
		bsp_error_system(e, errno, "read back");
		e->stream = file->path;
		return -1;
	}
	if (bsp_tensors_read(file->fd, file->path, &read, e) != 0)
		return -1;
	failed = differ(&read, tensors);
	bsp_tensors_free(&read);
	if (!failed)
		return 0;
	bsp_error_system(e, EIO, "what was written reads back otherwise");
	e->stream = file->path;
	return -1;
}

int
bsp_tensors_write(const char *path, const struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	struct bsp_file file;

	if (check_values(tensors, e)) {
		e->stream = path;
		e->image = e->byte = -1;
		return -1;
	}
	if (bsp_file_open(&file, path, e))
		return -1;
	if (learn_tensors_put(file.fd, tensors, e)) {
		e->stream = path;
	} else if (file.part == NULL || read_back(&file, tensors, e) == 0) {
		return bsp_file_keep(&file, e);
	}
	bsp_file_drop(&file);
	return -1;
}

int
bsp_tensors_check_place(const char *path, struct bsp_error *e)
{
	return bsp_file_check(path, e);
}
