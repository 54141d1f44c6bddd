# The models, sweeps and figures of experiment 3, run by experiment3.mk.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:

# Figures hold Greek letters; numbers look the same.
export LC_ALL := C.UTF-8

include $(WORK)/grid

PICTURES := $(foreach f,curves blur error,$f.png $f.svg)

# Once the images are there, the longest training comes first, so that cores are
# idle least.
.PHONY: all images
images: $(TRAIN_FILES) $(if $(TRAINED),$(TRAINED)/validate.pfm) $(WORK)/test
all: $(addprefix $(FOLDER)/,$(addsuffix .safetensors, \
		$(filter vq-vae,$(NAMES)) $(filter ae-%,$(NAMES)))) \
	$(RESULTS)/experiment3.tsv $(RESULTS)/curves.tsv \
	$(PICTURES:%=$(RESULTS)/%)
	ln -sfn "$$(realpath '$(FOLDER)')" '$(RESULTS)/models'

# What runs long says so on a terminal.
say = if [ -t 2 ]; then echo 'experiment3: $1' >&2; fi

# Where one training has all threads, one runs at a time and shows its progress;
# otherwise their lines would meet, and what they say is shown if they fail.
ifeq ($(THREADS),1)
aside = 2> $1 || { status=$$?; cat $1 >&2; exit $$status; }
else
.NOTPARALLEL:
endif

# ------------------------------------------------------------------- training

# Drawn slices: phantoms-SEED-FIRST-COUNT.pfm.
part = $(word $1,$(subst -, ,$*))
$(TRAINED)/phantoms-%.pfm:
	$(BIN)/brain-phantom --size $(SIZE) --seed $(call part,1) \
		--first-index $(call part,2) --count $(call part,3) > $@.part
	mv $@.part $@

ifneq ($(TRAINED),)
$(TRAINED)/validate.pfm: $(VALIDATE_FILES)
	cat $^ > $@.part
	mv $@.part $@

$(TRAINED)/pca-%.safetensors: $(TRAIN_FILES)
	$(call say,principal components: $*)
	$(BIN)/recon-train pca --latent $* --threads $(THREADS) --output $@ $^

# train NAME KIND-AND-SIZE: what was interrupted goes on from its checkpoint.
define train
$(TRAINED)/$1.safetensors: $$(TRAIN_FILES) $$(TRAINED)/validate.pfm
	$$(call say,training $1)
	resume=(); \
	if [ -e $$(TRAINED)/$1.checkpoint ]; then \
		resume=(--resume $$(TRAINED)/$1.checkpoint); fi; \
	$$(BIN)/recon-train $2 --steps $$(STEPS) --batch $$(BATCH) \
		--lr $$(LR) --threads $$(THREADS) \
		--validate $$(TRAINED)/validate.pfm \
		--validate-every $$(VALIDATE_EVERY) \
		--log $$(TRAINED)/$1.log.tsv \
		--checkpoint $$(TRAINED)/$1.checkpoint \
		--checkpoint-every 250 "$$$${resume[@]}" --output $$@ \
		$$(TRAIN_FILES) $$(call aside,$$(TRAINED)/$1.said)
	$$(call say,trained $1)
endef
$(foreach n,32 64 128, \
	$(eval $(call train,ae-$n,ae --latent $n --width $(WIDTH))))
$(foreach n,1 2, $(eval $(call train,spatial-8x8x$n, \
	spatial-ae --channels $n --width $(WIDTH))))
$(eval $(call train,vq-vae,vq-vae --width $(CODES_WIDTH)))
endif

# --------------------------------------------------------------------- sweeps

$(WORK)/test:
	$(BIN)/brain-phantom --size $(SIZE) --count $(TEST_PHANTOMS) > $@.part
	mv $@.part $@

INJECT := disk:radius=$(RADIUS),intensity=$(INTENSITIES)
SWEEP := $(BIN)/anom-sweep --seed $(SEED) --threads $(THREADS) \
	--inject '$(INJECT)'
MODEL = $(BIN)/recon-model --threads $(THREADS) $(FOLDER)/$1.safetensors

