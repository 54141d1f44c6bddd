#!/usr/bin/env bats
# Experiments on a Slurm cluster, at length: engines, kills, and nodes that fail.

# shellcheck disable=SC2016,SC2154 # what is not to be run; set by run
load ../helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export SLURM_CONF=$BATS_FILE_TMPDIR/cluster/slurm.conf
	export BLINDSPOT_BIN=$BIN BLINDSPOT_GRACE=3
	cd "$BATS_FILE_TMPDIR" || return
	MAX_ARRAY=6 "$ROOT/tests/slurm-up" up cluster 3>&- 4>&-
	$PYTHON -c '
import numpy
r = numpy.random.default_rng(1)
for name, n in ("in.pgm", 3), ("normal.pgm", 4):
    with open(name, "wb") as f:
        for _ in range(n):
            x = r.integers(1, 256, (32, 32), dtype="u1")
            x[:, :6] = 0
            f.write(b"P5\n32 32\n255\n" + x.tobytes())'
	mkdir models
	recon-train pca --threads 1 --latent 1 --output models/a.safetensors \
		normal.pgm
}

teardown_file() { "$ROOT/tests/slurm-up" down "$BATS_FILE_TMPDIR/cluster"; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp -r "$BATS_FILE_TMPDIR"/{*.pgm,models} .
	PATH=$ROOT/pipelines:$PATH
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

GRID='IMAGES=in.pgm INTENSITIES=0:1:5 SIGMAS=0:2:3 RADIUS=4 FIGURES=no'

# shellcheck disable=SC2086 # words
ask() { blindspot experiment1 $GRID "$@"; }

same() { diff -r -x parts "$1" "$2"; }
log_of() { awk '{ print $3 }' "$1/parts/log"; }

# reached WHAT: until a file of that name is there
reached() {
	for _ in $(seq 1000); do
		! compgen -G "$1" >/dev/null || return 0
		sleep 0.05
	done
	return 1
}

@test "one process, make and Slurm: the same bytes, at 1, 3 and 7 parts" {
	for experiment in experiment1 'experiment3 MODELS=models' \
		'scores SCORES=abs,square NORMAL=normal.pgm OTHER_IMAGES='; do
		experiment=${experiment//,/ }
		read -r name words <<<"$experiment"
		args=()
		case $name in
		scores) args=("SCORES=abs square" NORMAL=normal.pgm
			OTHER_IMAGES=) ;;
		*) [ -z "$words" ] || args=("$words") ;;
		esac
		rm -rf whole out
		# shellcheck disable=SC2086 # words
		blindspot "$name" "${args[@]}" $GRID PARTS=1 RESULTS=whole \
			>/dev/null
		for parts in 1 3 7; do
			for engine in local slurm; do
				# shellcheck disable=SC2086 # words
				blindspot "$name" "${args[@]}" $GRID \
					PARTS=$parts ENGINE=$engine \
					RESULTS=out >/dev/null
				same whole out
				rm -rf out
			done
		done
	done
}

@test "the diagnosis: the same bytes, at 1, 3 and 7 parts" {
	diagnosis() {
		blindspot diagnose MODEL='recon-degrade blur --sigma 1.5' \
			IMAGES=in.pgm SCORES='abs abs:median=3' RADIUS=4 \
			RADII='3 4' TEXTURES= INTENSITIES=0:1:7 SIGMAS=0:3:7 \
			REPLICATES=20 NAME=M "$@" >/dev/null
	}
	diagnosis PARTS=1 RESULTS=whole
	for parts in 1 3 7; do
		for engine in local slurm; do
			diagnosis PARTS=$parts ENGINE=$engine RESULTS=out
			same whole out
			rm -rf out
		done
	done
}

@test "two into one folder: the second waits, nothing is made twice" {
	ask RESULTS=whole
	ask RESULTS=out PARTS=4 ENGINE=slurm SLURM_SETUP='sleep 2' \
		2>first 3>&- &
	reached 'out/parts/tasks/*/running/*'
	ask RESULTS=out PARTS=4 ENGINE=slurm 2>second
	wait $!
	[ ! -s first ]
	[ "$(cat second)" = \
		'experiment1: another run writes ./out; waiting for it' ]
	same whole out
	[ -z "$(log_of out | sort | uniq -d)" ]
	[ "$(log_of out | grep -c -e '-of-4-')" = 4 ]
}

