#!/usr/bin/env bats
# The same bytes from every compiler, optimisation level and CPU, and under the
# sanitizers; nothing found by valgrind; installation.

load helpers

BUILD=$BATS_TEST_DIRNAME/../build
BRAIN=/usr/share/mricron/templates/ch2bet.nii.gz

# One cell of the demo: everything that it writes, in one stream.
cell() {
	PATH=$1:$PATH
	nii-slices --slices 70:74 "$BRAIN" >healthy
	anom-inject disk --intensity 0.6 --seed 3 --mask mask --record rec \
		healthy >anom
	recon-degrade blur --sigma 1.7171717 healthy >recon
	residual abs anom recon >map
	score --metrics ap,auroc,dice,dice_threshold,fpr95,mean_residual \
		map mask >table
	score --pooled map mask >pooled
	cat healthy anom recon map mask rec table pooled
}

# Every anomaly, on images whose background is partly -0.
anomalies() {
	PATH=$1:$PATH
	brain-phantom --count 2 --size 48 --seed 1 >donors
	brain-phantom --count 2 --size 48 | $PYTHON -c '
import sys
data = bytearray(sys.stdin.buffer.read())
for start in (data.index(b"-1"), data.index(b"-1", len(data) // 2)):
    start = data.index(b"\n", start) + 1
    for i in range(start, start + 4 * 48 * 48, 8):
        if data[i:i + 4] == bytes(4):
            data[i + 3] = 0x80
sys.stdout.buffer.write(data)' >negative
	[ "$(od -An -tx4 -w4 -v negative | grep -c 80000000)" -gt 500 ]
	pgm 3 3 9 0 9 9 9 0 0 9 0 >shapes
	for kind in $(kinds anom-inject); do
		local beside=()
		case $kind in
		fpi | pii | nsa) beside=(--donors donors) ;;
		lesion) beside=(--shapes shapes) ;;
		esac
		anom-inject "$kind" ${beside[@]+"${beside[@]}"} --count 3 \
			--mask mask --record rec negative
		cat mask
		grep -v '^#' rec
	done
	fg-equalize negative
}

# Every degradation and every residual.
maps() {
	PATH=$1:$PATH
	brain-phantom --count 2 --size 48 >small
	anom-inject disk --radius 4 --intensity 0.9 --mask hole small >odd
	for kind in $(kinds recon-degrade); do
		local beside=()
		[ "$kind" != inpaint ] || beside=(--mask hole)
		recon-degrade "$kind" ${beside[@]+"${beside[@]}"} \
			--samples 2 odd
	done
	recon-degrade blur --spread 0.5 --samples 3 small >several
	recon-degrade blur small >blurred
	residual zscore --fit model small
	cat model
	for kind in $(kinds residual); do
		case $kind in
		mahalanobis*) set -- --samples 3 odd several ;;
		zscore) set -- --model model odd ;;
		equalized | gmm) set -- odd ;;
		*) set -- odd blurred ;;
		esac
		residual "$kind" "$@"
		residual "$kind" --erode 1 --median 3 --smooth 1 "$@"
	done
}

all() {
	cell "$1"
	anomalies "$1"
	maps "$1"
}

@test "gcc and clang, -O0 and -O3, give the same bytes" {
	all "$BIN" >expected
	[ "$(wc -c <expected)" -gt 1000000 ]
	for variant in gcc-O0 clang-O0 clang-O3; do
		all "$BUILD/$variant/bin" | cmp - expected
	done
}

# Without the copies of the hot loops for AVX2 and FMA, as on a CPU that has
# neither: those are chosen by the CPU itself, which no setting hides.
@test "a CPU without AVX2, and -march=native, give the same bytes" {
	all "$BIN" >expected
	all "$BUILD/no-clones/bin" | cmp - expected
	all "$BUILD/native/bin" | cmp - expected
}

@test "valgrind finds nothing" {
	make_inputs
	$PYTHON -c '
import nibabel, numpy
nibabel.save(nibabel.Nifti1Image(numpy.random.rand(9, 8, 7).astype("f4"),
             numpy.eye(4)), "brain.nii.gz")'
	check() {
		local want=$1 status=0
		shift
		valgrind -q --error-exitcode=99 "$@" >out 2>err || status=$?
		[ "$status" = "$want" ] || {
			cat err
			return 1
		}
	}
	check 0 anom-inject disk --radius 2 --mask m --record r mixed.pgm
	check 0 recon-degrade blur --sigma 3 mixed.pgm
	check 0 residual abs a.pgm b.pgm
	check 0 score b.pgm m.pgm
	check 0 score --pooled b.pgm m.pgm
	check 0 nii-slices --normalize percentile:1:99 --size 5 brain.nii.gz
	printf 'P5\n9 9\n255\nabc' >"cut"
	check 3 recon-degrade blur cut
	check 2 recon-degrade blurr cut
}

@test "under the sanitizers a cell gives the same bytes" {
	all "$BIN" >expected
	all "$BUILD/sanitized/bin" | cmp - expected
}

@test "install, use and uninstall" {
	cd "$ROOT"
	dest=$BATS_TEST_TMPDIR/dest
	make -s install PREFIX=/usr DESTDIR="$dest" B=build
	cd "$BATS_TEST_TMPDIR"
	for file in bin/score lib/libblindspot.a lib/libblindspot.so \
		include/blindspot.h lib/pkgconfig/blindspot.pc \
		include/blindspot-learn.h lib/libblindspot-learn.so \
		lib/pkgconfig/blindspot-learn.pc bin/recon-train \
		share/man/man1/score.1 share/man/man5/blindspot-stream.5 \
		share/bash-completion/completions/score; do
		[ -e "$dest/usr/$file" ] || {
			echo "no $file"
			return 1
		}
	done
	cat >use.c <<'EOF'
#include <blindspot.h>
int main(void) { return bsp_exp(0) == 1 ? 0 : 1; }
EOF
	gcc -I"$dest/usr/include" use.c -L"$dest/usr/lib" -lblindspot -o use
	readelf -d use | grep -q 'NEEDED.*libblindspot.so.0'
	LD_LIBRARY_PATH=$dest/usr/lib ./use
	grep -q '^libdir=/usr/lib$' "$dest/usr/lib/pkgconfig/blindspot.pc"
	printf '#include <blindspot-learn.h>\nint main(void) { return !bsp_architectures->name; }\n' >learn.c
	gcc -I"$dest/usr/include" learn.c -L"$dest/usr/lib" \
		-lblindspot-learn -lblindspot -o learn
	LD_LIBRARY_PATH=$dest/usr/lib ./learn
	nm -D --defined-only "$dest/usr/lib/libblindspot-learn.so" |
		awk '$3 !~ /^bsp_/ { print; bad = 1 } END { exit bad }'
	# Only what begins with bsp_ is exported.
	nm -D --defined-only "$dest/usr/lib/libblindspot.so" |
		awk '$3 !~ /^bsp_/ { print; bad = 1 } END { exit bad }'
	make -s -C "$ROOT" uninstall PREFIX=/usr DESTDIR="$dest" B=build
	[ -z "$(find "$dest" ! -type d)" ]
}

@test "a header for C++ too" {
	echo '#include "blindspot.h"' >use.cc
	clang -x c++ -fsyntax-only -Wall -Wextra -Werror -I"$ROOT/lib" use.cc
}

@test "fast math is refused" {
	gcc -ffast-math -fsyntax-only "$ROOT/lib/base/sum.c" 2>err && return 1
	grep -q 'IEEE' err
}
