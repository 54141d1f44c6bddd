# Experiment 1 of Meissen et al. (MIDL 2022): how well does |image - recon| find
# a disk of constant intensity, when the reconstruction is the healthy image,
# blurred?
#
#   make experiment1 IMAGES=healthy.pfm INTENSITIES=0:1:21 SIGMAS=0:5:11
#
# leaves in $(RESULTS) experiment1.tsv, a row a cell of the grid, and figures.
# IMAGES=phantoms are PHANTOMS drawn slices, colin27 those of a real brain.
# What was done stays in a folder named by a fingerprint of the images and the
# parameters: an interrupted run goes on where it stopped, and no result is
# taken for that of other images or parameters.
#
# ENGINE=pipeline runs each cell through the four filters; ENGINE=sweep gives
# the same table much faster, where both parameters are ranges.
#
#   make blind-spot
#
# adds, for each sigma, the interval of intensities with AP below BELOW, and the
# one that theory foretells.

IMAGES = phantoms
PHANTOMS = 320
INTENSITIES = 0:1:100
SIGMAS = 0:5:100
RADIUS = 20
SEED = 0
BELOW = 0.5
ENGINE = sweep
EQUALIZE = no
RESULTS = results/$@

BRAIN = /usr/share/mricron/templates/ch2bet.nii.gz
BRAIN_SLICES = 60:100
FIND_IMAGES = BIN='$B/bin' NO_SLICES='$(call lacks,nii-slices)' \
	BRAIN='$(BRAIN)' BRAIN_SLICES='$(BRAIN_SLICES)' \
	PHANTOMS='$(PHANTOMS)' IMAGES_KEPT='$B/images'

.PHONY: experiment1 experiment1-equalized blind-spot clean-experiment1

# The same on images whose foreground's histogram is equalised.
experiment1-equalized: EQUALIZE = yes
blind-spot: RESULTS = results/experiment1
blind-spot: GOAL = summary

experiment1 experiment1-equalized blind-spot: all
	@$(unless_dry) work=$$($(FIND_IMAGES) ENGINE='$(ENGINE)' \
		EQUALIZE='$(EQUALIZE)' TARGET='$@' \
		pipelines/experiment1/prepare '$(RESULTS)' '$(IMAGES)' \
		'$(INTENSITIES)' '$(SIGMAS)' '$(RADIUS)' '$(SEED)') && \
	$(MAKE) --no-print-directory -s -f pipelines/experiment1/grid.make \
		BIN='$B/bin' WORK="$$work" RESULTS='$(RESULTS)' \
		ENGINE='$(ENGINE)' BELOW='$(BELOW)' $(GOAL)

clean-experiment1:
	rm -rf '$(RESULTS:%/$@=%/experiment1)'

# The main job on a real brain: 40 axial slices of Colin 27.
demo: packages-run
	@$(MAKE) -s -j"$$(nproc)" all
	@$(MAKE) --no-print-directory -s -j"$$(nproc)" experiment1 \
		IMAGES=colin27 RESULTS=results/demo
	@BIN='$B/bin' pipelines/experiment1/findings results/demo