# With room for the folders of a run, and not for what fills it.
small_disk() {
	mkdir disk
	[ "$(id -u)" = 0 ] || skip 'only root may mount'
	mount -t tmpfs -o size=2m none disk
}

@test "a disk that is full: told, nothing whole that is not, and made later" {
	small_disk
	status=0
	ask RESULTS=whole
	ask RESULTS=disk/out PARTS=4 ENGINE=slurm SLURM_SETUP="cat /dev/zero \
		>'$PWD/disk/full'; true" 2>said || status=$?
	cat said
	[ "$status" = 4 ]
	[ "$(grep -c . said)" -le 2 ]
	grep -qiE 'no space|full' said
	[ ! -e disk/out/experiment1.tsv ]
	rm disk/full
	ask RESULTS=disk/out PARTS=4 ENGINE=slurm
	same whole disk/out
	umount disk
}

@test "more parts than an array may have tasks" {
	ask RESULTS=whole
	ask RESULTS=out PARTS=15 ENGINE=slurm
	same whole out
	[ "$(log_of out | grep -c -e '-of-15-')" = 15 ]
}

@test "the waiting shell is killed at five times" {
	ask RESULTS=whole
	for wait in 0.3 1 2 3.5 5; do
		rm -rf out
		# shellcheck disable=SC2086 # words
		setsid "$ROOT/pipelines/blindspot" experiment1 $GRID PARTS=5 \
			ENGINE=slurm SLURM_SETUP='sleep 1' RESULTS=out 3>&- &
		group=$!
		sleep "$wait"
		kill -KILL "$group" || true
		wait "$group" || true
		ask RESULTS=out PARTS=5 ENGINE=slurm
		same whole out
		[ -z "$(log_of out | sort | uniq -d)" ]
	done
}

@test "a job that is cancelled is told; the rest is kept" {
	ask RESULTS=whole
	ask RESULTS=out PARTS=4 ENGINE=slurm SLURM_SETUP='sleep 4' \
		2>said 3>&- &
	reached 'out/parts/tasks/*/running/*'
	job=$(squeue -h -r -t running,pending -o %F_%K | tail -n 1)
	scancel "$job"
	status=0
	wait $! || status=$?
	[ "$status" = 4 ]
	grep -q 'its job was cancelled' said
	[ "$(log_of out | grep -c -e '-of-4-')" = 3 ]
	ask RESULTS=out PARTS=4 ENGINE=slurm
	same whole out
	[ -z "$(log_of out | sort | uniq -d)" ]
}

@test "a node that fails: its parts run again" {
	ask RESULTS=whole
	ask RESULTS=out PARTS=3 ENGINE=slurm SLURM_SETUP='sleep 5' 3>&- &
	run=$!
	reached 'out/parts/tasks/*/running/*'
	"$ROOT/tests/slurm-up" node "$BATS_FILE_TMPDIR/cluster" 3>&-
	wait "$run"
	same whole out
}

@test "SIGTERM cancels, SIGHUP leaves the cluster at work" {
	for signal in TERM HUP; do
		# shellcheck disable=SC2086 # words
		setsid "$ROOT/pipelines/blindspot" experiment1 $GRID PARTS=3 \
			ENGINE=slurm SLURM_SETUP='sleep 30' RESULTS=$signal \
			2>said 3>&- &
		group=$!
		reached "$signal/parts/tasks/*/running/*"
		kill "-$signal" "$group"
		wait "$group" || true
		case $signal in
		TERM) grep -q 'cancelled; what was made is kept' said
			sleep 4
			[ -z "$(squeue -h -t running,pending)" ] ;;
		HUP) grep -q 'the cluster works on' said
			[ -n "$(squeue -h -t running,pending)" ]
			scancel -u "$(id -un)" ;;
		esac
	done
}

@test "time that runs out is told with the option that gives more" {
	run -4 --separate-stderr ask RESULTS=out PARTS=2 ENGINE=slurm \
		SLURM_OPTIONS=--time=1 SLURM_SETUP='sleep 300'
	[[ $stderr = *'ran out of time; --time in SLURM_OPTIONS'* ]]
}
