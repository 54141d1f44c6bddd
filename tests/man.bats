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
for name, v in [("brain", x.astype("f4")), ("mask", (x > 0).astype("u1")),
                ("lesions", ((x > .6) - 1 * (x == 0)).astype("i2"))]:
    nibabel.save(nibabel.Nifti1Image(v, numpy.eye(4)), name + ".nii.gz")'
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
	for page in "$ROOT"/man/*.[1-9]; do
		mandoc -Tlint -Wstyle "$page" 2>/dev/null || true
	done | grep -v 'referenced manual not found' >said || true
	[ ! -s said ]
}

@test "pages are named as their files, and refer to pages that exist" {
	for page in "$ROOT"/man/*.[1-9]; do
		name=$(basename "${page%.*}") section=${page##*.}
		grep -qix "\.Dt $name $section" "$page"
		grep -q "^\.Nm $name$" "$page"
		sed -n 's/^\.\(It \)\{0,1\}Xr \([^ ]*\) \([0-9]\).*/\2.\3/p' \
			"$page" | while read -r other; do
			[ -e "$ROOT/man/$other" ] ||
				[[ $other =~ ^(netpbm|pam|pgm|sbatch|scancel|sinfo|squeue|make|flock)\. ]] || {
				echo "$page: $other"
				return 1
			}
		done
	done
}

