/*
 * Tensor files and the models in them: what is accepted is whole, finite and
 * reads back the same.
 */
#include "../../lib/learn/learn.h"
#include "stream.h"

static void
must_be_same(const struct bsp_tensors *a, const struct bsp_tensors *b)
{
	size_t i;

	must(a->count == b->count && a->facts == b->facts);
	for (i = 0; i < a->count; i++) {
		must(strcmp(a->tensor[i].name, b->tensor[i].name) == 0);
		must(a->tensor[i].rank == b->tensor[i].rank);
		must(a->tensor[i].size == b->tensor[i].size);
		must(memcmp(a->tensor[i].data, b->tensor[i].data,
		    a->tensor[i].size * sizeof(float)) == 0);
	}
}

/* Write what was read and read it again. */
static void
must_survive_writing(const struct bsp_tensors *tensors)
{
	struct bsp_tensors again;
	struct bsp_error e = {0};
	int fd = memory_file("", 0);

	must(learn_tensors_put(fd, tensors, &e) == 0);
	must(lseek(fd, 0, SEEK_SET) == 0);
	must(bsp_tensors_read(fd, "again", &again, &e) == 0);
	must_be_same(tensors, &again);
	bsp_tensors_free(&again);
	close(fd);
}

static void
check_values(const struct bsp_tensors *tensors)
{
	size_t i, k, n;

	for (i = 0; i < tensors->count; i++) {
		must(learn_elements(tensors->tensor[i].rank,
		    tensors->tensor[i].shape, &n));
		must(n == tensors->tensor[i].size);
		for (k = 0; k < n; k++)
			must(isfinite(tensors->tensor[i].data[k]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsp_tensors tensors, other;
	struct bsp_error e = {0};
	struct bsp_model *model;
	int fd, r;

	r = bsp_tensors_parse(data, size, &tensors, &e);
	must(r == 0 || (r == -1 && e.status == BSP_DATA &&
	    e.text[0] != '\0' && tensors.count == 0));
	choose_piece(data, size);
	fd = memory_file(data, size);
	must(bsp_tensors_read(fd, "fuzz", &other, &e) == r);
	close(fd);
	piece = 0;
	fuzz_taken = r;
	if (r != 0)
		return 0;
	must_be_same(&tensors, &other);
	check_values(&tensors);
	must_survive_writing(&tensors);
	bsp_tensors_free(&other);
	model = bsp_model_from(&tensors, &e);
	must(model != NULL || e.status == BSP_DATA);
	if (model != NULL) {
		must(bsp_model_architecture(model) != NULL);
		must(tensors.count == 0);
	}
	bsp_model_free(model);
	bsp_tensors_free(&tensors);
	return 0;
}

const enum fuzz_cut fuzz_cut = FUZZ_NOWHERE;
