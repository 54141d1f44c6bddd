/*
 * The table of residuals: anomaly-score maps from an image and its
 * reconstruction.
 */
#include "residual.h"

#define PAPER "Meissen et al., MIDL 2022"
#define SIMILARITY "Wang et al., 2004; Bergmann et al., 2019"
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
	{
		.name = "ssim",
		.summary = "1 - structural similarity in a Gaussian window",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.apply.residual = bsp_residual_ssim,
	},
	{
		.name = "ssim-luminance",
		.summary = "1 - its first factor, of the means",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.apply.residual = bsp_residual_ssim_luminance,
	},
	{
		.name = "ssim-contrast",
		.summary = "1 - its second, of the standard deviations",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.apply.residual = bsp_residual_ssim_contrast,
	},
	{
		.name = "ssim-structure",
		.summary = "1 - its third, the correlation",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.apply.residual = bsp_residual_ssim_structure,
	},
	{
		.name = "gradient",
		.summary = "1 - similarity of gradient magnitudes",
		.source = "Xue et al., 2014", .inputs = 2,
		.params = bsp_gradient_params,
		.apply.residual = bsp_residual_gradient,
	},
	{.name = NULL},
};
