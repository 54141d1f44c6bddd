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

/* "64 x 32 x 3 x 3", in text[BSP_NUMBER_SIZE * 4] */
char *learn_shape_text(char *text, size_t rank, const size_t *shape);

#endif
