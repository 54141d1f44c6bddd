#!/usr/bin/env bats
# The engine of experiments, and the command that runs them.

# shellcheck disable=SC2016,SC2094 # what is not to be run
load helpers
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	T=$BATS_TEST_TMPDIR
	export BLINDSPOT_BIN=$BIN
	PATH=$ROOT/pipelines:$PATH
	unset MAKEFLAGS MFLAGS MAKELEVEL
	cp "$BATS_FILE_TMPDIR"/*.pgm .
}

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	$PYTHON -c '
import numpy, sys
r = numpy.random.default_rng(1)
for name, n in ("in.pgm", 2), ("normal.pgm", 4), ("other.pgm", 2):
    with open(name, "wb") as f:
        for _ in range(n):
            x = r.integers(1, 256, (24, 30), dtype="u1")
            x[:, :6] = 0
            f.write(b"P5\n30 24\n255\n" + x.tobytes())'
}

# Tables alone, where a test is about no figure.
SMALL='INTENSITIES=0:1:3 SIGMAS=0:2:2 RADIUS=4 FIGURES=no'

# small [NAME=VALUE]...: experiment 1 on two images
small() {
	# shellcheck disable=SC2086 # words
	blindspot experiment1 IMAGES=in.pgm $SMALL "$@"
}

# same FOLDER FOLDER: the results, but for the parts
same() { diff -r -x parts "$1" "$2"; }

# made SINCE STORE: how many parts are newer
made() { find "$2/" -maxdepth 1 -type f -name '*-????????????' -newer "$1" | wc -l; }

parts() {
	find "$1/parts" -maxdepth 1 -name '*-????????????' -printf '%f\n' | sort
}

@test "every experiment has a summary, and help for each variable" {
	for table in "$ROOT"/pipelines/*/variables; do
		folder=$(dirname "$table")
		name=$(basename "$folder")
		head -n 1 "$table" | grep -qE '^# [A-Z].{20,}$'
		[ -s "$folder/run" ]
		blindspot list | grep -q "^$name  *[A-Z]"
		blindspot --variables "$name" >rows
		awk -F '\t' 'NF != 3 || $1 !~ /^[A-Z_]+$/ || length($3) < 6 {
			exit 1 }' rows
		[ -z "$(cut -f 1 rows | sort | uniq -d)" ]
		grep -q '^RESULTS	' rows
		blindspot help "$name" >help
		cut -f 1 rows | while read -r variable; do
			grep -q "^  $variable " help
		done
		for page in README.md man/blindspot.1; do
			grep -qE "(\`|[a-z] |Cm )$name" "$ROOT/$page" || {
				echo "$page lacks $name"
				return 1
			}
		done
		grep -qE "(make|blindspot) $name" "$ROOT/man/blindspot.7"
	done
	[ "$(blindspot list | wc -l)" = \
		"$(find "$ROOT/pipelines" -name variables | wc -l)" ]
}

@test "help and version, and what is no command" {
	blindspot --help | grep -q '^usage: blindspot'
	blindspot --version | grep -q '^blindspot (blindspot) [0-9]'
	fails 2 "no experiment is called 'experimnt1'; the nearest is 'experiment1'; all: .*scores" \
		blindspot experimnt1
	fails 2 'no experiment is called' blindspot help nosuch
	fails 2 'no experiment is called' blindspot ../pipelines/experiment1
	fails 2 'unknown option' blindspot --nosuch
	fails 2 "'x', expected NAME=VALUE" blindspot experiment1 x
	run -2 blindspot
}

