/*
 * Parameters and numbers as the library alone uses them.
 */
#ifndef BSP_BASE_PARAM_H
#define BSP_BASE_PARAM_H

#include "base.h"

/* Every point of the range is a valid value of the parameter (BSP_USAGE). */
int bsp_param_check_range(const struct bsp_param *param,
    const struct bsp_range *range, struct bsp_error *e);

/* Write value with nine significant digits (%.9g), in the C locale. */
void bsp_number_round9(char text[BSP_NUMBER_SIZE], double value);

#endif