@test "every example of the programs' pages runs" {
	make_examples
	mkdir first
	ln -s "$PYTHON" first/python3
	PATH=$PWD/first:$ROOT/pipelines:$PATH
	for program in $PROGRAMS blindspot blindspot-diagnose; do
		examples "$ROOT/man/$program.1" >script
		[ -s script ]
		mkdir run
		cp ./*.pfm ./*.pgm ./*.nii.gz run
		(cd run && bash -euo pipefail ../script) </dev/null >/dev/null || {
			cat script
			return 1
		}
		rm -r run
	done
}

# The tutorial's experiment, on a smaller grid.
blindspot() {
	BLINDSPOT_BIN=$BIN "$ROOT/pipelines/blindspot" "$@" \
		INTENSITIES=0:1:3 SIGMAS=0:2:2 RESULTS=results >/dev/null
}

@test "the examples of blindspot-python(3) that need no PyTorch run" {
	make_examples
	$PYTHON -c '
import re, sys
for i, text in enumerate(re.findall(r"\.Bd -literal.*?\n(.*?)\n\.Ed", sys.stdin.read(), re.S)):
    open(f"example{i}.py", "w").write(text.replace("\\(dq", chr(34)))' \
		<"$ROOT/man/blindspot-python.3"
	grep -q 'x / 2' example0.py
	export PYTHONPATH=$ROOT/lib/python
	$PYTHON example0.py <healthy.pfm >half.pfm
	residual abs healthy.pfm half.pfm | cmp - half.pfm
	[ "$(wc -l <example3.py)" -gt 5 ]
	anom-inject disk --radius 4 --mask m.pgm healthy.pfm >a.pfm
	recon-degrade blur --sigma 2 healthy.pfm | residual abs a.pfm - |
		score --metrics ap - m.pgm 2>/dev/null |
		awk '$1 == "ap" { print $2 }' >expected
	$PYTHON example3.py 2>/dev/null | cmp - expected
	# What is public has its place on the page.
	$PYTHON -c 'import blindspot; print(*blindspot.__all__, sep="\n")' >names
	while read -r name; do
		grep -q -w "$name" "$ROOT/man/blindspot-python.3"
	done <names
}

@test "the tutorial runs" {
	awk '/^\.Sh / { on = /TUTORIAL/ } /^\.Ss/ { on = 0 }
		/^\.Ed/ { block = 0 }
		on && block { gsub(/\\e/, "\\"); print }
		/^\.Bd -literal/ { block = 1 }' "$ROOT/man/blindspot.7" >script
	grep -q '^blindspot experiment1' script
	export -f blindspot
	bash -euo pipefail script >log
	grep -q '^ap	0\.' log
	[ -s map.png ]
	[ -s results/heatmap.png ]
	[ "$(grep -c '^[0-9]' results/experiment1.tsv)" = 6 ]
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

@test "programs of netpbm: which take all images, and the loop" {
	brain-phantom --format pgm16 --size 24 --count 3 >maps.pgm
	page=$ROOT/man/blindspot-stream.5
	# listed TAG: the programs beneath it
	listed() {
		awk -v tag="$1" '/^\.It / { on = $0 == ".It " tag; next }
			/^\.El/ { on = 0 }
			on { gsub(/\.Nm|,/, ""); print }' "$page"
	}
	options() {
		case $1 in
		pamcut) echo -width 8 ;;
		pamdepth) echo 100 ;;
		pamscale | pamenlarge | pamstretch | pnmgamma) echo 2 ;;
		pamflip) echo -lr ;;
		pamfunc) echo -multiplier 0.5 ;;
		pnmconvol) echo -matrix 1 ;;
		pnmpad) echo -left 2 ;;
		pnmrotate | pnmshear) echo 10 ;;
		esac
	}
	for tag in 'all images:3' 'the first alone:1'; do
		for program in $(listed "${tag%:*}"); do
			case $program in pamfile | pamsplit) continue ;; esac
			# shellcheck disable=SC2046 # words
			n=$("$program" $(options "$program") <maps.pgm 2>/dev/null |
				pamfile -allimages | grep -c 'Image [0-9]')
			echo "$program: $n"
			[ "$n" = "${tag#*:}" ]
		done
	done
	[ "$(listed 'the first alone' | wc -w)" -gt 10 ]
	bash -c "$(sed -n 's/^\.Dl \(pamexec.*\)/\1/p' "$page")"
	$PYTHON - <<'EOF'
import numpy as np
def read(path):
    data = open(path, "rb").read()
    head = b"P5\n24 24\n65535\n"
    assert data.count(head) == 3
    return np.array([np.frombuffer(d, ">u2").reshape(24, 24)
                     for d in data.split(head)[1:]])
assert (read("maps.pgm")[:, :, ::-1] == read("mirrored.pgm")).all()
EOF
}

@test "the program of blindspot-stream(5) passes failures on" {
	make_examples
	examples "$ROOT/man/blindspot-stream.5" >halve.py
	for n in 1 9 700 7060; do
		head -c "$n" healthy.pfm >cut.pfm
		status=0
		$PYTHON halve.py <cut.pfm >half.pfm 2>err || status=$?
		[ "$status" = 1 ]
		grep -q '^halve:' err
		fails 3 'the program before failed' \
			recon-degrade none half.pfm
	done
	# The scale and the byte order of others' PFM.
	printf 'Pf\n2 1\n4.0\n\100\200\0\0\101\0\0\0' >big.pfm
	printf 'Pf\n2 1\n-1.0\n\0\0\0\077\0\0\200\077' >expected
	$PYTHON halve.py <big.pfm | cmp - expected
	# A header on one line, and one with more white space than it needs.
	printf 'Pf 2 1 4.0\n\100\200\0\0\101\0\0\0' >line.pfm
	printf 'Pf\r\n2\n \t1\n\n4\n\100\200\0\0\101\0\0\0' >spaced.pfm
	cat line.pfm spaced.pfm big.pfm | $PYTHON halve.py |
		cmp - <(cat expected expected expected)
	for bad in 'Pf' 'Pf 2' 'Pf 2 1' 'Pf 2 1 x\n' '\n' 'P5\n2 1\n255\nab'; do
		printf '%b' "$bad" >bad.pfm
		run -1 "$PYTHON" halve.py <bad.pfm
	done
}

@test "the program of blindspot(3) compiles and agrees with the filters" {
	make_examples
	examples "$ROOT/man/blindspot.3" >example.c
	gcc -Wall -Wextra -Werror -I"$ROOT/lib" example.c \
		"$BIN/../lib/libblindspot.a" -lfftw3 -lm -o example
	./example <healthy.pfm >means
	recon-degrade blur --sigma 1.5 healthy.pfm |
		residual abs healthy.pfm - |
		score --per-image --metrics mean_residual - mask.pgm |
		awk '!/^#/ && $1 != "image" { printf "%.9g\n", $4 }' >expected
	cmp means expected
	printf 'P6\n' >bad
	run -3 ./example <bad
	run -4 sh -c './example <healthy.pfm >/dev/full'
}

@test "blindspot(3) names everything that the header offers" {
	grep -v '^ \*' "$ROOT/lib/blindspot.h" | tr '\n' ' ' |
		grep -o -E '(BSP_API|static inline)[^;{]*[;{]' >declarations
	grep -o -E '\bbsp_[a-z0-9_]+( *\(|\[\])' declarations |
		tr -d '( []' | sort -u >names
	[ "$(wc -l <names)" -gt 60 ]
	while read -r name; do
		grep -q -E "^\.(Fn|Va) $name( |\$)" "$ROOT/man/blindspot.3" || {
			echo "blindspot.3 lacks $name"
			return 1
		}
	done <names
}

@test "blindspot-learn(3) names everything that its header offers" {
	grep -v '^ \*' "$ROOT/lib/learn/blindspot-learn.h" | tr '\n' ' ' |
		grep -o -E 'BSP_API[^;{]*[;{]' |
		grep -o -E '\bbsp_[a-z0-9_]+( *\(|\[\])' |
		tr -d '( []' | sort -u >names
	[ "$(wc -l <names)" -gt 20 ]
	while read -r name; do
		grep -q -E "^\.(Fn|Va) $name( |\$|\[)" \
			"$ROOT/man/blindspot-learn.3" || {
			echo "blindspot-learn.3 lacks $name"
			return 1
		}
	done <names
}

@test "the program of blindspot-learn(3) does what recon-model does" {
	make_examples
	recon-train pca --latent 3 --output model healthy.pfm
	examples "$ROOT/man/blindspot-learn.3" >example.c
	gcc -Wall -Wextra -Werror -I"$ROOT/lib" -I"$ROOT/lib/learn" example.c \
		"$BIN/../lib/libblindspot-learn.a" \
		"$BIN/../lib/libblindspot.a" -ldnnl -ljansson -llapacke \
		-lopenblas -lgomp -lfftw3 -lm -o example
	./example model <healthy.pfm >recon.pfm
	recon-model model healthy.pfm | cmp - recon.pfm
	printf x >bad
	run -3 ./example bad <healthy.pfm
}

@test "the pipeline in the README runs" {
	awk '/^```sh$/ { block = 1; next } /^```$/ { block = 0 } block' \
		"$ROOT/README.md" | grep -v -e 'apt-get' -e '^make' >script
	[ "$(wc -l <script)" -ge 4 ]
	bash -euo pipefail script >log
	grep -q '^ap	0\.' log
}

@test "completion offers kinds, options and formats" {
	# shellcheck source=/dev/null
	source "$ROOT/tools/cli/completion.bash"
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
	offers 'abs square signed positive negative ssim ssim-luminance ssim-contrast ssim-structure gradient ssim-ensemble mahalanobis mahalanobis-diagonal clahe-abs zscore equalized gmm' \
		residual ''
	offers 'blur' recon-degrade bl
	offers 'blur' "$BIN/recon-degrade" bl
	offers '--sigma --spread --samples --seed --strict' recon-degrade blur --s
	offers '--seed' anom-inject disk --se
	offers '--radius --record' anom-inject --seed 3 --clip disk --r
	offers 'disk source sink shuffle sprites coarse-noise cutpaste lesion smooth-intensity bend-sink bend-source fpi pii nsa perlin' \
		anom-inject --clip ''
	offers 'pgm8 pgm16' residual abs --format pg
	offers 'pgm8 pgm16' residual abs --format = pg
	offers 'pfm pgm8 pgm16' residual abs --format =
	offers '--per-image --per-volume --pooled' score --p
	offers 'ap,fpr95 ap,froc ap,fpr ap,false_regions' \
		score --metrics ap,f
	offers 'axial coronal sagittal x y z' nii-slices --axis ''
	# What is left to the names of files.
	offers '' residual abs a
	offers '' anom-inject --mask ''
	offers '' anom-inject disk --mask = ''
	offers '' score --pooled ''
	offers '' score map.pfm --within ''
	offers '' no-such-program ''
	# Kinds within specs, and what goes on behind a colon.
	offers 'disk' anom-sweep --inject d
	offers 'blur bias-field' anom-sweep --degrade b
	offers 'zscore' anom-sweep --residual z
	offers 'normal anomalous' anom-sweep --on ''
	offers 'percentile:' nii-slices --normalize p
	offers 'mean max std top:' score --image-score ''
	# A flag takes nothing: what follows is a kind.
	offers 'blur bias-field' recon-degrade --clip b
}

@test "what completion offers as values, the programs take" {
	make_examples
	# shellcheck source=/dev/null
	source "$ROOT/tools/cli/completion.bash"
	values() {
		COMP_WORDS=("$@" '')
		COMP_CWORD=$#
		_blindspot
		[ ${#COMPREPLY[@]} -gt 1 ]
		printf '%s\n' "${COMPREPLY[@]}"
	}
	values score --metrics >offered
	while read -r value; do
		score --threshold 0.1 --metrics "$value" map.pfm mask.pgm \
			>/dev/null
	done <offered
	[ "$(score --threshold 0.1 --metrics "$(paste -sd, offered)" \
		map.pfm mask.pgm |
		grep -vc -e '^#' -e '^metric')" = "$(wc -l <offered)" ]
	for program in 'anom-inject disk' 'recon-degrade blur'; do
		# shellcheck disable=SC2086 # a program and a kind
		values $program --format | while read -r value; do
			$program --format "$value" healthy.pfm >/dev/null
		done
	done
	for option in --axis --normalize; do
		values nii-slices "$option" | while read -r value; do
			nii-slices "$option" "${value/%:/:1:99}" \
				brain.nii.gz >/dev/null
		done
	done
}
