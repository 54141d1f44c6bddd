# What both suites of the diagnosis load: a small study.
# shellcheck shell=bash disable=SC2034

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export BLINDSPOT_BIN=$BIN
	# Python as the tests have it.
	PATH=$ROOT/pipelines:/usr/bin:$PATH
	unset MAKEFLAGS MFLAGS MAKELEVEL
	cp "$BATS_FILE_TMPDIR"/*.pfm .
}

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	"$BIN/brain-phantom" --size 24 --count 4 >in.pfm
	"$BIN/brain-phantom" --size 32 --count 1 --seed 3 | cat in.pfm - >mixed.pfm
	"$BIN/brain-phantom" --size 24 --count 4 --seed 9 >other.pfm
}

SMALL=(SCORES=abs RADIUS=3 RADII=3 TEXTURES= INTENSITIES=0:1:3 SIGMAS=0:2:2
	REPLICATES=20 NAME=M)

# diagnose [NAME=VALUE]...: as small as it goes
diagnose() { blindspot diagnose IMAGES=in.pfm "${SMALL[@]}" "$@"; }
