# Every anomaly and every degradation on one slice of a brain.
#
#   make gallery
#
# leaves in $(RESULTS) anomalies.png, each anomaly and beneath it the same with
# its label outlined, and degradations.png, each reconstruction and beneath it
# how far it is from the image.  Parameters have their defaults.  The slice is
# SLICE of BRAIN, the donors' DONOR.

SLICE = 80
DONOR = 70

.PHONY: gallery
gallery: SEED = 11
gallery: packages-run all
	@$(FIND_IMAGES) pipelines/gallery/sheets '$(RESULTS)' '$(SLICE)' '$(DONOR)' \
		'$(SEED)'