@test "a name that an experiment does not have is refused" {
	refused() { # NEAREST LISTED COMMAND...
		local nearest=$1 listed=$2
		shift 2
		run -2 --separate-stderr "$@" RESULTS="$T/out"
		# shellcheck disable=SC2154 # set by run
		[[ $stderr =~ "nearest is '$nearest'; all: "(.*)$listed ]] || {
			echo "$stderr"
			return 1
		}
		[ ! -e "$T/out" ]
	}
	both() {
		refused "$1" "$2" blindspot "$3" "$4"
		refused "$1" "$2" make -s -C "$ROOT" \
			B="$(dirname "$BIN")" "$3" "$4"
	}
	both INTENSITIES SIGMAS experiment1 INTENSITY=1
	both IMAGES SIGMAS experiment1 IMAGE=x
	both SIGMAS TEXTURES experiment2 SIGMA=2
	both STEPS MODELS experiment3 STEP=4
	refused SLICE DONOR blindspot gallery SLICES=1
	# What only another experiment has.
	refused SEED RADIUS blindspot experiment1 STEPS=4
	# The environment does not count.
	INTENSITY=7 STEPS=4 SIGMAS=x small RESULTS=env
	small RESULTS=plain
	same env plain
}

@test "a request does not depend on what was there before" {
	again() { # EXPERIMENT BASE... -- A -- B
		local experiment=$1 base=() a b
		shift
		while [ "$1" != -- ]; do
			base+=("$1")
			shift
		done
		a=$2 b=$4
		rm -rf one fresh
		blindspot "$experiment" "${base[@]}" "$a" RESULTS=one >/dev/null
		cp -r one first
		blindspot "$experiment" "${base[@]}" "$b" RESULTS=one >/dev/null
		blindspot "$experiment" "${base[@]}" "$b" RESULTS=fresh >/dev/null
		same one fresh
		run ! same one first
		blindspot "$experiment" "${base[@]}" "$a" RESULTS=one >/dev/null
		same one first
		rm -r first
	}
	# shellcheck disable=SC2086 # words
	{
		again experiment1 $SMALL FIGURES=yes -- IMAGES=in.pgm -- \
			IMAGES=other.pgm
		again experiment1 IMAGES=in.pgm $SMALL -- FIGURES=yes -- \
			FIGURES=no
		again blind-spot IMAGES=in.pgm $SMALL -- BELOW=0.5 -- BELOW=0.9
		again experiment2 IMAGES=in.pgm RADIUS=4 SIGMAS=0:2:2 FIGURES=no -- \
			TEXTURES='sink source' -- TEXTURES=sink
		again scores IMAGES=in.pgm $SMALL SCORES='abs zscore' -- \
			NORMAL=normal.pgm -- NORMAL=other.pgm
		again match IMAGES=in.pgm $SMALL -- SEED=1 -- SEED=2
	}
	again gallery SLICE=80 -- SEED=1 -- SEED=2
	mkdir models
	recon-train pca --threads 1 --latent 1 --output models/a.safetensors \
		normal.pgm
	# shellcheck disable=SC2086 # words
	again experiment3 MODELS=models IMAGES=in.pgm $SMALL -- SEED=1 -- SEED=2
}

@test "what an earlier request left is removed, and nothing else" {
	# shellcheck disable=SC2086 # words
	blindspot blind-spot IMAGES=in.pgm $SMALL RESULTS=out
	echo mine >out/notes.txt
	small RESULTS=out
	[ ! -e out/blind-spot.tsv ]
	[ -s out/experiment1.tsv ]
	[ "$(cat out/notes.txt)" = mine ]
	[ -z "$(find out -name '*.part')" ]
}

@test "a file that changes under its name, and is older, is another input" {
	small RESULTS=out
	cp out/experiment1.tsv before
	cp other.pgm in.pgm
	touch -d 2001-01-01 in.pgm
	small RESULTS=out
	small RESULTS=fresh
	run ! cmp -s before out/experiment1.tsv
	same out fresh
}

