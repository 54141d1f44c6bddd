/*
 * Tensor files, for the parts of libblindspot-learn and for programs that read
 * models but run no networks: of other libraries they need jansson alone.
 */
#ifndef BSP_TENSORS_H
#define BSP_TENSORS_H

#include "../base/base.h"
#include "blindspot-learn.h"

/* The number of elements; false where it overflows. */
bool learn_elements(size_t rank, const size_t *shape, size_t *n);

/* Write a tensor file to an open descriptor. */
int learn_tensors_put(int fd, const struct bsp_tensors *tensors,
    struct bsp_error *e);

/* Read one of which the first n bytes were read already. */
int learn_tensors_read_on(int fd, const char *name, const void *begun,
    size_t n, struct bsp_tensors *tensors, struct bsp_error *e);

/* Free a tensor's own memory. */
void learn_tensor_free(struct bsp_tensor *tensor);

/* Add to the note of what was changed on reading. */
void learn_tensors_note(struct bsp_tensors *tensors, const char *format, ...)
    BSP_PRINTF(2, 3);

/* "64 x 32 x 3 x 3", in text[BSP_NUMBER_SIZE * 4] */
char *learn_shape_text(char *text, size_t rank, const size_t *shape);

#endif
