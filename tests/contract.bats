#!/usr/bin/env bats
# What every program promises, over all of their kinds.

load helpers

# Run a filter and kind on a healthy stream, which is its own reconstruction,
# donor, shape and mask: filter PROGRAM KIND INPUT [OPTION...]
filter() {
	local program=$1 kind=$2 input=$3 beside=$3
	shift 3
	[ "$beside" != - ] || beside=mixed.pgm
	case $program/$kind in
	residual/mahalanobis*) "$program" "$kind" --samples 2 "$@" "$input" \
		<(recon-degrade none --samples 2 "$beside") ;;
	residual/equalized | residual/gmm) "$program" "$kind" "$@" "$input" ;;
	residual/zscore) "$program" "$kind" --model model "$@" "$input" ;;
	residual/*) "$program" "$kind" "$@" "$input" "$beside" ;;
	anom-inject/lesion) "$program" "$kind" --shapes shape.pgm "$@" \
		"$input" ;;
	recon-degrade/inpaint) "$program" "$kind" --mask "$beside" "$@" \
		"$input" ;;
	*) "$program" "$kind" "$@" "$input" ;;
	esac
}

LARGE='bend-.*\|fpi\|pii\|nsa'

# each COMMAND: call it for every filter and kind, as COMMAND PROGRAM KIND.
# Some anomalies want larger images than those here; see oracle/shapes.py.
each() {
	local program kind
	for program in $FILTERS; do
		for kind in $(kinds "$program" | grep -v -x "$LARGE"); do
			"$@" "$program" "$kind" || {
				echo "for $program $kind"
				return 1
			}
		done
	done
}

concatenates() {
	local first=() one=mixed.pgm
	[ "$2" != zscore ] || one=b.pgm # one size throughout
	[ "$1" = residual ] || first=(--first-index 3)
	cat "$one" a.pgm >both.pgm
	filter "$1" "$2" both.pgm >whole
	filter "$1" "$2" "$one" >pieces
	filter "$1" "$2" a.pgm ${first[@]+"${first[@]}"} >>pieces
	cmp whole pieces
}

@test "f(A then B) is f(A) then f(B)" {
	make_inputs
	each concatenates
}

@test "masks of the pieces make the mask of the whole" {
	make_inputs
	cat mixed.pgm a.pgm >both.pgm
	for kind in $(kinds anom-inject | grep -v -x "$LARGE"); do
		filter anom-inject "$kind" both.pgm --mask whole >/dev/null
		filter anom-inject "$kind" mixed.pgm --mask one >/dev/null
		filter anom-inject "$kind" a.pgm --mask two --first-index 3 \
			>/dev/null
		cat one two | cmp - whole
	done
}

@test "pieces of larger images: images, masks and records, any kind" {
	brain-phantom --count 5 --size 32 >whole.pfm
	brain-phantom --count 3 --size 32 >one.pfm
	brain-phantom --count 2 --size 32 --first-index 3 >two.pfm
	cat one.pfm two.pfm | cmp - whole.pfm
	# Fewer than images: they begin again.
	brain-phantom --count 2 --size 32 --seed 1 >donors.pfm
	{ pgm 3 3 9 0 9 9 9 0 0 9 0; pgm 2 1 1 1; } >shapes.pgm
	for kind in $(kinds anom-inject); do
		local beside=()
		case $kind in
		fpi | pii | nsa | perlin) beside=(--donors donors.pfm) ;;
		lesion) beside=(--shapes shapes.pgm) ;;
		esac
		for piece in whole:0 one:0 two:3; do
			anom-inject "$kind" ${beside[@]+"${beside[@]}"} \
				--count 2 --seed 4 \
				--first-index "${piece#*:}" --mask mask \
				--record rec "${piece%:*}.pfm" >out
			cp out "${piece%:*}.out"
			cp mask "${piece%:*}.mask"
			grep -v '^#' rec >"${piece%:*}.rec"
		done
		cat one.out two.out | cmp - whole.out
		cat one.mask two.mask | cmp - whole.mask
		{ cat one.rec; tail -n +2 two.rec; } | cmp - whole.rec
	done
}

@test "pieces of a sweep take the donors of the whole" {
	brain-phantom --count 5 --size 32 >whole.pfm
	brain-phantom --count 3 --size 32 >one.pfm
	brain-phantom --count 2 --size 32 --first-index 3 >two.pfm
	brain-phantom --count 2 --size 32 --seed 1 >donors.pfm
	sweep() {
		anom-sweep --inject fpi --donors donors.pfm --per-image "$@" |
			grep -v '^#'
	}
	for how in '--degrade blur' \
		'--on anomalous --recon-cmd=recon-degrade\ blur'; do
		eval "set -- $how"
		sweep "$@" whole.pfm >whole
		sweep "$@" one.pfm >pieces
		sweep "$@" --first-index 3 two.pfm | tail -n +2 >>pieces
		cmp whole pieces
	done
}

same_however_read() {
	local program=$1 kind=$2
	[ "$kind" != zscore ] || return 0
	filter "$program" "$kind" mixed.pgm >file
	cat mixed.pgm - </dev/null | filter "$program" "$kind" - >pipe
	slowly mixed.pgm | filter "$program" "$kind" - >slow
	cmp file pipe && cmp file slow
}

# One byte at a time.
slowly() {
	$PYTHON -c '
import os, sys
for byte in open(sys.argv[1], "rb").read():
    os.write(1, bytes([byte]))' "$1"
}

@test "a file, a pipe and a pipe of single bytes give the same bytes" {
	make_inputs
	each same_however_read
	score b.pgm m.pgm | grep -v '^#' >file
	slowly m.pgm | score b.pgm - | grep -v '^#' | cmp - file
	slowly b.pgm | score - m.pgm | grep -v '^#' | cmp - file
}

# Cut a stream of three images everywhere: only whole images are an end.
cut_everywhere() {
	local file=$1 program=$2
	shift 2
	$PYTHON - "$file" "$program" "$@" <<'EOF'
import subprocess, sys
name, command = sys.argv[1], sys.argv[2:]
images = [open(f"{name}.{i}", "rb").read() for i in range(3)]
data = b"".join(images)
ends = {0, len(images[0]), len(images[0] + images[1]), len(data)}
plain = data[:2] in (b"P1", b"P2")
for n in range(len(data) + 1):
    cut = data[:n]
    r = subprocess.run(command, input=cut, capture_output=True)
    whole = n in ends
    if plain and not whole:
        # White space around images is no part of them, nor is the last one.
        whole = cut.rstrip() in {data[:e].rstrip() for e in ends}
    want = 0 if whole else 3
    if command[0] == "score" and cut.rstrip() != data.rstrip():
        want = 3  # shorter than the map, or cut
    lines = r.stderr.decode().count("\n")
    if r.returncode != want or lines != (want != 0):
        sys.exit(f"{name} cut at {n}: status {r.returncode}, expected {want}:"
                 f" {r.stderr.decode()}")
EOF
}

@test "a stream cut at any byte fails, for every format" {
	for i in 0 1 2; do
		pgm 2 2 10 $((20 + i)) 255 0 >P2.$i
		printf 'P5 # c\n2 2\n255\n\001\002\003%b' "\\0$i" >P5.$i
		printf 'P5\n1 2\n65535\n\001\002\003%b' "\\0$i" >P5w.$i
		printf 'P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 9\nENDHDR\n' >P7.$i
		printf '\001%b' "\\0$i" >>P7.$i
		printf 'Pf\n1 2\n-1.0\n\0\0\200\077\0\0\0\077' >Pf.$i
	done
	for format in P2 P5 P5w P7 Pf; do
		cut_everywhere $format recon-degrade blur
	done
	cut_everywhere P5 anom-inject disk --radius 1
}

@test "a mask cut at any byte fails, bitmaps too" {
	for i in 0 1 2; do
		printf 'P1\n2 1\n0 1\n' >P1.$i
		printf 'P4\n2 1\n\100' >P4.$i
		pgm 2 1 1 $((2 + i))
	done >map
	cut_everywhere P1 score --bootstrap 0 map -
	cut_everywhere P4 score --bootstrap 0 map -
}

@test "a failure is passed down the pipe without pipefail" {
	set +o pipefail
	make_inputs
	printf 'P5\n2 2\n255\n\001' >"cut"
	for kind in $(kinds recon-degrade | grep -v inpaint); do
		anom-inject disk cut 2>first | recon-degrade "$kind" 2>second |
			residual abs - mixed.pgm 2>third |
			score - m.pgm >table 2>last && return 1
		grep -q 'cut: image 0: byte 12: the stream ends' first
		for err in second third last; do
			grep -q 'the program before failed' $err
		done
		grep -qx '# incomplete' table
	done
}

@test "a failure after whole images is passed down too" {
	set +o pipefail
	make_inputs
	{ cat a.pgm; printf 'P6\n'; } >bad
	recon-degrade none bad 2>err | recon-degrade blur >out 2>err2 &&
		return 1
	grep -q 'image 2.*ppmtopgm' err
	grep -q 'image 2: .*the program before failed' err2
	recon-degrade blur a.pgm | cmp - <(head -c -3 out)
}

@test "usage errors poison standard output and --mask too" {
	fails 2 unknown anom-inject dsk --mask mask
	is_poison out && is_poison mask
	fails 2 radius anom-inject disk --radius x --mask=mask2 --record=r
	is_poison out && is_poison mask2
	grep -qx '# incomplete' r
	fails 2 'nothing follows' anom-inject disk --mask
	is_poison out
	fails 2 KIND recon-degrade
	is_poison out
	fails 2 'needs a RECON' residual abs one
	is_poison out
}

@test "data errors poison --mask and end --record" {
	make_inputs
	{ cat a.pgm; pgm 2 1 0 0; } >bad
	fails 3 'image 2: .*without foreground' anom-inject disk \
		--mask mask --record rec bad
	[ "$(tail -c 3 out)" = "Pf" ]
	[ "$(tail -c 3 mask)" = "P5" ]
	[ "$(tail -n 1 rec)" = "# incomplete" ]
	fails 3 'not whole' anom-inject disk --positions rec a.pgm
}

@test "a full disk is an error of its own, on every output" {
	make_inputs
	full() {
		local status=0
		"$@" >/dev/full 2>err <a.pgm || status=$?
		[ "$status" = 4 ] && grep -q 'No space left' err &&
			[ "$(wc -l <err)" = 1 ] || {
			echo "$*: status $status: $(cat err)"
			return 1
		}
	}
	full_filter() { full filter "$1" "$2" a.pgm; }
	each full_filter
	full score --bootstrap 0 b.pgm m.pgm
	full score --json --bootstrap 0 b.pgm m.pgm
	full score --per-image b.pgm m.pgm
	for program in $PROGRAMS; do
		full "$program" --help
		full "$program" --version
		for kind in $(kinds "$program"); do
			full "$program" "$kind" --help
		done
	done
	fails 4 '/dev/full: .*No space' anom-inject disk --mask /dev/full a.pgm
	fails 4 '/dev/full: .*No space' anom-inject disk --record /dev/full \
		a.pgm
	[ "$(tail -c 3 out)" = "Pf" ]
}

@test "closed descriptors are errors, not other files" {
	make_inputs
	fails_with() {
		local status=0
		bash -c "$2" 2>err || status=$?
		[ "$status" = "$1" ] || {
			echo "$2: status $status: $(cat err)"
			return 1
		}
	}
	fails_with 4 'recon-degrade none a.pgm >&-'
	grep -q 'Bad file descriptor' err
	fails_with 4 'recon-degrade none <&- >out'
	fails_with 4 'score b.pgm m.pgm >&-'
	fails_with 4 'score --help >&-'
	fails_with 4 'anom-inject disk --mask mask a.pgm >&-'
	bash -c 'recon-degrade none a.pgm 2>&- >out'
	recon-degrade none a.pgm | cmp - out
	fails_with 3 'exec 2>&-; recon-degrade none <<<x >out'
}

@test "a reader that goes away ends a program quietly" {
	make_inputs
	# More than a pipe holds, tables too.
	for _ in $(seq 100); do cat a.pgm; done >some
	for _ in $(seq 100); do cat some; done >long
	$PYTHON - <<'EOF'
import signal, subprocess, sys
signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # a careless parent
for command in (["recon-degrade", "none", "long"],
                ["score", "--per-image", "long", "long"],
                ["anom-inject", "disk", "long"]):
    p = subprocess.Popen(command, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, restore_signals=False)
    p.stdout.close()
    err = p.stderr.read()
    p.wait()
    if p.returncode != -signal.SIGPIPE or err:
        sys.exit(f"{command}: {p.returncode} {err}")
EOF
}

@test "a terminal gets no binary" {
	make_inputs
	$PYTHON - <<'EOF'
import os, pty, subprocess, sys
for command in (["recon-degrade", "none", "a.pgm"],
                ["anom-inject", "disk", "a.pgm"],
                ["residual", "abs", "a.pgm", "b.pgm"],
                ["nii-slices", "x.nii"]):
    master, slave = pty.openpty()
    p = subprocess.run(command, stdout=slave, stderr=subprocess.PIPE)
    os.close(slave)
    os.set_blocking(master, False)
    try:
        shown = os.read(master, 100)
    except OSError:
        shown = b""
    if p.returncode != 2 or b"terminal" not in p.stderr or shown:
        sys.exit(f"{command}: {p.returncode} {p.stderr} {shown}")
EOF
}

@test "help, version and completion of every program and kind" {
	for program in $PROGRAMS; do
		"$program" --version | grep -qx "$program (blindspot) [0-9.]*"
		for kind in $(kinds "$program") ''; do
			"$program" ${kind:+"$kind"} --help >help
			grep -q "^usage: $program" help
			[ "$(sed -n '/^Examples/,/^More/p' help |
				grep -c "$program")" -ge 2 ]
			"$program" ${kind:+"$kind"} --complete | grep '^--' |
				while read -r option; do
					grep -q -e "  $option\b" help || {
						echo "$program $kind $option"
						return 1
					}
				done
		done
	done
}

@test "man pages, help and tables agree" {
	for program in $PROGRAMS; do
		mandoc -T utf8 "$ROOT/man/$program.1" | col -b >page
		for kind in $(kinds "$program") ''; do
			for word in $kind $("$program" ${kind:+"$kind"} --complete); do
				grep -q -w -e "$word" page || {
					echo "$program.1 lacks $word"
					return 1
				}
			done
			[ -n "$kind" ] || continue
			"$program" "$kind" --help |
				sed -n 's/^  --\([^ ]*\).*default \([^)]*\))$/\1 \2/p' |
				while read -r name value; do
					grep -A 12 -e "--$name" page |
						grep -q -w -e "$value" || {
						echo "$program.1: --$name $value"
						return 1
					}
				done
		done
	done
}

@test "the examples in --help run" {
	make_inputs
	recon-degrade none a.pgm >healthy.pfm
	recon-degrade blur a.pgm >recon.pfm
	anom-inject disk --radius 2 --intensity 1 --mask mask.pgm a.pgm \
		>anom.pfm
	residual abs anom.pfm a.pgm >map.pfm
	$PYTHON -c '
import nibabel, numpy
v = numpy.random.rand(9, 8, 7).astype("f4")
nibabel.save(nibabel.Nifti1Image(v, numpy.eye(4)), "brain.nii.gz")
nibabel.save(nibabel.Nifti1Image((v > .5).astype("u1"), numpy.eye(4)),
             "lesions.nii.gz")'
	for program in $PROGRAMS; do
		"$program" --help | sed -n '/^Examples/,/^$/s/^  //p' >examples
		[ "$(wc -l <examples)" = 2 ]
		while read -r line; do
			mkdir -p run
			cp ./*.pfm mask.pgm ./*.nii.gz run
			(cd run && bash -o pipefail -c "$line") >/dev/null \
				</dev/null || {
				echo "$line"
				return 1
			}
			rm -r run
		done <examples
	done
}

@test "a FIFO for the mask does not deadlock" {
	make_inputs
	for _ in $(seq 30); do cat a.pgm; done >long
	mkfifo mask
	timeout 20 bash -c '
		recon-degrade blur long | residual abs <(anom-inject disk \
			--radius 1 --mask mask long) - | score - mask >table'
	grep -q '^ap' table
}

@test "the locale changes nothing" {
	make_inputs
	recon-degrade blur --sigma 1.5 a.pgm >plain
	for locale in de_DE.UTF-8 fr_FR.UTF-8 C.UTF-8; do
		LC_ALL=$locale recon-degrade blur --sigma 1.5 a.pgm | cmp - plain
	done
}

@test "names in messages cannot break the line" {
	fails 4 'open' recon-degrade none $'no\nsuch\tfile'
}

@test "--digits rounds results, and nothing else" {
	brain-phantom --size 24 --count 3 >in
	anom-inject disk --radius 3 --mask mask in >anom
	recon-degrade blur anom >recon
	residual abs anom recon >map
	residual ssim anom recon >other
	score --per-image map mask >a.tsv
	score --per-image other mask >b.tsv
	table=(anom-sweep --inject 'disk:radius=3,intensity=0:1:7'
		--degrade blur --residual abs in)
	"${table[@]}" >sweep
	both() { # NAME COMMAND...
		"${@:2}" >"full.$1"
		"${@:2}" --digits 3 >"few.$1"
	}
	both summary score map mask 2>/dev/null
	both images score --per-image map mask
	score --lesions full.lesions --bootstrap 0 map mask >/dev/null
	score --lesions few.lesions --bootstrap 0 --digits 3 map mask >/dev/null
	both sweep "${table[@]}"
	both cells "${table[@]}" --per-image
	both compare score-compare a.tsv b.tsv 2>/dev/null
	both predict anom-predict --radius 3 in recon
	both interval blind-interval sweep
	brain-phantom --size 16 --count 3 >squares
	train=(recon-train ae --latent 2 --width 4 --batch 2 --steps 4 --threads 1
		--output model --validate squares --validate-every 2 squares)
	"${train[@]}" --log full.log
	cp model first
	"${train[@]}" --log few.log --digits 3
	cmp model first
	anom-sweep --json --digits 3 "${table[@]:1}" >few.json
	$PYTHON - <<'EOF'
import glob, json
def rows(path):
    lines = [l for l in open(path).read().splitlines()
             if l and not l.startswith("# maps") and not l.startswith("# masks")]
    return [l.split("\t") if l[0] != "#" else l.split(" ") for l in lines
            if "--digits" not in l and not l.startswith(("# score", "# anom",
                                                         "# blind-i",
                                                         "# recon-t"))]
exact = "intensity", "row", "col", "slice", "x"
changed = {}
for path in glob.glob("full.*"):
    a, b = rows(path), rows(path.replace("full", "few"))
    assert len(a) == len(b), path
    header = next(r for r in a if r[0] != "#")
    for p, q in zip(a, b):
        assert len(p) == len(q), (path, p, q)
        for k, (x, y) in enumerate(zip(p, q)):
            if x == y:
                continue
            assert p[0] == "#" or header[k].split(".")[-1] not in exact, (path, p)
            want = ",".join("%.3g" % float(v) for v in x.split(","))
            assert [float(v) for v in want.split(",")] == \
                [float(v) for v in y.split(",")], (path, x, y)
            changed[path] = changed.get(path, 0) + 1
assert len(changed) == len(glob.glob("full.*")), changed
for row in json.load(open("few.json"))["rows"]:
    assert row["ap"] == float("%.3g" % row["ap"]), row
    assert row["inject.intensity"] in [float("%.9g" % (i / 6)) for i in range(7)], row
EOF
	fails 2 'digits: found 0, expected 1 to 17' score --digits 0 map mask
	fails 2 'digits: found 18' score --digits 18 map mask
	fails 2 'digits' score --digits 2.5 map mask
	# A threshold that is kept is exact.
	recon-degrade blur in | residual abs in - >healthy
	score --healthy healthy --fpr 0.1 --save-threshold full.tsv \
		--bootstrap 0 map mask >/dev/null
	score --healthy healthy --fpr 0.1 --save-threshold few.tsv \
		--bootstrap 0 --digits 2 map mask >/dev/null
	cmp <(grep -v '^#' full.tsv) <(grep -v '^#' few.tsv)
}
