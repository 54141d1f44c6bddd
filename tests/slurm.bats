#!/usr/bin/env bats
# Long runs in parts: by make, by a Slurm cluster that is started here, and by what
# takes its place.  The bytes are those of the whole.

# shellcheck disable=SC2016,SC2154 # what is not to be run; set by run
load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export SLURM_CONF=$BATS_FILE_TMPDIR/cluster/slurm.conf
	export BLINDSPOT_BIN=$BIN BLINDSPOT_GRACE=2
	PATH=$ROOT/pipelines:$PATH
	cd "$BATS_FILE_TMPDIR" || return
	$PYTHON -c '
import numpy
r = numpy.random.default_rng(1)
with open("in.pgm", "wb") as f:
    for _ in range(2):
        x = r.integers(1, 256, (24, 30), dtype="u1")
        x[:, :6] = 0
        f.write(b"P5\n30 24\n255\n" + x.tobytes())'
	unset MAKEFLAGS MFLAGS MAKELEVEL
	small RESULTS=whole PARTS=1
	command -v slurmd >/dev/null || [ -x /usr/sbin/slurmd ] || return 0
	"$ROOT/tests/slurm-up" up cluster 3>&- 4>&-
}

teardown_file() {
	[ ! -e "$SLURM_CONF" ] ||
		"$ROOT/tests/slurm-up" down "$BATS_FILE_TMPDIR/cluster"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BATS_FILE_TMPDIR/in.pgm" .
	PATH=$ROOT/pipelines:$PATH
	unset MAKEFLAGS MFLAGS MAKELEVEL
	WHOLE=$BATS_FILE_TMPDIR/whole
}

# small [NAME=VALUE]...: experiment 1 on two images
small() {
	blindspot experiment1 IMAGES=in.pgm INTENSITIES=0:1:5 SIGMAS=0:2:3 \
		RADIUS=4 FIGURES=no "$@"
}

cluster() {
	[ -e "$SLURM_CONF" ] || skip 'slurm-wlm is not installed'
	small ENGINE=slurm "$@"
}

# same FOLDER: its results, but for the parts, are those of the whole
same() { diff -r -x parts "$WHOLE" "$1"; }

# log_of FOLDER: the parts in its log
log_of() { awk '{ print $3 }' "$1/parts/log"; }

