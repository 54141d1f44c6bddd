# All of the paper's simulated experiments, and one page about them.
#
#   make published   the published figures of experiment 1 beside ours
#   make paper       every experiment, then $(RESULTS)/paper.md

.PHONY: published paper
published: RESULTS = results
published: all
	@$(MAKE) --no-print-directory -s experiment1 \
		RESULTS='$(RESULTS)/experiment1'
	@$(MAKE) --no-print-directory -s experiment1-equalized \
		RESULTS='$(RESULTS)/experiment1-equalized'
	@BIN='$B/bin' pipelines/published/run '$(RESULTS)/experiment1/experiment1.tsv' \
		'$(RESULTS)/experiment1-equalized/experiment1.tsv' \
		> '$(RESULTS)/published.tsv.part'
	@mv '$(RESULTS)/published.tsv.part' '$(RESULTS)/published.tsv'
	@cat '$(RESULTS)/published.tsv'

paper: RESULTS = results/paper
paper: packages-run all
	@mkdir -p '$(RESULTS)'
	@$(MAKE) --no-print-directory -s blind-spot \
		RESULTS='$(RESULTS)/experiment1'
	@$(MAKE) --no-print-directory -s experiment1-equalized \
		RESULTS='$(RESULTS)/experiment1-equalized'
	@$(MAKE) --no-print-directory -s experiment2 \
		RESULTS='$(RESULTS)/experiment2'
	@$(MAKE) --no-print-directory -s match RESULTS='$(RESULTS)/match' \
		PLANE='$(RESULTS)/experiment1/experiment1.tsv' \
		CURVE='$(RESULTS)/experiment2/experiment2.tsv' > /dev/null
	@BIN='$B/bin' IMAGES='$(IMAGES)' INTENSITIES='$(INTENSITIES)' SIGMAS='$(SIGMAS)' \
		RADIUS='$(RADIUS)' SEED='$(SEED)' PHANTOMS='$(PHANTOMS)' \
		BELOW='$(BELOW)' pipelines/paper/run '$(RESULTS)' \
		> '$(RESULTS)/paper.md.part'
	@mv '$(RESULTS)/paper.md.part' '$(RESULTS)/paper.md'
	@echo '$(RESULTS)/paper.md'
