#!/usr/bin/env bats
# The man pages: lint, examples that run, programs that compile.

load helpers
bats_require_minimum_version 1.5.0

# What the examples work on.
make_examples() {
	$PYTHON -c '
import nibabel, numpy, scipy.ndimage as n
x = n.gaussian_filter(numpy.random.default_rng(0).random((40, 44, 8)), 2)
x = (x - x.min()) / (x.max() - x.min()) * (x > numpy.quantile(x, .3))
nibabel.save(nibabel.Nifti1Image(x.astype("f4"), numpy.eye(4)),
             "brain.nii.gz")'
	nii-slices --slices 2:6 brain.nii.gz >healthy.pfm
	anom-inject disk --radius 4 --mask mask.pgm healthy.pfm >anom.pfm
	recon-degrade blur healthy.pfm >recon.pfm
	residual abs anom.pfm recon.pfm >map.pfm
}

# examples PAGE: the literal blocks of EXAMPLES and TUTORIAL, as one script
examples() {
	awk '/^\.Sh / { on = /EXAMPLES|TUTORIAL/ }
		/^\.Ed/ { block = 0 }
		on && block { gsub(/\\e/, "\\"); sub(/^\\&/, ""); print }
		/^\.Bd -literal/ { block = 1 }' "$1"
}

@test "lint has nothing to say" {
	for page in "$ROOT"/man/*; do
		mandoc -Tlint -Wstyle "$page" 2>/dev/null || true
	done | grep -v 'referenced manual not found' >said || true
	[ ! -s said ]
}

@test "pages are named as their files, and refer to pages that exist" {
	for page in "$ROOT"/man/*; do
		name=$(basename "${page%.*}") section=${page##*.}
		grep -qix "\.Dt $name $section" "$page"
		grep -q "^\.Nm $name$" "$page"
		sed -n 's/^\.\(It \)\{0,1\}Xr \([^ ]*\) \([0-9]\).*/\2.\3/p' \
			"$page" | while read -r other; do
			[ -e "$ROOT/man/$other" ] ||
				[[ $other =~ ^(netpbm|pam|pgm)\. ]] || {
				echo "$page: $other"
				return 1
			}
		done
	done
}

@test "every example of the programs' pages runs" {
	make_examples
	for program in $PROGRAMS; do
		examples "$ROOT/man/$program.1" >script
		[ -s script ]
		mkdir run
		cp ./*.pfm ./*.pgm brain.nii.gz run
		(cd run && bash -euo pipefail ../script) </dev/null >/dev/null || {
			cat script
			return 1
		}
		rm -r run
	done
}

@test "the tutorial runs" {
	make_examples
	rm ./*.pfm ./*.pgm
	awk '/^\.Sh / { on = /TUTORIAL/ } /^\.Ss/ { on = 0 }
		/^\.Ed/ { block = 0 }
		on && block { gsub(/\\e/, "\\"); print }
		/^\.Bd -literal/ { block = 1 }' "$ROOT/man/blindspot.7" >script
	bash -euo pipefail script >log
	grep -q '^ap	0\.' log
	[ -s map.png ]
}

@test "the program of blindspot-stream(5) reads and writes streams" {
	make_examples
	examples "$ROOT/man/blindspot-stream.5" >halve.py
	$PYTHON halve.py <healthy.pfm >half.pfm
	residual abs healthy.pfm half.pfm >rest.pfm
	residual abs half.pfm rest.pfm >zero.pfm
	score --metrics mean_residual zero.pfm mask.pgm |
		grep -q '^mean_residual	0	0	'
	residual abs half.pfm healthy.pfm >twice.pfm
	cmp half.pfm twice.pfm
}

@test "the program of blindspot(3) compiles and agrees with the filters" {
	make_examples
	examples "$ROOT/man/blindspot.3" >example.c
	gcc -Wall -Wextra -Werror -I"$ROOT/lib" example.c \
		"$BIN/../lib/libblindspot.a" -lm -o example
	./example <healthy.pfm >means
	recon-degrade blur --sigma 1.5 healthy.pfm |
		residual abs healthy.pfm - |
		score --per-image --metrics mean_residual - mask.pgm |
		awk '!/^#/ && $1 != "image" { printf "%.9g\n", $4 }' >expected
	cmp means expected
	printf 'P6\n' >bad
	run -3 ./example <bad
}

@test "the pipeline in the README runs" {
	make_examples
	awk '/^```sh$/ { block = 1; next } /^```$/ { block = 0 } block' \
		"$ROOT/README.md" | grep -v -e 'apt-get' -e '^make' >script
	[ "$(wc -l <script)" -ge 4 ]
	bash -euo pipefail script
}

@test "completion offers kinds, options and formats" {
	# shellcheck source=/dev/null
	source "$ROOT/completions/blindspot.bash"
	compopt() { :; }
	offers() {
		local want=$1
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_blindspot
		[ "${COMPREPLY[*]}" = "$want" ] || {
			echo "$*: ${COMPREPLY[*]}"
			return 1
		}
	}
	offers 'disk' anom-inject d
	offers 'blur' recon-degrade b
	offers '--sigma --samples --seed' recon-degrade blur --s
	offers '--seed' anom-inject disk --se
	offers 'pgm8 pgm16' residual abs --format pg
	offers '--per-image --pooled' score --p
	offers '' residual abs a
}
