/*
 * The magnitude of the gradient, by Prewitt's operator.
 * Source: Prewitt, "Object enhancement and extraction", 1970.
 */
#include <math.h>

#include "kernels.h"

/* Means over three of the differences of neighbours but one. */
static double
magnitude(const float *above, const float *row, const float *below, size_t left,
    size_t c, size_t right)
{
	double across = (double)above[right] - (double)above[left] +
	    (double)row[right] - (double)row[left] +
	    (double)below[right] - (double)below[left];
	double down = (double)below[left] - (double)above[left] +
	    (double)below[c] - (double)above[c] +
	    (double)below[right] - (double)above[right];

	return sqrt(across * across + down * down) / 3;
}

void
bsp_prewitt(const float *from, double *to, size_t rows, size_t cols)
{
	const float *above, *row, *below;
	size_t r, c;

	for (r = 0; r < rows; r++) {
		row = from + r * cols;
		above = r > 0 ? row - cols : row;
		below = r + 1 < rows ? row + cols : row;
		for (c = 0; c < cols; c++)
			to[r * cols + c] = magnitude(above, row, below,
			    c > 0 ? c - 1 : 0, c, c + 1 < cols ? c + 1 : c);
	}
}