@test "parts by make: the bytes of the whole, and only what is missing is made" {
	for n in 3 7 9999; do
		small RESULTS=out$n PARTS=$n
		same out$n
	done
	[ "$(log_of out3 | grep -c '^swept\.[123]-of-3-')" = 3 ]
	# Cells are 15: no more shards than that.
	[ "$(log_of out9999 | grep -c -e '-of-15-')" = 15 ]
	rm out7/parts/{swept-*,swept.4-of-7-*,experiment1.tsv-*} out7/*.tsv
	: >out7/parts/log
	small RESULTS=out7 PARTS=7
	same out7
	[ "$(log_of out7 | grep -c -e '-of-')" = 1 ]
	# What is whole is not made again for another number.
	: >out7/parts/log
	small RESULTS=out7 PARTS=3
	[ ! -s out7/parts/log ]
}

@test "cut by the time that it takes: the cut is kept" {
	brain-phantom --size 128 --count 60 >many.pfm
	ask() {
		blindspot experiment1 IMAGES=many.pfm INTENSITIES=0:1:40 \
			SIGMAS=0:5:40 RADIUS=8 FIGURES=no "$@"
	}
	ask RESULTS=one PARTS=1
	ask RESULTS=out
	diff -r -x parts one out
	[ "$(log_of out | grep -c '^swept\.first-')" = 1 ]
	[ "$(cat out/parts/cuts/swept-*)" -ge 1 ]
	[ -z "$(find out/parts -maxdepth 1 -name 'swept.first-*')" ]
}

@test "killed and begun again: only missing parts, the same bytes" {
	setsid "$ROOT/pipelines/blindspot" experiment1 IMAGES=in.pgm \
		INTENSITIES=0:1:5 SIGMAS=0:2:3 RADIUS=4 FIGURES=no PARTS=7 \
		JOBS=1 RESULTS=out 3>&- &
	group=$!
	for _ in $(seq 500); do
		! compgen -G 'out/parts/swept.2-of-7-????????????' >/dev/null ||
			break
		sleep 0.02
	done
	kill -KILL "$group"
	wait "$group" || true
	small RESULTS=out PARTS=7
	same out
	[ -z "$(log_of out | sort | uniq -d)" ]
}

@test "a part that fails is told while its siblings work" {
	head -c 800 in.pgm >cut.pgm
	run -3 --separate-stderr small IMAGES=cut.pgm PARTS=3 RESULTS=out
	[[ $stderr = *'cut.pgm: image 1'* ]]
	[ "${#stderr_lines[@]}" = 1 ]
}

@test "a cluster: the bytes of the whole; what is there is not sent again" {
	cluster RESULTS=out PARTS=3 SLURM_PARTS=2 \
		SLURM_SETUP='export IN_SETUP=1; env >seen-env'
	same out
	grep -q '^IN_SETUP=1' out/parts/seen-env
	[ "$(log_of out | grep -c -e '-of-3-')" = 3 ]
	[ "$(find out/parts/logs -name 'swept.*' | wc -l)" = 3 ]
	blindspot status out >said
	grep -q 'ENGINE=slurm, begun .*, done$' said
	rm out/parts/{swept-*,swept.2-of-3-*,experiment1.tsv-*}
	: >out/parts/log
	cluster RESULTS=out PARTS=3
	same out
	[ "$(log_of out | grep -c -e '-of-')" = 1 ]
}

@test "a cluster: what the site or a part says is one line" {
	head -c 800 in.pgm >cut.pgm
	run -3 --separate-stderr cluster IMAGES=cut.pgm PARTS=2 RESULTS=out
	[[ ${stderr_lines[0]} =~ 'swept.'[12]'-of-2: '.*'cut.pgm: image 1: byte 800'.*'.log)' ]]
	[[ ${stderr_lines[1]} = 'experiment1: 1 more parts failed alike' ]]
	[ "${#stderr_lines[@]}" = 2 ]
	run -4 --separate-stderr cluster PARTS=2 RESULTS=out \
		SLURM_OPTIONS=--partition=nosuch
	[[ $stderr = *'sbatch: invalid partition specified: nosuch'* ]]
	[ "${#stderr_lines[@]}" = 1 ]
	run -4 --separate-stderr cluster PARTS=2 RESULTS=out \
		SLURM_OPTIONS='--nosuch; touch x'
	[ "${#stderr_lines[@]}" = 1 ]
	[ ! -e x ]
}

@test "a cluster: the waiting shell is killed; the next finds the tasks" {
	[ -e "$SLURM_CONF" ] || skip 'slurm-wlm is not installed'
	setsid "$ROOT/pipelines/blindspot" experiment1 IMAGES=in.pgm \
		INTENSITIES=0:1:5 SIGMAS=0:2:3 RADIUS=4 FIGURES=no PARTS=4 \
		ENGINE=slurm SLURM_SETUP='sleep 3' RESULTS=out 3>&- &
	group=$!
	for _ in $(seq 500); do
		! compgen -G 'out/parts/tasks/*/seen' >/dev/null || break
		sleep 0.05
	done
	kill -KILL "$group"
	wait "$group" || true
	blindspot status out | grep -q 'nobody waits, the cluster may be'
	cluster PARTS=4 RESULTS=out
	same out
	[ -z "$(log_of out | sort | uniq -d)" ]
	# None was sent twice.
	[ "$(cat out/parts/logs/swept.* | grep -c 'attempt 0$')" = 4 ]
}

@test "another scheduler: a program of one line" {
	cat >ours <<'SH'
#!/bin/sh
seq $BLINDSPOT_TASKS | xargs -P 2 -I{} env SLURM_ARRAY_TASK_ID={} "$BLINDSPOT_JOB"
SH
	printf '#!/bin/sh\necho no quota >&2; exit 3\n' >refuses
	chmod +x ours refuses
	small RESULTS=one PARTS=3 ENGINE=slurm SLURM_SBATCH=./ours
	same one
	run -4 --separate-stderr small RESULTS=two PARTS=3 ENGINE=slurm \
		SLURM_SBATCH=./refuses
	[[ ${stderr_lines[0]} = *'never reached'*'nodes share'*'no quota'* ]]
	fails 2 'ENGINE=slurm needs nosuch, which is not there' \
		small RESULTS=two ENGINE=slurm SLURM_SBATCH=nosuch
}

@test "what the engine is told is checked; status of what is none" {
	fails 2 'ENGINE=steam, expected local or slurm' small ENGINE=steam
	fails 2 'PARTS=x, expected a whole number' small PARTS=x
	fails 2 'RETRIES=-1, expected' small RETRIES=-1
	fails 2 'no variable .IMAGES PHANTOMS' small 'IMAGES PHANTOMS=5'
	fails 2 'nosuch is no folder of results' blindspot status nosuch
	fails 2 'no results beneath' blindspot status
	small ENGINE=sweep RESULTS=swept 2>said
	same swept
	grep -q 'warning: ENGINE=sweep is now METHOD=sweep' said
}
