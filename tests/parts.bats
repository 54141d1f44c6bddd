#!/usr/bin/env bats
# Builds that are without a part: what is left out, and that nothing else is.
# Each works on a copy of a whole build, in which only what depends on the part
# is made again.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL WITHOUT
	cp -a "$BATS_TEST_DIRNAME/../build/gcc-O0" tree
	PATH=$PWD/tree/bin:/usr/bin:/bin
}

# build WORD...: make, as the copied build was made
build() { make -s -C "$ROOT" B="$BATS_TEST_TMPDIR/tree" CFLAGS=-O0 "$@"; }

# equal EXPECTED GOT: two lists of words, in any order
equal() {
	diff <(tr ' ' '\n' <<<"$1" | sort | grep .) \
		<(tr ' ' '\n' <<<"$2" | sort | grep .)
}

# but WORD... < words: all others, a line each
but() { tr ' ' '\n' | grep -vxF -f <(printf '%s\n' "$@"); }

# The programs that are built; blindspot, a script, always is.
built() { (cd tree/bin && printf "%s\n" [!.]*) | grep -vx blindspot; }

# An anomaly is put in, found and scored.
works() {
	brain-phantom --count 2 --size 32 >healthy
	anom-inject disk --radius 3 --mask mask healthy >anom
	recon-degrade blur healthy | residual abs anom - | score - mask >table
	grep -q '^ap	0\.' table
	anom-sweep --inject disk:radius=3 --degrade blur healthy |
		grep -q '^0\.'
}

