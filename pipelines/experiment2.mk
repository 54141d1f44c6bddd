# Experiment 2 of Meissen et al. (MIDL 2022): anomalies of texture, which keep
# the intensities of the tissue, under the same blurred reconstructions.
#
#   make experiment2 IMAGES=healthy.pfm SIGMAS=0:5:100
#
# leaves in $(RESULTS) experiment2.tsv, a row a texture and sigma, and its
# curves.
#
#   make match
#
# finds the intensity of a disk in experiment 1 that is as hard to find as each
# texture.  With CURVE=FILE, the table of a model's AP over intensity, as
# anom-sweep --recon-cmd writes it, it finds the model's equivalent blur.

TEXTURES = sink source shuffle
PLANE = results/experiment1/experiment1.tsv
CURVE = results/experiment2/experiment2.tsv

.PHONY: experiment2 match
experiment2: all
	@$(FIND_IMAGES) pipelines/experiment2/run '$(RESULTS)' '$(IMAGES)' \
		'$(SIGMAS)' '$(RADIUS)' '$(SEED)' $(TEXTURES)

# What is to be matched is made where it is the default.
match: $(if $(filter file,$(origin PLANE)),match-plane) \
		$(if $(filter file,$(origin CURVE)),match-curve)
	@mkdir -p '$(RESULTS)'
	@BIN='$B/bin' pipelines/match/table '$(PLANE)' '$(CURVE)' \
		> '$(RESULTS)/match.tsv.part' \
		|| { rm -f '$(RESULTS)/match.tsv.part'; exit 2; }
	@mv '$(RESULTS)/match.tsv.part' '$(RESULTS)/match.tsv'
	@pipelines/match/figure '$(RESULTS)' '$(PLANE)' '$(CURVE)'
	@cat '$(RESULTS)/match.tsv'

.PHONY: match-plane match-curve
match-plane:
	@$(MAKE) --no-print-directory -s experiment1 \
		RESULTS='$(patsubst %/,%,$(dir $(PLANE)))'
match-curve:
	@$(MAKE) --no-print-directory -s experiment2 \
		RESULTS='$(patsubst %/,%,$(dir $(CURVE)))'
