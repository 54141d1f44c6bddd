/*
 * The table of residuals: anomaly-score maps from an image and its
 * reconstruction.
 */
#include "residual.h"

#define PAPER "Meissen et al., MIDL 2022"
#define TAILS "Silva-Rodriguez et al., IPMI 2021"

const struct bsp_kind bsp_residual_kinds[] = {
	{
		.name = "abs",
		.summary = "|input - recon|, the paper's anomaly score",
		.source = PAPER, .inputs = 2, .pointwise = true,
		.apply.residual = bsp_residual_abs,
	},
	{
		.name = "square",
		.summary = "(input - recon)^2",
		.source = PAPER, .inputs = 2, .pointwise = true,
		.apply.residual = bsp_residual_square,
	},
	{
		.name = "signed",
		.summary = "input - recon: bright anomalies score high, dark low",
		.source = TAILS, .inputs = 2, .pointwise = true,
		.apply.residual = bsp_residual_signed,
	},
	{
		.name = "positive",
		.summary = "max(input - recon, 0): hyperintense anomalies only",
		.source = TAILS, .inputs = 2, .pointwise = true,
		.apply.residual = bsp_residual_positive,
	},
	{
		.name = "negative",
		.summary = "max(recon - input, 0): hypointense anomalies only",
		.source = TAILS, .inputs = 2, .pointwise = true,
		.apply.residual = bsp_residual_negative,
	},
	{.name = NULL},
};