@test "another program never meets old parts" {
	mkdir bin
	cp "$BIN"/* bin
	BLINDSPOT_BIN=$T/bin small RESULTS=out
	touch mark
	touch bin/*
	BLINDSPOT_BIN=$T/bin small RESULTS=out
	[ "$(made mark out/parts)" = 0 ]
	printf x >>bin/anom-sweep
	touch -d 2001-01-01 bin/anom-sweep
	BLINDSPOT_BIN=$T/bin small RESULTS=out
	[ "$(made mark out/parts)" -gt 1 ]
}

@test "two runs into one folder: the second waits for the first" {
	small RESULTS=fresh SEED=3
	small RESULTS=fresh2 SEED=4
	small RESULTS=out SEED=3 2>said1 &
	first=$!
	small RESULTS=out SEED=4 2>said2 &
	second=$!
	wait "$first"
	wait "$second"
	cat said1 said2 >said
	[ "$(wc -l <said)" = 1 ]
	grep -q 'experiment1: another run writes .*out; waiting for it' said
	same out fresh || same out fresh2
}

@test "names with spaces, quotes and more are names" {
	small RESULTS=plain FIGURES=yes
	for name in 'a b é' "-n it's;touch x;"'$(touch x)`touch x`&|"$HOME*'; do
		mkdir -p -- "./$name"
		cp in.pgm "./$name/$name.pgm"
		# shellcheck disable=SC2086 # words
		blindspot experiment1 IMAGES="./$name/$name.pgm" $SMALL \
			RESULTS="out $name" FIGURES=yes
		cmp <(grep -v '^#' "out $name/experiment1.tsv") \
			<(grep -v '^#' plain/experiment1.tsv)
		[ -s "out $name/heatmap.png" ]
		# shellcheck disable=SC2086 # words
		make -s -C "$ROOT" B="$(dirname "$BIN")" experiment1 \
			IMAGES="$T/$name/$name.pgm" $SMALL \
			RESULTS="$T/made $name"
		cmp <(grep -v '^#' "made $name/experiment1.tsv") \
			<(grep -v '^#' plain/experiment1.tsv)
		[ -z "$(find . "$ROOT" -maxdepth 1 -name x)" ]
	done
	run -2 --separate-stderr small IMAGES='$(touch x)' RESULTS='$(touch x)'
	[[ $stderr == *'IMAGES=$(touch x) is no file that can be read' ]]
	run ! --separate-stderr make -s -C "$ROOT" B="$(dirname "$BIN")" \
		experiment1 IMAGES='$$(shell touch x)' RESULTS="$T/none"
	[[ $stderr == *'IMAGES=$$(shell touch x) is no file'* ]]
	run ! make -s -C "$ROOT" B="$(dirname "$BIN")" experiment1 \
		IMAGES='$(shell touch x)' RESULTS="$T/none"
	for value in "0:1:3'; touch x; '" '0:1:3$(touch x)`touch x`'; do
		run ! small RESULTS=none INTENSITIES="$value"
		run ! small RESULTS=none SEED="$value"
		run ! make -s -C "$ROOT" B="$(dirname "$BIN")" experiment1 \
			IMAGES="$T/in.pgm" RESULTS="$T/none" RADIUS="$value"
		[ -z "$(find . "$ROOT" -maxdepth 1 -name x)" ]
		rm -rf none
	done
	run -2 small RESULTS=none SEED=$'1\n2'
	[[ $output =~ 'SEED: the value holds a line break' ]]
	run ! make -s -C "$ROOT" B="$(dirname "$BIN")" experiment1 \
		RESULTS="$T/none" SEED=$'1\ntouch x'
	[[ $output =~ 'SEED: the value holds a line break' ]]
	[ ! -e none ]
}

@test "an interrupted run goes on, and gives the same" {
	small METHOD=pipeline RESULTS=fresh
	for signal in INT TERM KILL; do
		rm -rf out
		env --default-signal=INT setsid \
			"$ROOT/pipelines/blindspot" experiment1 IMAGES=in.pgm \
			INTENSITIES=0:1:3 SIGMAS=0:2:2 RADIUS=4 FIGURES=no \
			METHOD=pipeline RESULTS=out &
		group=$!
		for _ in $(seq 500); do
			[ -z "$(find out/parts -maxdepth 1 -name 'cell-*-????????????' \
				2>/dev/null)" ] || break
			sleep 0.02
		done
		kill "-$signal" "$group"
		wait "$group" || true
		[ ! -e out/experiment1.tsv ]
		cells=$(find out/parts -maxdepth 1 -name 'cell-*-????????????' | wc -l)
		[ "$cells" -gt 0 ]
		touch mark
		small METHOD=pipeline RESULTS=out
		again=$(find out/parts/ -maxdepth 1 -newer mark \
			-name 'cell-*-????????????' | wc -l)
		[ "$again" -le $((6 - cells)) ]
		same out fresh
		touch mark
		small METHOD=pipeline RESULTS=out
		[ "$(made mark out/parts)" = 0 ]
	done
}

@test "a part that fails is named by its own message, its siblings stay" {
	head -c 800 in.pgm >cut.pgm
	run -3 --separate-stderr blindspot experiment1 IMAGES=cut.pgm \
		INTENSITIES=0:1:3 SIGMAS=0:2:2 RADIUS=4 RESULTS=out
	[[ $stderr == *'cut.pgm: image 1'* ]]
	[ ! -e out/experiment1.tsv ]
	[ -z "$(find . -name '*.part')" ]
	# Where nothing was made, nothing stays.
	run -2 small SIGMAS=abc RESULTS=none/deep
	[ ! -e none ]
}

@test "a folder that cannot be written is said in one line" {
	: >file
	fails 2 '^experiment1: .*file/out cannot be written$' \
		small RESULTS=file/out
	mkdir -m 555 shut
	# Root may write everywhere, unless it gives that up.
	all=()
	[ "$(id -u)" != 0 ] ||
		all=(setpriv --inh-caps=-dac_override --bounding-set=-dac_override)
	run -2 "${all[@]}" "$ROOT/pipelines/blindspot" experiment1 \
		RESULTS="$T/shut/out"
	[[ $output =~ 'shut/out cannot be written' ]]
	[ "${#lines[@]}" = 1 ]
}

@test "installed for one user: the same results as in the tree, and no traces" {
	prefix="$T/it's a prefix"
	mkdir "$prefix"
	make -s -C "$ROOT" install PREFIX="$prefix" B="$(dirname "$BIN")"
	ln -s "$prefix/bin/blindspot" elsewhere
	mkdir empty
	cd empty
	unset BLINDSPOT_BIN
	# shellcheck disable=SC2086 # words
	../elsewhere experiment1 IMAGES="$T/in.pgm" $SMALL FIGURES=yes
	# shellcheck disable=SC2086 # words
	make -s -C "$ROOT" B="$(dirname "$BIN")" experiment1 \
		IMAGES="$T/in.pgm" $SMALL FIGURES=yes RESULTS="$T/tree"
	same results/experiment1 "$T/tree"
	# Parts are named alike: of the place nothing is in a key.
	diff <(parts results/experiment1) <(parts "$T/tree")
	../elsewhere demo BRAIN_SLICES=70:72 INTENSITIES=0:1:3 SIGMAS=0:2:2 \
		>said
	grep -q '^Experiment 1 on 2 images' said
	[ -s results/demo/heatmap.png ]
	env -u LD_LIBRARY_PATH "$prefix/bin/recon-train" --version
	for library in "$prefix"/lib/*.so; do
		env -u LD_LIBRARY_PATH ldd "$library" >needed
		run ! grep 'not found' needed
	done
	[ -s "$prefix/share/man/man1/blindspot.1" ]
	mkdir first
	ln -s "$PYTHON" first/python3
	echo 'import blindspot; blindspot.serve(lambda x: x)' >model.py
	PATH=$PWD/first:$PATH ../elsewhere check <"$T/in.pgm" |
		cmp - "$T/in.pgm"
	PATH=$PWD/first:$PATH ../elsewhere check SIZE=16 \
		MODEL='python3 model.py'
	# shellcheck source=/dev/null
	source "$prefix/share/bash-completion/completions/blindspot"
	make -s -C "$ROOT" uninstall PREFIX="$prefix" B="$(dirname "$BIN")"
	[ -z "$(find "$prefix" -type f -o -type l)" ]
	[ ! -e "$prefix/share/blindspot" ]
	dest="$T/it's; dest"
	make -s -C "$ROOT" install PREFIX=/usr DESTDIR="$dest" \
		B="$(dirname "$BIN")"
	"$dest/usr/bin/blindspot" list | grep -q '^experiment1 '
	make -s -C "$ROOT" uninstall PREFIX=/usr DESTDIR="$dest" \
		B="$(dirname "$BIN")"
	[ -z "$(find "$dest" -type f -o -type l)" ]
}

@test "a tool that is missing is named with its package" {
	mkdir few
	for tool in bash awk sed grep dirname readlink sort cut env cat; do
		ln -s "$(command -v $tool)" few
	done
	fails 2 'needs gnuplot; the Debian package gnuplot-nox has it' \
		env PATH="$T/few" "$ROOT/pipelines/blindspot" experiment1
	fails 2 'FIGURES=some, expected yes or no' \
		blindspot experiment1 FIGURES=some
	fails 2 'no /nosuch; the Debian package mricron-data' \
		blindspot demo BRAIN=/nosuch
	[ ! -e results ]
}

@test "completion offers experiments and their variables" {
	# shellcheck source=/dev/null
	source "$ROOT/tools/cli/completion.bash"
	offers() {
		local want=$1
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_blindspot_command
		[ "${COMPREPLY[*]}" = "$want" ] || {
			echo "$*: ${COMPREPLY[*]}"
			return 1
		}
	}
	offers 'experiment1 experiment1-equalized' blindspot experiment1
	offers 'gallery' blindspot help g
	offers 'INTENSITIES=' blindspot experiment1 IN
	offers 'TEXTURES=' blindspot experiment2 SEED = 3 T
	offers '' blindspot experiment1 IMAGES =
	offers '' blindspot experiment1 IMAGES = in
	offers '' blindspot nosuch I
}

# shellcheck disable=SC1003 # the line break of LaTeX
@test "tables for a paper: markdown, LaTeX, TSV, fewer digits" {
	printf '# blindspot 0\n# score a_b\nname\tap\tn\tt\n' >t.tsv
	printf '%s\t%s\t%s\t%s\n' 'a|b' 0.12345 1234 -0.5 \
		'c_d & 5%' nan 7 1e-05 '"""q"""' 2.71828e10 0 12 >>t.tsv
	printf '# maps 3\n' >>t.tsv
	blindspot table --digits 2 t.tsv | cmp - <(printf '%s\n' \
		'| name | ap | n | t |' '| --- | ---: | ---: | ---: |' \
		'| a\|b | 0.12 | 1234 | -0.5 |' \
		'| c_d & 5% | nan | 7 | 1e-05 |' '| "q" | 2.7e+10 | 0 | 12 |')
	blindspot table --format latex --columns t,name t.tsv |
		cmp - <(printf '%s\n' '% blindspot 0' '% score a_b' '% maps 3' \
		'\begin{tabular}{rl}' '\toprule' 't & name \\' '\midrule' \
		'$-0.5$ & a\textbar{}b \\' '1e-05 & c\_d \& 5\% \\' \
		'12 & "q" \\' '\bottomrule' '\end{tabular}')
	blindspot table --format=tsv - <t.tsv >again
	sed '$d; s/^# score/&/' t.tsv | grep -v '^#' | cmp - <(grep -v '^#' again)
	[ "$(grep -c '^#' again)" = 3 ]
	blindspot table t.tsv t.tsv | grep -c '^| name' | grep -x 2
	no() { # STATUS TEXT WORD...
		run --separate-stderr blindspot table "${@:3}"
		[ "$status" = "$1" ] && [ -z "$output" ]
		[[ $stderr = "blindspot: table: "*"$2"* && $stderr != *$'\n'* ]]
	}
	no 2 "'html', expected markdown, latex or tsv" --format html t.tsv
	no 2 "'0', expected a whole number from 1 to 17" --digits 0 t.tsv
	no 2 "'18', expected" --digits 18 t.tsv
	no 2 "'2.5', expected" --digits 2.5 t.tsv
	no 2 'expected the file of a table'
	no 2 "unknown option '--colums'" --colums ap t.tsv
	no 2 '--digits needs a value' --digits
	no 3 't.tsv: no column "ax", expected some of name,ap,n,t' --columns ax t.tsv
	no 4 'gone: cannot be read' gone
	head -c -3 t.tsv >short
	no 3 'short: the file ends inside a line' short
	{ cat t.tsv; echo '# incomplete'; } >failed
	no 3 'failed: it is marked incomplete' failed
	{ cat t.tsv; printf 'a\tb\n'; } >ragged
	no 3 'ragged: line 8: 2 fields, expected 4' ragged
	printf '# blindspot 0\n' >none
	no 3 'none: no header' none
}

@test "figures of curves: sweeps with bands, FROC, precision, ROC" {
	"$BIN/brain-phantom" --size 24 --count 4 >p.pfm
	"$BIN/anom-sweep" --inject disk:radius=3,intensity=0:1:5 --bootstrap 20 \
		--degrade blur:sigma=1:2:2 --residual abs p.pfm >sweep.tsv 2>said
	"$BIN/anom-inject" disk --radius 3 --mask mask p.pfm >anom
	"$BIN/recon-degrade" blur anom | "$BIN/residual" abs anom - >map
	"$BIN/score" --metrics froc --froc f.tsv --bootstrap 0 map mask >said
	"$BIN/score" --pooled --curve c.tsv map mask >said
	for what in curves:sweep froc:f pr:c roc:c; do
		for kind in png svg; do
			blindspot "${what%:*}" --output "o.$kind" \
				"${what#*:}.tsv" >said 2>&1
			[ ! -s said ]
			case $kind in
			png) pngtopam o.png | pamfile - | grep -q '1600 by 1200' ;;
			svg) "$PYTHON" -c 'import sys, xml.dom.minidom as x
x.parse("o.svg")' ;;
			esac
		done
	done
	# What is drawn is what the table says: gnuplot's own numbers of the data.
	blindspot curves --output o.svg --where degrade.sigma=2 sweep.tsv
	blindspot curves --output p.svg --value ap --x intensity \
		--where degrade.sigma=2 --labels sweep sweep.tsv
	cmp o.svg p.svg
	blindspot curves --output both.svg sweep.tsv
	! cmp -s o.svg both.svg || false
	blindspot curves --output two.svg --labels 'A|B,"C"' sweep.tsv sweep.tsv
	[ "$(grep -c '<text>A|B, degrade.sigma [12]<' two.svg)" = 2 ]
	grep -q 'Average precision (AP)' two.svg
	no() { # STATUS TEXT WORD...
		rm -f x.png
		run --separate-stderr blindspot "${@:3}"
		[ "$status" = "$1" ] && [ -z "$output" ] && [ ! -e x.png ]
		[[ $stderr = "blindspot: $3: "*"$2"* && $stderr != *$'\n'* ]]
	}
	no 2 'no --output' curves sweep.tsv
	no 2 "found 'x.jpg', expected a file .png or .svg" curves --output x.jpg sweep.tsv
	no 2 'expected the file of a table' froc --output x.png
	no 2 'are for curves' froc --output x.png --x ap f.tsv
	no 2 '2 for 1 tables' curves --output x.png --labels a,b sweep.tsv
	no 2 'expected COLUMN=VALUE' curves --output x.png --where sigma sweep.tsv
	no 3 'sweep.tsv: no column false_regions, expected a table of score --froc' \
		froc --output x.png sweep.tsv
	no 3 'no column apx, for --value; it has inject.intensity,degrade.sigma' \
		curves --output x.png --value apx sweep.tsv
	no 3 'no row is left by --where' \
		curves --output x.png --where sigma=9 sweep.tsv
	no 3 'c.tsv: nothing was swept, expected --x' curves --output x.png c.tsv
	sed 's/^inject.intensity/inject.radius/' sweep.tsv >radius.tsv
	no 3 'radius.tsv: its axes are inject.radius and ap, expected' \
		curves --output x.png sweep.tsv radius.tsv
	no 4 'gone: cannot be read' roc --output x.png gone
	no 4 'none/x.png: cannot be written' roc --output none/x.png c.tsv
	{ cat c.tsv; echo '# incomplete'; } >failed
	no 3 'failed: it is marked incomplete' pr --output x.png failed
	head -c -2 c.tsv >short
	no 3 'short: the file ends inside a line' pr --output x.png short
	"$BIN/anom-sweep" --inject disk:radius=3,intensity=0:1:3 \
		--degrade blur:sigma=0:3:13 --residual abs p.pfm >many.tsv
	no 2 '13 curves, expected at most 12' curves --output x.png many.tsv
}