# installs PROGRAM...: these, their pages and completions, and no others; the
# libraries load
installs() {
	local dest=$PWD/dest pages file
	build install PREFIX=/usr DESTDIR="$dest" 2>/dev/null "${masks[@]}"
	set -- blindspot "$@"
	equal "$*" "$(ls dest/usr/bin)"
	equal "$*" "$(ls dest/usr/share/bash-completion/completions)"
	pages=$(cd "$ROOT/man" && ls ./*.1)
	for file in $pages; do
		file=${file#./}
		[[ " $* " == *" ${file%.1} "* ]] ||
			[ ! -e "$ROOT/tools/${file%.1}.c" ] ||
			pages=$(grep -vxF "./$file" <<<"$pages")
	done
	equal "${pages//.\//}" "$(ls dest/usr/share/man/man1)"
	for file in dest/usr/lib/*.so; do
		LD_LIBRARY_PATH=dest/usr/lib ldd "$file" >needed
		grep 'not found' needed && return 1
	done
	(PATH=$dest/usr/bin:/usr/bin:/bin && works)
}

# without 'PART...' LINES PROGRAM...: what a build without them says, and that
# it has all programs but those named
without() {
	local lines=$2 expected
	masks=("WITHOUT=$1")
	build "${masks[@]}" >out 2>err
	[ ! -s out ]
	diff err - <<<"$lines"
	expected=$(but "${@:3}" <<<"$PROGRAMS")
	equal "$expected" "$(built)"
	works
	# shellcheck disable=SC2086 # words
	installs $expected
}

learn_is() { # there | absent
	local file found=0
	for file in include/blindspot-learn.h lib/libblindspot-learn.a \
		lib/libblindspot-learn.so lib/libblindspot-learn.so.0 \
		lib/pkgconfig/blindspot-learn.pc share/man/man3/blindspot-learn.3; do
		[ ! -e "dest/usr/$file" ] || found=$((found + 1))
	done
	[ "$found" = "$([ "$1" = there ] && echo 6 || echo 0)" ]
	[ "$1" = there ] || [ -z "$(find tree/lib -name '*learn.*')" ]
}

LEARNED='recon-train recon-model libblindspot-learn'

@test "without libnifti" {
	without nifti \
		'left out: nii-slices slices-nii (needs libnifti; Debian: libnifti-dev)' \
		nii-slices slices-nii
	learn_is there
	status=0
	build experiment1 IMAGES=colin27 RESULTS="$PWD/results" WITHOUT=nifti \
		2>err || status=$?
	[ "$status" = 2 ]
	grep -qx 'experiment1: IMAGES=colin27 needs nii-slices: this build is without libnifti (libnifti-dev)' err
	[ ! -e results ]
}

@test "without FFTW" {
	without fftw \
		'left out: recon-degrade lowpass (needs FFTW; Debian: libfftw3-dev)'
	learn_is there
	fails 2 "^recon-degrade: unknown kind 'lowpass': this build is without FFTW (libfftw3-dev)$" \
		recon-degrade lowpass healthy
	fails 2 "^anom-sweep: --degrade: unknown kind 'lowpass': this build is without FFTW (libfftw3-dev)$" \
		anom-sweep --inject disk --degrade lowpass:fraction=0.5 healthy
	# A misspelt one is no nearer to it.
	fails 2 "unknown kind 'lowpas'; the nearest is '" \
		recon-degrade lowpas healthy
	recon-degrade --help >help
	recon-degrade --complete >>help
	grep -q downsample help
	grep lowpass help && return 1
	find tree/bin -type f -exec readelf -d dest/usr/lib/libblindspot.so {} + >needed
	grep -q NEEDED needed
	grep fftw needed && return 1
	grep -qx 'Libs.private: -pthread -lm' dest/usr/lib/pkgconfig/blindspot.pc

	# Without any of the others too.
	rm -r dest
	without 'nifti fftw lapack jansson onednn' "\
left out: nii-slices slices-nii (needs libnifti; Debian: libnifti-dev)
left out: recon-degrade lowpass (needs FFTW; Debian: libfftw3-dev)
left out: ood-histogram $LEARNED (needs LAPACK; Debian: liblapacke-dev libopenblas-dev)
left out: ood-histogram residual zscore $LEARNED (needs jansson; Debian: libjansson-dev)
left out: $LEARNED (needs oneDNN; Debian: libdnnl-dev)" \
		nii-slices slices-nii ood-histogram recon-train recon-model
	learn_is absent
	find tree/bin dest/usr/lib -maxdepth 1 -type f ! -name '*.a' -exec readelf -d {} + |
		sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort -u >needed
	grep -q '^libc\.' needed
	grep -vE '^(lib(c|m|gomp)\.|ld-linux|libblindspot\.)' needed && return 1

	# The next make has it again.
	build "$PWD/tree/bin/recon-degrade" \
		"$PWD/tree/lib/libblindspot.so.$(score --version | sed 's/.* //')"
	recon-degrade lowpass healthy >low
	recon-degrade --complete | grep -qx lowpass
	readelf -d tree/lib/libblindspot.so | grep -q fftw
}

@test "without LAPACK" {
	without lapack "left out: ood-histogram $LEARNED (needs LAPACK; Debian: liblapacke-dev libopenblas-dev)" \
		ood-histogram recon-train recon-model
	learn_is absent
}

@test "without jansson" {
	without jansson \
		"left out: ood-histogram residual zscore $LEARNED (needs jansson; Debian: libjansson-dev)" \
		ood-histogram recon-train recon-model
	learn_is absent
	fails 2 "^residual: unknown kind 'zscore': this build is without jansson (libjansson-dev)$" \
		residual zscore --model m healthy
	residual --complete | grep zscore && return 1
	status=0
	build experiment3 RESULTS="$PWD/results" WITHOUT=jansson 2>err ||
		status=$?
	[ "$status" = 2 ]
	[ "$(grep -vc '^make' err)" = 1 ]
	grep -q '^experiment3: needs recon-train: this build is without jansson (libjansson-dev)' err
	[ ! -e results ]
	# The next make has them again, and all of it.
	build
	equal "$PROGRAMS" "$(built)"
	recon-train pca --latent 1 --output model healthy
	residual zscore --fit stats healthy
	build install PREFIX=/usr DESTDIR="$PWD/dest"
	learn_is there
	build uninstall PREFIX=/usr DESTDIR="$PWD/dest" WITHOUT=jansson \
		>/dev/null
	[ -z "$(find dest ! -type d)" ]
}

@test "without oneDNN" {
	without onednn \
		"left out: $LEARNED (needs oneDNN; Debian: libdnnl-dev)" \
		recon-train recon-model
	learn_is absent
}

@test "a part that WITHOUT does not know" {
	for name in ffttw zlib 'nifti fft'; do
		build WITHOUT="$name" >out 2>err && return 1
		[ ! -s out ]
		[ "$(wc -l <err)" = 1 ]
		grep -q "WITHOUT: no part is called '${name##* }', expected some of: nifti fftw lapack jansson onednn\." err
	done
}

@test "with all parts there is nothing to say, and a second make does nothing" {
	build >out 2>&1
	touch marker
	build >>out 2>&1
	[ ! -s out ]
	find tree -newer marker -type f ! -name '*.pc' >out
	[ ! -s out ]
	# Nor does one that only says what it would do.
	make -n -C "$ROOT" B="$PWD/tree" CFLAGS=-O0 WITHOUT=fftw >said
	grep -q 'degrade.o' said
	find tree -newer marker -type f ! -name '*.pc' >out
	[ ! -s out ]
}

# A compiler that has these libraries only in the folder `there'.
compiler() { # LIBRARY...
	mkdir -p there
	cat >cc <<END
#!/bin/sh
for word; do
	case \$word in
	-lz | -lnifti2)
		[ -e "$PWD/there/\${word#-l}" ] || {
			echo "ld: error: cannot find \$word" >&2
			exit 1
		} ;;
	esac
done
exec gcc "\$@"
END
	chmod +x cc
	for word; do
		: >"there/$word"
	done
}

@test "a part that comes or goes is noticed by the next make" {
	compiler z
	with=("CC=$PWD/cc" "LDFLAGS=-L$PWD/there")
	build "${with[@]}" 2>err
	grep -qx 'left out: nii-slices slices-nii (needs libnifti; Debian: libnifti-dev)' \
		err
	[ "$(wc -l <err)" = 1 ]
	[ ! -e tree/bin/nii-slices ]
	touch there/nifti2
	build "${with[@]}" 2>err
	[ ! -s err ]
	[ -x tree/bin/nii-slices ]
	rm there/nifti2
	build parts "${with[@]}" >found
	grep -qx 'nifti    missing  libnifti (libnifti-dev)' found
	grep -qx 'fftw     found    FFTW (libfftw3-dev)' found
	build "${with[@]}" 2>err
	[ ! -e tree/bin/nii-slices ]

	# The packages that it names are those that make check installs.
	sed 's/.*(\(.*\))$/\1/' found | tr ' ' '\n' | sort -u >parts
	[ "$(wc -l <parts)" = 8 ]
	awk '$2 == "build" || $1 == "libomp-dev" { print $1 }' \
		"$ROOT/tests/packages.txt" | sort >listed
	[ -z "$(comm -23 parts listed)" ]
	[ "$(comm -13 parts listed | tr '\n' ' ')" = 'gcc libc6-dev make ' ]
}

@test "without a compiler, or zlib, nothing is built" {
	build CC=no-such-compiler >out 2>err && return 1
	[ ! -s out ]
	[ "$(wc -l <err)" = 1 ]
	grep -q 'no C17 compiler; the Debian packages gcc and libc6-dev have one: no-such-compiler: not found' err
	# What was built is still there.
	equal "$PROGRAMS" "$(built)"
	compiler nifti2
	build CC="$PWD/cc" B="$PWD/other" >out 2>err && return 1
	[ ! -s out ]
	[ "$(wc -l <err)" = 1 ]
	grep -q 'no zlib; the Debian package zlib1g-dev has it' err
	[ ! -e other/bin ]
	# A header that is not there is as bad as a library.
	mkdir include
	echo '#error "no such header"' >include/zlib.h
	build CPPFLAGS="-I$PWD/include" B="$PWD/other" 2>err && return 1
	grep -q 'no zlib; the Debian package zlib1g-dev has it' err
	# What compiles nothing does not ask, and next time it is there.
	build help CC=no-such-compiler >targets
	grep -q 'nifti fftw lapack jansson onednn' targets
	rm -r include
	build CPPFLAGS="-I$PWD/include" B="$PWD/other" \
		"$PWD/other/lib/base/error.o"
	[ -s other/lib/base/error.o ]
}