# Experiment 1 on the test images: what the models are matched to.
$(WORK)/experiment1.tsv: $(WORK)/test
	$(SWEEP) --degrade 'blur:sigma=$(SIGMAS)' $< > $@.part
	mv $@.part $@

# 3.1: the model sees the healthy images.
$(WORK)/normal/%.tsv: $(FOLDER)/%.safetensors $(WORK)/test
	$(call say,3.1 on $*)
	$(SWEEP) --on normal --recon-cmd '$(call MODEL,$*)' $(WORK)/test \
		> $@.part
	mv $@.part $@

# 3.2: it sees every image at every intensity, some intensities at a time.
define piece
$(WORK)/anomalous/%-$1.piece: $(FOLDER)/%.safetensors $(WORK)/test
	$$(call say,3.2 on $$*: part $1 of $(words $(PIECES)))
	$$(SWEEP) --on anomalous --shard $1/$(words $(PIECES)) \
		--recon-cmd '$$(call MODEL,$$*)' $$(WORK)/test > $$@.part
	mv $$@.part $$@
endef
$(foreach k,$(PIECES),$(eval $(call piece,$k)))

$(WORK)/anomalous/%.tsv: $(PIECES:%=$(WORK)/anomalous/\%-%.piece)
	$(BIN)/anom-sweep --merge $^ > $@.part
	mv $@.part $@

# The mean of |reconstruction - image| of the healthy images.
$(WORK)/mask.pgm: $(WORK)/test
	$(BIN)/anom-inject disk --radius $(RADIUS) --seed $(SEED) \
		--mask $@.part $< > /dev/null
	mv $@.part $@
$(WORK)/error/%.tsv: $(FOLDER)/%.safetensors $(WORK)/test $(WORK)/mask.pgm
	$(call MODEL,$*) $(WORK)/test | \
	$(BIN)/residual abs $(WORK)/test - | \
	$(BIN)/score --metrics mean_residual --bootstrap 0 - \
		$(WORK)/mask.pgm > $@.part
	mv $@.part $@

# ---------------------------------------------------------- table and figures

TABLES := $(foreach t,normal anomalous error,$(NAMES:%=$(WORK)/$t/%.tsv))

# A poor match is told by the table: apart_normal and apart_anomalous.
$(WORK)/match-%.tsv: $(WORK)/experiment1.tsv $(TABLES)
	BIN=$(BIN) pipelines/match/table $< $(NAMES:%=$(WORK)/$*/%.tsv) > $@.part \
		2> $@.said || { status=$$?; cat $@.said >&2; exit $$status; }
	mv $@.part $@

# Of all models: on, model, intensity, AP and the rest of the sweep's row.
$(WORK)/curves.tsv: $(TABLES) $(WORK)/provenance
	{ cat $(WORK)/provenance; printf 'model\ton\t'; \
	grep -m 1 '^inject.intensity' $<; } > $@.part
	for on in normal anomalous; do for name in $(NAMES); do \
		awk -v OFS='\t' -v name="$$name" -v on="$$on" \
			'/^# incomplete/ { exit 1 } \
			/^#/ || /^inject/ { next } { print name, on, $$0 }' \
			"$(WORK)/$$on/$$name.tsv"; \
	done; done >> $@.part
	mv $@.part $@

$(WORK)/experiment3.tsv: $(WORK)/curves.tsv $(WORK)/match-normal.tsv \
		$(WORK)/match-anomalous.tsv pipelines/experiment3/table \
		pipelines/experiment3/published.tsv
	BIN=$(BIN) pipelines/experiment3/table $(WORK) $(BELOW) $(NAMES) > $@.part
	mv $@.part $@

define figure
$(WORK)/$1.$2: pipelines/experiment3/$1.gp pipelines/common/figure.gp \
		$(WORK)/experiment3.tsv
	gnuplot -e "work='$(WORK)'; picture='$$@.part'; kind='$2'; \
		names='$(NAMES)'" $$<
	test -s $$@.part
	mv $$@.part $$@
endef
$(foreach f,curves blur error,$(foreach k,png svg, \
	$(eval $(call figure,$f,$k))))

$(RESULTS)/%: $(WORK)/%
	cp $< $@.part
	mv $@.part $@
