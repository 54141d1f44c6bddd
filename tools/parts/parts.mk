# The parts that a build is made of: what it needs, and what it can do without.
# Where one is missing, the programs and kinds that need it are left out.
#
# $B/found.mk keeps what tools/parts/find found, and is made again when the
# compiler, its flags, or a folder in which it looks for headers and libraries
# changes: a package that comes or goes is noticed by the next make.  `make
# parts' looks at once.  WITHOUT='fftw nifti' builds as if they were missing.

# name, what it is called, Debian packages, flags, headers, functions,
# libraries, what is left out without it (all, where that is empty): programs,
# libraries, and kinds as PROGRAM_KIND
define part
PARTS += $1
$1_CALLED = $2
$1_PACKAGES = $3
$1_FLAGS = $4
$1_LIBS = $7
$1_LEAVES = $8
$1_PROBE = $1|$4|$5|$6|$7
endef
row = $(eval $(call part,$1,$2,$3,$4,$5,$6,$7,$8))

LEARN_NAMES = recon-train recon-model libblindspot-learn

$(call row,zlib,zlib,zlib1g-dev,,zlib.h,zlibVersion,-lz)
$(call row,openmp,OpenMP,libomp-dev,-fopenmp,omp.h,omp_get_max_threads)
$(call row,nifti,libnifti,libnifti-dev,-isystem /usr/include/nifti,$\
	nifti2_io.h,nifti_image_read,-lnifti2 -lz,nii-slices slices-nii)
$(call row,fftw,FFTW,libfftw3-dev,,fftw3.h,fftw_execute,-lfftw3,$\
	recon-degrade_lowpass)
$(call row,lapack,LAPACK,liblapacke-dev libopenblas-dev,,lapacke.h cblas.h,$\
	LAPACKE_dsyevr openblas_set_num_threads,-llapacke -lopenblas,$\
	ood-histogram $(LEARN_NAMES))
$(call row,jansson,jansson,libjansson-dev,,jansson.h,json_loadb,-ljansson,$\
	ood-histogram residual_zscore $(LEARN_NAMES))
$(call row,onednn,oneDNN,libdnnl-dev,,oneapi/dnnl/dnnl.h,dnnl_engine_create,$\
	-ldnnl,$(LEARN_NAMES))

OPTIONAL := $(strip $(foreach p,$(PARTS),$(if $($p_LEAVES),$p)))
REQUIRED := $(filter-out $(OPTIONAL),$(PARTS))

ifneq ($(filter-out $(OPTIONAL),$(WITHOUT)),)
$(error WITHOUT: no part is called '$(firstword $(filter-out $(OPTIONAL),\
	$(WITHOUT)))', expected some of: $(OPTIONAL))
endif

# ------------------------------------------------------------------- looking

LOOK_WITH = $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
# What the compiler takes from the environment as well.
LOOKED_WITH = $(LOOK_WITH) $(CPATH) $(C_INCLUDE_PATH) $(LIBRARY_PATH)

.PHONY: parts look
FOUND =
FOUND_IN =
FOUND_WITH =
NO_COMPILER =
ifneq ($(filter-out help clean dist uninstall packages-%,\
	$(or $(MAKECMDGOALS),all)),)
ifneq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
# A dry run writes nothing: where nothing was looked for, all is taken as there.
FOUND = $(PARTS)
-include $(wildcard $B/found.mk)
else
-include $B/found.mk
# Once: make starts again when the file is made, and must not for ever.  Others
# may be at it at the same time: what each writes has a name of its own.
ifeq ($(MAKE_RESTARTS),)
$B/found.mk: Makefile tools/parts/parts.mk tools/parts/find \
		$(wildcard $(FOUND_IN))
	@mkdir -p $(@D)
	@new=$@.$$$$; trap 'rm -f "$$new"' EXIT; \
	tools/parts/find $(foreach p,$(PARTS),'$($p_PROBE)') -- \
		$(LOOK_WITH) > "$$new" && \
	printf '%s\n' 'define FOUND_WITH' \
		'$(subst ','\'',$(subst $$,$$$$,$(LOOKED_WITH)))' endef \
		>> "$$new" && mv "$$new" $@
ifneq ($(or $(filter parts,$(MAKECMDGOALS)),$(NO_COMPILER), \
	$(filter-out $(FOUND),$(REQUIRED)),\
	$(filter-out $(wildcard $(FOUND_IN)),$(FOUND_IN))),)
$B/found.mk: look
endif
ifneq ($(strip $(FOUND_WITH)),$(strip $(LOOKED_WITH)))
$B/found.mk: look
endif
endif
endif
endif

# -------------------------------------------------------- what follows from it

PRESENT := $(filter-out $(WITHOUT),$(FOUND))
MISSING := $(filter-out $(PRESENT),$(OPTIONAL))
LEFT_OUT := $(sort $(foreach p,$(MISSING),$($p_LEAVES)))

# $(call if_part,NAME,TEXT): the text where the part is there
if_part = $(if $(filter $1,$(PRESENT)),$2)
libs = $(foreach p,$1,$(call if_part,$p,$($p_LIBS)))
described = $($1_CALLED) ($($1_PACKAGES))

# Before anything is compiled or linked: what must be there is.
required = $(if $(NO_COMPILER),$(error no C17 compiler; the Debian packages \
	gcc and libc6-dev have one: $(NO_COMPILER)))$(foreach p,$(filter-out \
	$(FOUND),$(REQUIRED)),$(error no $($p_CALLED); the Debian package \
	$($p_PACKAGES) has it))

# $(call lacks,PROGRAM): the parts without which it is left out; nothing where
# it is not.  $(call need,PROGRAM) ends a recipe there.
comma = ,
close = )
lacks = $(subst $(close) ,$(close)$(comma) ,$(strip $(foreach p,$(MISSING),\
	$(if $(filter $1,$($p_LEAVES)),$(call described,$p)))))
need = $(if $(call lacks,$1),$(error $@ needs $1: this build is without \
	$(call lacks,$1)))

# A file that is new when a part has come or gone, for what depends on that.
# With a part goes what needs it: an old program would be taken for a new one.
part_file = $B/parts/$(if $(filter $1,$(PRESENT)),with,without)-$1
$B/parts/with-%:
	@$(required)mkdir -p $(@D)
	@rm -f $(@D)/without-$*
	@touch $@
$B/parts/without-%:
	@$(required)mkdir -p $(@D)
	@rm -f $(@D)/with-$* $($*_LEAVES:%=$B/bin/%) \
		$(foreach l,$(filter lib%,$($*_LEAVES)),$B/lib/$l.* \
		$B/lib/$(l:lib%=%).pc)
	@touch $@

tell_left_out = $(foreach p,$(MISSING),echo 'left out: $(subst _, ,$($p_LEAVES)) \
	(needs $($p_CALLED); Debian: $($p_PACKAGES))' >&2;)

parts:
	@$(required)$(foreach p,$(PARTS),printf '%-8s %-8s %s\n' $p $(if \
		$(filter $p,$(PRESENT)),found,missing) '$(call described,$p)';)
