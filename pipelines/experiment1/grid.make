# The grid of experiment 1, run by experiment1.mk: one target a cell.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:

# Figures hold Greek letters; numbers look the same.
export LC_ALL := C.UTF-8

include $(WORK)/grid

CELLS := $(foreach i,$(INTENSITIES),$(foreach s,$(SIGMAS),$(i)_$(s)))
CELL_FILES := $(CELLS:%=$(WORK)/cells/%.tsv)
FIGURES := heatmap landscape curves
PICTURES := $(foreach f,$(FIGURES),$(RESULTS)/$(f).png $(RESULTS)/$(f).svg) \
	$(RESULTS)/examples.png

.PHONY: all summary
all: $(RESULTS)/experiment1.tsv $(PICTURES)
summary: all $(RESULTS)/blind-spot.tsv

# The simulated reconstruction of the healthy images, once for each sigma.
$(WORK)/recon-%.pfm: $(WORK)/healthy
	$(BIN)/recon-degrade blur --sigma $* $< > $@.part
	mv $@.part $@

# Where the anomalies lie: the same in every cell.
$(WORK)/mask.pgm: $(WORK)/healthy
	$(BIN)/anom-inject disk --radius $(RADIUS) --seed $(SEED) \
		--mask $@.part $< > /dev/null
	mv $@.part $@

# One cell: insert the disk, subtract the reconstruction, score.
define cell
$(WORK)/cells/$(1)_$(2).tsv: $(WORK)/recon-$(2).pfm $(WORK)/mask.pgm
	$(BIN)/anom-inject disk --radius $(RADIUS) --seed $(SEED) \
		--intensity $(1) $(WORK)/healthy | \
	$(BIN)/residual abs - $(WORK)/recon-$(2).pfm | \
	$(BIN)/score --metrics ap,mean_residual --bootstrap 0 - \
		$(WORK)/mask.pgm > $$@.part
	mv $$@.part $$@
	pipelines/common/progress $(WORK) $(words $(CELLS))
endef
$(foreach i,$(INTENSITIES),$(foreach s,$(SIGMAS), \
	$(eval $(call cell,$(i),$(s)))))

# The table: a row a cell, in the order of the grid.  Both ways give the same.
ifeq ($(ENGINE),sweep)
$(WORK)/swept.tsv: $(WORK)/healthy
	$(BIN)/anom-sweep --inject '$(INJECT)' --degrade '$(DEGRADE)' \
		--seed $(SEED) $< > $@.part
	mv $@.part $@
$(WORK)/experiment1.tsv: $(WORK)/swept.tsv $(WORK)/provenance
	{ cat $(WORK)/provenance; grep -v '^#' $<; } > $@.part
	mv $@.part $@
else
$(WORK)/experiment1.tsv: $(CELL_FILES) $(WORK)/provenance
	pipelines/experiment1/table $(WORK) $(CELLS) > $@.part
	mv $@.part $@
endif

$(RESULTS)/experiment1.tsv: $(WORK)/experiment1.tsv
	cp $< $@.part
	mv $@.part $@

# What theory foretells for one sigma, from two histograms.
PREDICTED := $(WORK)/predicted-$(BELOW)
$(PREDICTED)-%.tsv: $(WORK)/healthy
	$(BIN)/recon-degrade blur --sigma $* $< | $(BIN)/anom-predict \
		--radius $(RADIUS) --seed $(SEED) --intensity $(RANGE) \
		--below $(BELOW) $< - > $@.part
	mv $@.part $@

$(WORK)/predicted.tsv: $(SHOWN:%=$(PREDICTED)-%.tsv)
	for sigma in $(SHOWN); do \
		awk -v OFS='\t' -v sigma="$$sigma" \
			'!/^#/ && $$1 != "intensity" { print $$1, sigma, $$2 }' \
			"$(PREDICTED)-$$sigma.tsv" || exit; \
	done > $@.part
	mv $@.part $@

$(RESULTS)/blind-spot.tsv: $(WORK)/experiment1.tsv pipelines/blind-spot/table \
		$(SIGMAS:%=$(PREDICTED)-%.tsv)
	BIN=$(BIN) pipelines/blind-spot/table $(BELOW) $< $(PREDICTED) > $@.part
	mv $@.part $@

# How often each intensity is in the healthy foreground, in 50 bins.
$(WORK)/histogram.tsv: $(WORK)/healthy
	$(BIN)/anom-predict --bins 50 --histogram $@.part $< $< > /dev/null
	mv $@.part $@

# Where AP is .5.
$(WORK)/contour.tsv: $(WORK)/experiment1.tsv
	$(BIN)/blind-interval --contour --below 0.5 $< > $@.part
	mv $@.part $@

define figure
$(WORK)/$(1).$(2): pipelines/experiment1/$(1).gp pipelines/common/figure.gp \
		$(WORK)/experiment1.tsv $(WORK)/predicted.tsv \
		$(WORK)/histogram.tsv $(WORK)/contour.tsv
	gnuplot -e "work='$(WORK)'; picture='$$@.part'; kind='$(2)'; \
		sigmas='$(SHOWN)'" $$<
	test -s $$@.part
	mv $$@.part $$@
endef
$(foreach f,$(FIGURES),$(foreach k,png svg,$(eval $(call figure,$(f),$(k)))))

$(WORK)/examples.png: $(WORK)/experiment1.tsv $(WORK)/mask.pgm \
		pipelines/experiment1/examples
	BIN=$(BIN) pipelines/experiment1/examples $(WORK) $(RADIUS) $(SEED) \
		> $@.part
	mv $@.part $@

$(RESULTS)/%.png: $(WORK)/%.png
	cp $< $@.part
	mv $@.part $@

$(RESULTS)/%.svg: $(WORK)/%.svg
	cp $< $@.part
	mv $@.part $@
