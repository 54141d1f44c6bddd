# Experiment 3 of Meissen et al. (MIDL 2022): learned reconstructions in the
# place of the blur, of the healthy image (3.1) and of the anomalous one (3.2).
#
#   make experiment3
#   make experiment3 SCALE=paper
#   make experiment3 MODELS=folder IMAGES=healthy.pfm
#
# trains principal components, autoencoders and a VQ-VAE on drawn brain slices,
# or takes every .safetensors file of the folder MODELS, sweeps the intensity of
# a disk on other slices, and leaves in $(RESULTS) experiment3.tsv, a row a
# model, curves.tsv, figures, and the models.  TRAIN_IMAGES, VALIDATE_IMAGES
# and IMAGES are streams of one's own; the three are to be different images.
#
# Models and sweeps stay in folders named by a fingerprint of what made them, a
# training in checkpoints: an interrupted run goes on where it stopped.

SCALE = small
MODELS =
TRAIN_IMAGES = phantoms
VALIDATE_IMAGES = phantoms

# The sizes of images, training and test; each can be given by its name.
small_SIZE = 64
small_TRAIN_PHANTOMS = 4000
small_VALIDATE_PHANTOMS = 64
small_TEST_PHANTOMS = 32
small_WIDTH = 8
small_CODES_WIDTH = 32
small_BATCH = 16
small_STEPS = 3000
small_LR = 0.003
# Once, at the end: so short a training is best when it ends, while its AP is
# greatest before it has learnt much.  The paper takes the best by AP.
small_VALIDATE_EVERY = $(STEPS)
small_THREADS = 1
small_PIECES = 4

paper_SIZE = 256
paper_TRAIN_PHANTOMS = 5000
paper_VALIDATE_PHANTOMS = 100
paper_TEST_PHANTOMS = 320
paper_WIDTH = 32
paper_CODES_WIDTH = 128
paper_BATCH = 128
paper_STEPS = 10000
paper_LR = 0.001
paper_VALIDATE_EVERY = 100
paper_THREADS = $(shell nproc)
paper_PIECES = 20

# What only training needs, and what only drawing slices.
TRAINING = TRAIN_PHANTOMS VALIDATE_PHANTOMS WIDTH CODES_WIDTH BATCH STEPS LR \
	VALIDATE_EVERY
DRAWING = SIZE TEST_PHANTOMS
SCALES = $(TRAINING) $(DRAWING) THREADS PIECES
$(foreach v,$(SCALES),$(eval $v = $$($$(SCALE)_$v)))

# Given or not: what is not follows from the scale and the images.
given = $(if $(filter file,$(origin $1)),,$($1))
all_given = $(strip \
	$(foreach v,$1,$(if $(filter file,$(origin $v)),,$v=$($v))))

.PHONY: experiment3
experiment3: RESULTS = results/experiment3
experiment3: all
	@$(call need,recon-train)$(unless_dry) work=$$($(FIND_IMAGES) RADIUS='$(call given,RADIUS)' \
		$(foreach v,SCALE MODELS TRAIN_IMAGES VALIDATE_IMAGES IMAGES \
			INTENSITIES SIGMAS SEED BELOW $(SCALES),$v='$($v)') \
		TRAINING='$(call all_given,TRAIN_IMAGES VALIDATE_IMAGES \
			$(TRAINING))' DRAWING='$(call all_given,$(DRAWING))' \
		pipelines/experiment3/prepare '$(RESULTS)') && \
	for goal in images all; do \
		$(MAKE) --no-print-directory -s \
			$(if $(findstring jobserver,$(MAKEFLAGS)),,-j"$$(nproc)") \
			-f pipelines/experiment3/models.make BIN='$B/bin' \
			WORK="$$work" RESULTS='$(RESULTS)' $$goal || exit; \
	done
	@pipelines/experiment3/findings '$(RESULTS)'
