/*
 * The table of residuals: anomaly-score maps from an image and its
 * reconstruction.
 */
#include "residual.h"

#define PAPER "Meissen et al., MIDL 2022"
#define SIMILARITY "Wang et al., 2004; Bergmann et al., 2019"
#define TAILS "Silva-Rodriguez et al., BMVC 2021"

/* Its statistics are kept in files that the build may be unable to read. */
static const struct bsp_absent absent[] = {
#ifdef BSP_WITHOUT_JANSSON
	{"zscore", BSP_WITHOUT_JANSSON},
#endif
	{NULL, NULL},
};

const struct bsp_kind bsp_residual_kinds[] = {
	{
		.name = "abs",
		.summary = "|input - recon|, the score of Meissen et al., 2022",
		.source = PAPER, .inputs = 2, .pointwise = true,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_abs),
	},
	{
		.name = "square",
		.summary = "(input - recon)^2",
		.source = PAPER, .inputs = 2, .pointwise = true,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_square),
	},
	{
		.name = "signed",
		.summary = "input - recon: bright anomalies score high, dark low",
		.source = TAILS, .inputs = 2, .pointwise = true,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_signed),
	},
	{
		.name = "positive",
		.summary = "max(input - recon, 0): hyperintense anomalies only",
		.source = TAILS, .inputs = 2, .pointwise = true,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_positive),
	},
	{
		.name = "negative",
		.summary = "max(recon - input, 0): hypointense anomalies only",
		.source = TAILS, .inputs = 2, .pointwise = true,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_negative),
	},
	{
		.name = "ssim",
		.summary = "1 - structural similarity (SSIM) in a Gaussian window",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_ssim,
		    .reach = bsp_ssim_reach),
	},
	{
		.name = "ssim-luminance",
		.summary = "1 - the luminance factor of SSIM (means)",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_ssim_luminance,
		    .reach = bsp_ssim_reach),
	},
	{
		.name = "ssim-contrast",
		.summary = "1 - the contrast factor of SSIM (standard deviations)",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_ssim_contrast,
		    .reach = bsp_ssim_reach),
	},
	{
		.name = "ssim-structure",
		.summary = "1 - the structure factor of SSIM (correlation)",
		.source = SIMILARITY, .inputs = 2,
		.params = bsp_ssim_params,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_ssim_structure,
		    .reach = bsp_ssim_reach),
	},
	{
		.name = "gradient",
		.summary = "1 - similarity of gradient magnitudes",
		.source = "Xue et al., 2014", .inputs = 2,
		.params = bsp_gradient_params,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_gradient,
		    .reach = bsp_gradient_reach),
	},
	{
		.name = "ssim-ensemble",
		.summary = "1 - weighted mean SSIM over windows of many sizes",
		.source = "Behrendt et al., 2024", .inputs = 2,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_ssim_ensemble),
	},
	{
		.name = "mahalanobis",
		.summary = "Mahalanobis distance from several reconstructions",
		.source = "Behrendt et al., MICCAI 2024", .inputs = 2,
		.params = bsp_mahalanobis_params,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_mahalanobis),
	},
	{
		.name = "mahalanobis-diagonal",
		.summary = "mahalanobis with only each pixel's own variance",
		.source = "Behrendt et al., MICCAI 2024", .inputs = 2,
		.params = bsp_mahalanobis_params,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_mahalanobis_diagonal),
	},
	{
		.name = "clahe-abs",
		.summary = "|input - recon| after CLAHE, times saliency",
		.source = "Bercea et al., MIDL (RA), MICCAI (PHANES) 2023",
		.inputs = 2,
		.needs = BSP_SALIENCY,
		.params = bsp_clahe_params,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_clahe_abs),
	},
#ifndef BSP_WITHOUT_JANSSON
	{
		.name = "zscore",
		.summary = "standard deviations from the pixel's healthy mean",
		.source = "Meissen et al., 2021", .inputs = 1,
		.needs = BSP_PIXEL_STATS,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_zscore),
	},
#endif
	{
		.name = "equalized",
		.summary = "the input after histogram equalisation",
		.source = "Meissen et al., 2021", .inputs = 1,
		.options = bsp_map_options,
		.apply = BSP_RESIDUAL(bsp_residual_equalized),
	},
	{
		.name = "gmm",
		.summary = "- log density of pixel features, by a Gaussian mixture",
		.source = "similar to Yu et al., 2023", .inputs = 1,
		.params = bsp_gmm_params,
		.options = bsp_map_options,
		.below_zero = true,
		.apply = BSP_RESIDUAL(bsp_residual_gmm),
	},
	{.name = NULL, .absent = absent},
};
