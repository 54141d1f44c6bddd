# Which score escapes the blind spot?  Experiment 1's plane, disks of every
# intensity under every blur, for each kind of residual on the same images.
#
#   make scores IMAGES=healthy.pfm INTENSITIES=0:1:21 SIGMAS=0:5:11
#
# leaves in $(RESULTS) scores.tsv, a row a score with the area, depth and centre
# of its blind spot, planes.tsv, a row a score and cell, and scores.png and
# .svg, a heatmap a score.  By default there are fewer images and points than in
# the paper: some scores take tens of milliseconds an image.  Sweeps that are
# done are kept, so that an interrupted run goes on where it stopped.
#
# SCORES= names scores as anom-sweep --residual takes them, for example
# SCORES='abs abs:median=5 ssim:foreground'; by default they are all that residual has.
# NORMAL= is the stream of healthy images that zscore is fitted on, others than
# IMAGES; phantoms have NORMAL_COUNT more draws, colin27 the slices in between.
# SPREAD is how far the sigmas of several reconstructions of an image differ.

SCORES =
NORMAL =
NORMAL_COUNT = 64
SPREAD = 0.5

.PHONY: scores
scores: INTENSITIES = 0:1:21
scores: SIGMAS = 0:5:11
scores: PHANTOMS = 12
scores: BRAIN_SLICES = 60:100:4
scores: all
	@$(FIND_IMAGES) NORMAL='$(NORMAL)' NORMAL_COUNT='$(NORMAL_COUNT)' \
		SPREAD='$(SPREAD)' BELOW='$(BELOW)' \
		pipelines/scores/run '$(RESULTS)' '$(IMAGES)' '$(INTENSITIES)' \
		'$(SIGMAS)' '$(RADIUS)' '$(SEED)' $(SCORES)
