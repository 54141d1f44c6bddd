# Experiment 1 of Meissen et al. (MIDL 2022): how well does |image - recon| find
# a disk of constant intensity, when the reconstruction is the healthy image,
# blurred?
#
#   make experiment1 IMAGES=healthy.pfm INTENSITIES=0:1:21 SIGMAS=0:5:11
#
# leaves in $(RESULTS) experiment1.tsv, a row a cell of the grid, and figures.
# What was done stays in a folder named by a fingerprint of the images and the
# parameters: an interrupted run goes on where it stopped, and no result is
# taken for that of other images or parameters.

IMAGES = colin27
INTENSITIES = 0:1:21
SIGMAS = 0:5:11
RADIUS = 20
SEED = 0
RESULTS = results/experiment1

BRAIN = /usr/share/mricron/templates/ch2bet.nii.gz
BRAIN_SLICES = 60:100

.PHONY: experiment1 clean-experiment1
experiment1: all
	@work=$$(BIN='$B/bin' BRAIN='$(BRAIN)' BRAIN_SLICES='$(BRAIN_SLICES)' \
		pipelines/experiment1-prepare '$(RESULTS)' '$(IMAGES)' \
		'$(INTENSITIES)' '$(SIGMAS)' '$(RADIUS)' '$(SEED)') && \
	$(MAKE) --no-print-directory -s -f pipelines/experiment1-grid.make \
		BIN='$B/bin' WORK="$$work" RESULTS='$(RESULTS)'

clean-experiment1:
	rm -rf '$(RESULTS)'

# The main job on a real brain: 40 axial slices of Colin 27.
demo: packages-run
	@$(MAKE) -s -j"$$(nproc)" all
	@$(MAKE) --no-print-directory -s -j"$$(nproc)" experiment1 \
		IMAGES=colin27 RESULTS=results/demo
	@pipelines/experiment1-findings results/demo
