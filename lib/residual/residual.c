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
		.options = bsp_map_options,
		.apply.residual = bsp_residual_abs,
	},
	{
		.name = "square",
		.summary = "(input - recon)^2",
		.source = PAPER, .inputs = 2, .pointwise = true,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_square,
	},
	{
		.name = "signed",
		.summary = "input - recon: bright anomalies score high, dark low",
		.source = TAILS, .inputs = 2, .pointwise = true,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_signed,
	},
	{
		.name = "positive",
		.summary = "max(input - recon, 0): hyperintense anomalies only",
		.source = TAILS, .inputs = 2, .pointwise = true,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_positive,
	},
	{
		.name = "negative",
		.summary = "max(recon - input, 0): hypointense anomalies only",
		.source = TAILS, .inputs = 2, .pointwise = true,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_negative,
	},
	{
		.name = "ssim",
		.summary = "1 - structural similarity in a Gaussian window",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.reach = bsp_ssim_reach,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_ssim,
	},
	{
		.name = "ssim-luminance",
		.summary = "1 - its first factor, of the means",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.reach = bsp_ssim_reach,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_ssim_luminance,
	},
	{
		.name = "ssim-contrast",
		.summary = "1 - its second, of the standard deviations",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.reach = bsp_ssim_reach,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_ssim_contrast,
	},
	{
		.name = "ssim-structure",
		.summary = "1 - its third, the correlation",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.reach = bsp_ssim_reach,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_ssim_structure,
	},
	{
		.name = "gradient",
		.summary = "1 - similarity of gradient magnitudes",
		.source = "Xue et al., 2014", .inputs = 2,
		.params = bsp_gradient_params,
		.reach = bsp_gradient_reach,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_gradient,
	},
	{
		.name = "ssim-ensemble",
		.summary = "1 - mean SSIM of windows of many sizes",
		.source = "Behrendt et al., 2024", .inputs = 2,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_ssim_ensemble,
	},
	{
		.name = "mahalanobis",
		.summary = "distance from several reconstructions, by their covariance",
		.source = "Behrendt et al., MICCAI 2024", .inputs = 2,
		.params = bsp_mahalanobis_params,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_mahalanobis,
	},
	{
		.name = "mahalanobis-diagonal",
		.summary = "the same by each pixel's own variance",
		.source = "Behrendt et al., MICCAI 2024", .inputs = 2,
		.params = bsp_mahalanobis_params,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_mahalanobis_diagonal,
	},
	{
		.name = "clahe-abs",
		.summary = "|input - recon| after local equalisation, times saliency",
		.source = "Bercea et al., 2023 (RA, PHANES)", .inputs = 2,
		.needs = BSP_SALIENCY,
		.params = bsp_clahe_params,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_clahe_abs,
	},
	{
		.name = "zscore",
		.summary = "standard deviations from what is normal for the pixel",
		.source = "Meissen et al., 2021", .inputs = 1,
		.needs = BSP_NORM,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_zscore,
	},
	{
		.name = "equalized",
		.summary = "the equalised input itself",
		.source = "Meissen et al., 2021", .inputs = 1,
		.options = bsp_map_options,
		.apply.residual = bsp_residual_equalized,
	},
	{
		.name = "gmm",
		.summary = "- log density of features under a mixture of Gaussians",
		.source = "an analogue of Yu et al., 2023", .inputs = 1,
		.params = bsp_gmm_params,
		.options = bsp_map_options,
		.below_zero = true,
		.apply.residual = bsp_residual_gmm,
	},
	{.name = NULL},
};
