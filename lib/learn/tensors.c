/*
 * Tensor files in the safetensors format: the length of a JSON header (8
 * bytes, little-endian), the header, and the tensors' bytes without a gap.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tensors.h"

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

	for (i = 0; i < tensors->count; i++) {
		free(tensors->tensor[i].name);
		free(tensors->tensor[i].data);
	}
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

struct parse {
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

static int
take_values(struct parse *p, const char *name, size_t rank,
    const size_t *shape, const struct extent *extent)
{
	struct bsp_tensor *tensor = bsp_tensors_add(p->tensors, name, rank,
	    shape, p->e);
	size_t first;

	if (tensor == NULL)
		return -1;
	memcpy(tensor->data, p->bytes + extent->begin,
	    tensor->size * sizeof *tensor->data);
	if (bsp_find_nonfinite(tensor->data, tensor->size, &first))
		return bsp_error_set(p->e, BSP_DATA, "tensor '%.100s': value "
		    "%zu is not finite", name, first);
	return 0;
}

static int
parse_tensor(struct parse *p, const char *name, const json_t *value)
{
	const char *type = json_string_value(json_object_get(value, "dtype"));
	size_t rank, shape[BSP_RANK_MAX], n;
	bool counts;

	if (!json_is_object(value) || type == NULL ||
	    json_object_size(value) != 3)
		return bad(p->e, name, "expected dtype, shape and "
		    "data_offsets");
	counts = strcmp(type, "I64") == 0;
	if (!counts && strcmp(type, "F32") != 0)
		return bsp_error_set(p->e, BSP_DATA, "tensor '%.100s': of "
		    "type '%.20s', expected F32", name, type);
	if (get_shape(p, name, json_object_get(value, "shape"), &rank, shape))
		return -1;
	if (!learn_elements(rank, shape, &n))
		return bad(p->e, name, "its shape is too large");
	if (get_extent(p, name, json_object_get(value, "data_offsets"),
	    n * (counts ? 8 : 4)))
		return -1;
	return counts ? 0 : take_values(p, name, rank, shape,
	    &p->extent[p->extents - 1]);
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

int
bsp_tensors_parse(const void *bytes, size_t n, struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	struct parse p = {.tensors = tensors, .e = e};
	json_error_t error;
	json_t *header;
	uint64_t length;
	int r;

	*tensors = (struct bsp_tensors){0};
	if (n < sizeof length)
		return bsp_error_set(e, BSP_DATA, "%zu bytes, expected a "
		    "safetensors file: the length of its header in 8", n);
	memcpy(&length, bytes, sizeof length);
	if (length > n - sizeof length || length > HEADER_MAX)
		return bsp_error_set(e, BSP_DATA, "a header of %llu bytes in a "
		    "file of %zu, expected a whole safetensors file",
		    (unsigned long long)length, n);
	p.bytes = (const unsigned char *)bytes + sizeof length + length;
	p.n = n - sizeof length - (size_t)length;
	header = json_loadb((const char *)bytes + sizeof length,
	    (size_t)length, JSON_REJECT_DUPLICATES, &error);
	if (header == NULL) {
		bsp_error_set(e, BSP_DATA, "the header is no JSON: %.120s",
		    error.text);
		e->byte = (int64_t)sizeof length + error.position;
		return -1;
	}
	r = parse_header(&p, header);
	json_decref(header);
	free(p.extent);
	if (r != 0)
		bsp_tensors_free(tensors);
	return r;
}

int
bsp_tensors_read(int fd, const char *name, struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	size_t n = 0, capacity = 0;
	char *bytes = NULL;
	ssize_t r = 1;
	int result = -1;

	*tensors = (struct bsp_tensors){0};
	while (r != 0) {
		if (bsp_array_grow(&bytes, &capacity, n + (1 << 16), 1, e))
			break;
		r = read(fd, bytes + n, capacity - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			bsp_error_system(e, errno, "read");
			break;
		}
		n += (size_t)r;
	}
	if (r == 0)
		result = bsp_tensors_parse(bytes, n, tensors, e);
	free(bytes);
	if (result != 0)
		e->stream = name;
	return result;
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

static json_t *
tensor_json(const struct bsp_tensor *tensor, uint64_t *at)
{
	json_t *shape = json_array(), *offsets = json_array();
	size_t i;

	for (i = 0; i < tensor->rank; i++)
		json_array_append_new(shape,
		    json_integer((json_int_t)tensor->shape[i]));
	json_array_append_new(offsets, json_integer((json_int_t)*at));
	*at += tensor->size * sizeof *tensor->data;
	json_array_append_new(offsets, json_integer((json_int_t)*at));
	return json_pack("{s:s, s:o, s:o}", "dtype", "F32", "shape", shape,
	    "data_offsets", offsets);
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
	return text;
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
		if (put(fd, tensors->tensor[i].data,
		    tensors->tensor[i].size * sizeof(float)))
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

/* Make a rename in the file's directory last. */
static int
sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd, r;

	if (copy == NULL)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return -1;
	r = fsync(fd);
	/* Some file systems cannot, and do it anyway. */
	if (r != 0 && errno == EINVAL)
		r = 0;
	close(fd);
	return r;
}

/* Write to a path of its own; -1 with errno set. */
static int
write_file(const char *path, const struct bsp_tensors *tensors,
    const char *header, bool is_file)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int errnum, r;

	if (fd < 0)
		return -1;
	r = put_tensors(fd, tensors, header);
	if (r == 0 && is_file)
		r = fsync(fd);
	errnum = errno;
	if (close(fd) != 0 && r == 0)
		return -1;
	errno = errnum;
	return r;
}

/* What could not be read again is not written. */
static int
check_values(const struct bsp_tensors *tensors, struct bsp_error *e)
{
	const struct bsp_tensor *tensor = tensors->tensor;
	size_t i, first;

	for (i = 0; i < tensors->count; i++, tensor++)
		if (bsp_find_nonfinite(tensor->data, tensor->size, &first))
			return bsp_error_set(e, BSP_DATA, "value %zu of tensor "
			    "'%.100s' would not be finite; was the learning "
			    "rate too high?", first, tensor->name);
	return 0;
}

int
bsp_tensors_write(const char *path, const struct bsp_tensors *tensors,
    struct bsp_error *e)
{
	char *part, *header;
	bool is_file;
	struct stat s;
	int r = -1, errnum = ENOMEM;

	if (check_values(tensors, e)) {
		e->stream = path;
		e->image = e->byte = -1;
		return -1;
	}
	part = malloc(strlen(path) + 6);
	header = make_header(tensors);
	if (part != NULL && header != NULL) {
		/* A device or a pipe is written to, not replaced. */
		is_file = stat(path, &s) != 0 || S_ISREG(s.st_mode);
		sprintf(part, is_file ? "%s.part" : "%s", path);
		r = write_file(part, tensors, header, is_file);
		if (r == 0 && is_file)
			r = rename(part, path);
		errnum = errno;
		if (r != 0 && is_file)
			unlink(part);
		if (r == 0 && is_file) {
			r = sync_directory(path);
			errnum = errno;
		}
	}
	if (r != 0) {
		bsp_error_system(e, errnum, "write the tensors");
		e->stream = path;
	}
	free(header);
	free(part);
	return r;
}
