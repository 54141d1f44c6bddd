/*
 * The table of degradations, simulated imperfect reconstructions, and their
 * entry point.
 */
#include "degrade.h"

/* The build says what it lacks, and does not compile that. */
static const struct bsp_absent absent[] = {
#ifdef BSP_WITHOUT_FFTW
	{"lowpass", BSP_WITHOUT_FFTW},
#endif
	{NULL, NULL},
};

const struct bsp_kind bsp_degrade_kinds[] = {
	{
		.name = "none",
		.summary = "the unchanged image: a perfect reconstruction",
		.source = "Meissen et al., MIDL 2022",
		.inputs = 1,
		.apply = BSP_DEGRADE(bsp_degrade_none),
	},
	{
		.name = "blur",
		.summary = "Gaussian blur, as in Meissen et al., 2022",
		.source = "Meissen et al., MIDL 2022, experiments 1 and 2",
		.inputs = 1,
		.params = bsp_blur_params,
		.apply = BSP_DEGRADE(bsp_degrade_blur),
	},
	{
		.name = "noise",
		.summary = "Gaussian noise in every pixel",
		.source = "independent noise, the simplest error",
		.inputs = 1,
		.params = bsp_noise_params,
		.apply = BSP_DEGRADE(bsp_degrade_noise),
	},
	{
		.name = "rician",
		.summary = "Rician noise, as in magnitude images",
		.source = "Gudbjartsson, Patz, 1995",
		.inputs = 1,
		.params = bsp_noise_params,
		.apply = BSP_DEGRADE(bsp_degrade_rician),
	},
	{
		.name = "downsample",
		.summary = "a bottleneck: means of blocks, interpolated linearly",
		.source = "the bottleneck of an autoencoder",
		.inputs = 1,
		.params = bsp_downsample_params,
		.apply = BSP_DEGRADE(bsp_degrade_downsample),
	},
	{
		.name = "quantize",
		.summary = "intensities rounded to a few levels",
		.source = "the codebook of a VQ-VAE, in intensity",
		.inputs = 1,
		.params = bsp_quantize_params,
		.apply = BSP_DEGRADE(bsp_degrade_quantize),
	},
	{
		.name = "gamma",
		.summary = "intensities raised to a power",
		.source = "a monotone error of contrast",
		.inputs = 1,
		.params = bsp_gamma_params,
		.apply = BSP_DEGRADE(bsp_degrade_gamma),
	},
	{
		.name = "bias-field",
		.summary = "intensities multiplied by a smooth random field",
		.source = "Sled, Zijdenbos, Evans, 1998: the field is smooth and multiplicative",
		.inputs = 1,
		.params = bsp_bias_field_params,
		.apply = BSP_DEGRADE(bsp_degrade_bias_field),
	},
	{
		.name = "shift",
		.summary = "translation by bicubic interpolation",
		.source = "misregistration; Keys, 1981",
		.inputs = 1,
		.params = bsp_shift_params,
		.apply = BSP_DEGRADE(bsp_degrade_shift),
	},
	{
		.name = "median",
		.summary = "median of a square window",
		.source = "Tukey, 1977; scipy.ndimage.median_filter",
		.inputs = 1,
		.params = bsp_median_params,
		.apply = BSP_DEGRADE(bsp_degrade_median),
	},
#ifndef BSP_WITHOUT_FFTW
	{
		.name = "lowpass",
		.summary = "only the centre of k-space: Gibbs ringing",
		.source = "truncated k-space; FFTW",
		.inputs = 1,
		.params = bsp_lowpass_params,
		.apply = BSP_DEGRADE(bsp_degrade_lowpass),
	},
#endif
	{
		.name = "inpaint",
		.summary = "the masked area filled smoothly: an ideal restorer",
		.source = "Bercea et al., 2023 (PHANES), without its network",
		.inputs = 1,
		.needs = BSP_MASK,
		.apply = BSP_DEGRADE(bsp_degrade_inpaint),
	},
	{.name = NULL, .absent = absent},
};

int
bsp_degrade_none(const struct bsp_degrade_job *job, const double *params,
    const struct bsp_image *in, struct bsp_image *out, struct bsp_error *e)
{
	(void)job;
	(void)params;
	return bsp_image_copy(out, in, e);
}

int
bsp_degrade(const struct bsp_kind *kind, const struct bsp_degrade_job *job,
    const double *params, const struct bsp_image *in, struct bsp_image *out,
    struct bsp_error *e)
{
	bool masked;

	if (!BSP_KIND_IS(kind, degrade))
		return bsp_kind_refuse(kind, "a kind of degradation", e);
	if (job == NULL)
		return bsp_kind_lacks(kind, "job", e);
	masked = (kind->needs & BSP_MASK) != 0;
	if (bsp_params_check(kind, params, e) ||
	    bsp_draw_number_check(job->number, e) ||
	    bsp_input_check(kind, "image", in, NULL, e) ||
	    (masked && bsp_input_check(kind, "mask", job->mask, in, e)))
		return -1;
	if (out == NULL)
		return bsp_kind_lacks(kind, "image to write", e);
	if (bsp_apart_check(kind, out, in, e) ||
	    (masked && bsp_apart_check(kind, out, job->mask, e)))
		return -1;
	return kind->apply->degrade(job, params, in, out, e);
}
