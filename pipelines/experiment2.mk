# Experiment 2 of Meissen et al. (MIDL 2022): anomalies of texture, which keep
# the intensities of the tissue, under the same blurred reconstructions.
#
#   make experiment2 IMAGES=healthy.pfm SIGMAS=0:5:100
#
# leaves in $(RESULTS) experiment2.tsv, a row a texture and sigma, and its
# curves.

TEXTURES = sink source shuffle

.PHONY: experiment2
experiment2: all
	@BIN='$B/bin' BRAIN='$(BRAIN)' BRAIN_SLICES='$(BRAIN_SLICES)' \
		pipelines/experiment2 '$(RESULTS)' '$(IMAGES)' '$(SIGMAS)' \
		'$(RADIUS)' '$(SEED)' $(TEXTURES)
