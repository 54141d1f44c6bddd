#!/usr/bin/env bats
# anom-sweep beyond its numbers: commands that reconstruct, shards, bad input;
# fg-equalize as a filter.

load helpers

GRID='--inject disk:radius=3,intensity=0:1:3'

make_images() {
	$PYTHON -c '
import numpy, sys
r = numpy.random.default_rng(5)
for i in range(6):
    x = r.random((20, 17), dtype="f4")
    sys.stdout.buffer.write(b"Pf\n17 20\n-1.0\n" + x.tobytes())' >a.pfm
	recon-degrade blur --sigma 1.5 a.pfm >r.pfm
	# shellcheck disable=SC2086
	anom-sweep $GRID --degrade blur:sigma=1.5 a.pfm | grep -v '^#' >wanted
}

# with COMMAND [OPTION...]: the rows with a command of one's own
with() {
	local command=$1
	shift
	# shellcheck disable=SC2086
	anom-sweep $GRID --recon-cmd "$command" "$@" | grep -v '^#'
}

@test "a command may stream, wait, hold everything back, or read a pipe" {
	make_images
	for command in 'recon-degrade blur --sigma 1.5' \
		'sleep .3; recon-degrade blur --sigma 1.5' \
		'cat >all; recon-degrade blur --sigma 1.5 all' \
		'recon-degrade blur --sigma 1.5; sleep .2' \
		'cat >/dev/null; cat r.pfm' 'cat r.pfm'; do
		with "$command" a.pfm >got
		cmp wanted got
		with "$command" <a.pfm >got
		cmp wanted got
		# shellcheck disable=SC2002
		cat a.pfm | with "$command" >got
		cmp wanted got
	done
}

@test "cat gives the perfect reconstruction" {
	make_images
	with cat a.pfm >got
	# shellcheck disable=SC2086
	anom-sweep $GRID --degrade none a.pfm | grep -v '^#' | cmp - got
}

@test "a large stream does not block whatever a command holds back" {
	for i in 1 2 3 4 5 6 7 8; do
		printf 'P5\n1024 1024\n255\n'
		head -c 1048576 /dev/zero | tr '\0' "\\$((100 + i))"
	done >large.pgm
	for command in cat 'cat >all; cat all' 'cat large.pgm'; do
		timeout 60 "$BIN/anom-sweep" --inject disk \
			--recon-cmd "$command" large.pgm >/dev/null
	done
}

@test "a stream of reconstructions" {
	make_images
	# shellcheck disable=SC2086
	anom-sweep $GRID --recon r.pfm a.pfm | grep -v '^#' | cmp - wanted
	anom-inject disk --radius 3 --intensity .25 a.pfm |
		recon-degrade blur --sigma 1.5 >ra.pfm
	anom-sweep --inject disk:radius=3,intensity=.25 --recon ra.pfm \
		--on anomalous a.pfm | grep -v '^#' >one
	anom-sweep --inject disk:radius=3,intensity=.25 --on anomalous \
		--degrade blur:sigma=1.5 a.pfm | grep -v '^#' | cmp - one
}

@test "a command reconstructs each anomalous image" {
	make_images
	# shellcheck disable=SC2086
	anom-sweep $GRID --on anomalous --degrade blur:sigma=1.5 --equalize \
		a.pfm | grep -v '^#' >want
	with 'recon-degrade blur --sigma 1.5' --on anomalous --equalize \
		a.pfm | cmp - want
}

@test "masks: of any command, in shards, and masks that do not fit" {
	make_images
	$PYTHON -c '
import numpy, sys
r = numpy.random.default_rng(6)
for i in range(6):
    x = (r.random((20, 17)) < .5) * 9
    sys.stdout.buffer.write(b"P5 17 20 255\n" + x.astype("u1").tobytes())' \
		>w.pgm
	# shellcheck disable=SC2086
	set -- anom-sweep $GRID --on anomalous
	"$@" --degrade blur:sigma=1.5 --within w.pgm a.pfm | grep -v '^#' >want
	with 'recon-degrade blur --sigma 1.5' --on anomalous --within w.pgm \
		a.pfm | cmp - want
	"$@" --degrade blur:sigma=1.5 a.pfm | grep -v '^#' >without
	[ "$(cksum <want)" != "$(cksum <without)" ]
	"$@" --degrade blur:sigma=0:2:3 --within w.pgm a.pfm >whole
	grep -q '^# within 6, ' whole
	for k in 1 2; do
		"$@" --degrade blur:sigma=0:2:3 --within w.pgm --shard $k/2 \
			a.pfm >part$k
	done
	anom-sweep --merge part2 part1 | cmp - whole
	"$@" --degrade none a.pfm --shard 2/2 >other
	fails 3 'not a shard' anom-sweep --merge part1 other
	head -c 706 w.pgm >two.pgm
	"$@" --degrade none --within two.pgm a.pfm 2>err >/dev/null
	grep -q '2 masks for 6 images' err
	fails 3 '2 masks' "$@" --degrade none --within two.pgm --strict a.pfm
	printf 'P2\n1 1\n1\n1\n' >small.pgm
	fails 3 'small.pgm: image 0: .*1 x 1' "$@" --degrade none \
		--within small.pgm a.pfm
	(printf 'P5 17 20 255\n' && head -c 340 /dev/zero) >none.pgm
	fails 3 'image 0: .*foreground' "$@" --degrade none \
		--within none.pgm a.pfm
	fails 2 'names of files' "$@" --recon-cmd cat --within - a.pfm
	fails 4 'nosuch' "$@" --degrade none --within nosuch a.pfm
}

# ends STATUS PATTERN COMMAND: the sweep fails, its table says so
ends() {
	# shellcheck disable=SC2086
	fails "$1" "$2" anom-sweep $GRID --recon-cmd "$3" a.pfm
	[ "$(tail -n 1 out)" = '# incomplete' ]
}

@test "commands that fail" {
	make_images
	ends 4 'failed with status 7' 'exit 7'
	ends 4 'failed with status 7' 'cat; exit 7'
	ends 4 'failed with status 7' 'cat >/dev/null; cat r.pfm; exit 7'
	ends 4 'killed by signal 9' 'kill -9 $$'
	ends 4 'killed by signal 11' 'cat; kill -SEGV $$'
	ends 4 'status 127' 'exec nosuchcommand 2>/dev/null'
	ends 3 'ended after 0 images' 'cat >/dev/null'
	ends 3 'ended after 0 images' 'exec <&- >&-; sleep 30'
	ends 3 'ended after 2 images' 'head -c 2748'
	ends 3 'image 2: byte .* stream ends' 'head -c 3000'
	ends 3 'more than 6 images' 'cat; cat r.pfm'
	ends 3 'more than 6 images' 'while cat r.pfm; do :; done 2>/dev/null'
	ends 3 'magic number' 'echo hello'
	ends 3 'is 5 x 5, expected the 17 x 20' \
		'printf "P5\n5 5\n255\n"; head -c 25 /dev/zero'
}

@test "streams of reconstructions that do not fit" {
	make_images
	head -c 5496 r.pfm >short.pfm
	cat r.pfm r.pfm >long.pfm
	printf 'P2\n1 1\n1\n1\n' >small.pgm
	# shellcheck disable=SC2086
	set -- anom-sweep $GRID
	fails 3 'short.pfm: .*ended after 4' "$@" --recon short.pfm a.pfm
	fails 3 'long.pfm: .*more than 6' "$@" --recon long.pfm a.pfm
	fails 3 'small.pgm: .*is 1 x 1' "$@" --recon small.pgm a.pfm
	fails 4 'nosuch' "$@" --recon nosuch a.pfm
	fails 2 'named twice' "$@" --recon - -
}

@test "bad images" {
	make_images
	head -c 3000 a.pfm >cut.pfm
	printf 'P2\n2 1\n1\n0 0\n' >black.pgm
	cat a.pfm black.pgm >later
	# shellcheck disable=SC2086
	set -- anom-sweep $GRID --degrade blur:sigma=1
	fails 3 'cut.pfm: image 2' "$@" cut.pfm
	fails 3 'later: image 6: .*without foreground' "$@" later
	fails 3 'later: image 6: .*without foreground' "$@" --memory 1 later
	fails 3 'later: image 6: .*foreground' "$@" --equalize later
	fails 3 'no images' "$@" /dev/null
	fails 4 'nosuch' "$@" nosuch
	status=0
	"$@" a.pfm >/dev/full 2>err || status=$?
	[ "$status" = 4 ]
	grep -q 'No space left' err
}

@test "bad requests" {
	make_images
	fails 2 'no --inject' anom-sweep --degrade none a.pfm
	fails 2 'one of --degrade' anom-sweep --inject disk a.pfm
	fails 2 'one of --degrade' anom-sweep --inject disk --degrade none \
		--recon-cmd cat a.pfm
	fails 2 "nearest is 'disk'" anom-sweep --inject disc --degrade none
	fails 2 "nearest is 'sigma'" anom-sweep --inject disk \
		--degrade blur:sgma=1
	fails 2 'degrade: .*0:5:1' anom-sweep --inject disk \
		--degrade blur:sigma=0:5:1
	fails 2 'more than 10000000' anom-sweep \
		--inject disk:radius=1:9:10000,intensity=0:1:10000 \
		--degrade none
	fails 2 'more than 10000000' anom-sweep --inject \
		disk:intensity=0:1:10000 --degrade blur:sigma=0:1:10000
	fails 2 'unknown metric' anom-sweep --inject disk --degrade none \
		--metrics app
	fails 2 'given twice' anom-sweep --inject disk --degrade none \
		--metrics ap,ap
	fails 2 'normal or anomalous' anom-sweep --inject disk \
		--degrade none --on both
	fails 2 'without ranges' anom-sweep --inject disk:intensity=0:1:2 \
		--recon r.pfm --on anomalous a.pfm
	fails 2 'unexpected operand' anom-sweep --inject disk \
		--degrade none a.pfm r.pfm
	for shard in 0/2 3/2 1 1/ /2 a/b 1/2/3 -1/2; do
		fails 2 'expected K/N' anom-sweep --inject disk \
			--degrade none --shard="$shard" a.pfm
	done
	for size in 0 M 1T 1.5M -1 99999999G; do
		fails 2 'expected a number of bytes' anom-sweep \
			--inject disk --degrade none --memory="$size" a.pfm
	done
	fails 2 'threads' anom-sweep --inject disk --degrade none --threads 0
}

@test "shards that do not fit together" {
	make_images
	# shellcheck disable=SC2086
	set -- anom-sweep $GRID --degrade blur:sigma=0:2:3
	for k in 1 2 3; do
		"$@" --shard $k/3 a.pfm >part$k
	done
	"$@" --seed 1 --shard 3/3 a.pfm >seed
	"$@" --metrics auroc --shard 3/3 a.pfm >metric
	"$@" --per-image --shard 3/3 a.pfm >images
	"$@" --shard 3/3 r.pfm >others
	sed 's/^# blindspot .*/# blindspot 0.0.1/' part3 >version
	sed '$d' part3 >less
	sed '$d' part3 | cat - <(echo '# incomplete') >failed
	sed 's/^1	/1.5	/' part3 >off
	fails 3 'in none of the shards' anom-sweep --merge part1 part2
	fails 3 'in none of the shards' anom-sweep --merge part1 part2 less
	fails 3 'another shard has' anom-sweep --merge part1 part2 part3 part3
	fails 3 'seed 1, expected seed 0' anom-sweep --merge part1 part2 seed
	fails 3 'column auroc' anom-sweep --merge part1 part2 metric
	fails 3 'not a shard' anom-sweep --merge part1 part2 images
	fails 3 'xxh3' anom-sweep --merge part1 part2 others
	fails 3 'blindspot 0.0.1' anom-sweep --merge part1 part2 version
	fails 3 'not whole' anom-sweep --merge part1 part2 failed
	fails 3 'no value of the grid' anom-sweep --merge part1 part2 off
	fails 3 'expected a table of anom-sweep' anom-sweep --merge wanted
	fails 4 'nosuch' anom-sweep --merge part1 nosuch
	anom-sweep --merge part3 part1 part2 | grep -vc '^#' | grep -qx 10
}

@test "equalisation is a filter like others" {
	make_images
	printf 'P2\n2 1\n1\n0 0\n' >black.pgm
	cat a.pfm r.pfm >both
	(fg-equalize a.pfm && fg-equalize r.pfm) >pieces
	fg-equalize <both | cmp - pieces
	fails 3 'image 0: .*foreground' fg-equalize black.pgm
	printf 'Pf\n' | cmp - out
	head -c 2000 a.pfm >cut.pfm
	fails 3 'image 1: byte' fg-equalize cut.pfm
	mv out failed
	fails 3 'the program before' fg-equalize failed
	fails 2 'unexpected operand' fg-equalize a.pfm r.pfm
	fails 2 'nearest is --clip' fg-equalize --clap a.pfm
	fails 4 'nosuch' fg-equalize nosuch
}

@test "intervals of cells are those of score, in parts too" {
	brain-phantom --size 24 --count 7 >in.pfm
	printf 'image\tsubject\n' >groups
	for i in 0 1 2 3 4 5 6; do printf '%d\ts%d\n' $i $((i / 2)); done >>groups
	sweep=(anom-sweep --inject 'disk:radius=3,intensity=0:1:3' --seed 5
		--degrade blur:sigma=1:2:2 --residual abs
		--metrics 'ap,dice_threshold' in.pfm)
	for how in '--groups groups' '--bootstrap 40' '--interval t' \
		'--groups groups --interval percentile --bootstrap 77'; do
		# shellcheck disable=SC2086 # words
		"${sweep[@]}" $how >table 2>said
		grep -q 'warning: .* behind an interval, fewer than 20' said
		for a in 0 0.5 1; do
			anom-inject disk --radius 3 --intensity $a --seed 5 \
				--mask mask in.pfm >anom
			# shellcheck disable=SC2086 # words
			recon-degrade blur --sigma 2 in.pfm |
				residual abs anom - | score --seed 5 $how \
				--metrics ap,dice_threshold - mask 2>said |
				awk '/^(ap|dice)/ { print $2, $4, $5 }' |
				paste -sd ' ' >want
			awk -v a=$a '$1 == a && $2 == 2 { print $3, $6, $7, $8, \
				$11, $12 }' table | cmp - want
		done
		for k in 1 2 3; do
			# shellcheck disable=SC2086 # words
			"${sweep[@]}" $how --shard $k/3 --threads 2 \
				>"part$k" 2>said
		done
		anom-sweep --merge part3 part1 part2 | cmp - table
	done
	grep -q "^inject.intensity	degrade.sigma	ap	ap_sd	ap_undefined	ap_low	ap_high	dice" table
	"${sweep[@]}" >plain
	! grep -q 'interval\|_low' plain || false
	for how in '--bootstrap 9' '--interval t' '--groups groups'; do
		# shellcheck disable=SC2086 # words
		fails 2 '--per-image writes values without intervals' \
			"${sweep[@]}" --per-image $how
	done
	fails 2 'groups is for intervals' "${sweep[@]}" --groups groups \
		--bootstrap 0
	fails 2 "interval: found 'z'" "${sweep[@]}" --interval z
	head -n 7 groups >short
	fails 3 'short: no row for image 6' "${sweep[@]}" --groups short
	{ cat groups; printf '7\tx\n'; } >long
	fails 3 'long: a row for image 7, but the stream ends after 7' \
		"${sweep[@]}" --groups long
	fails 3 'behind an interval' "${sweep[@]}" --groups groups --strict
	"${sweep[@]}" --groups groups --bootstrap 9 --shard 1/2 >other 2>said
	fails 3 'not a shard of the same table: interval' anom-sweep --merge other part2 part3
}

@test "operating points: in parts, of pipes and commands, the same bytes" {
	brain-phantom --size 24 --count 5 >in.pfm
	recon-degrade blur --sigma 1 in.pfm >r.pfm
	sweep=(anom-sweep --inject 'disk:radius=3,intensity=0:1:3' --fpr '.02,.1')
	grid=("${sweep[@]}" --degrade blur:sigma=0:2:3 --residual
		abs:median=1:3:2)
	"${grid[@]}" in.pfm >whole
	grep -q '^# fpr .02,.1$' whole
	grep -q '	dice@fpr=0.02	.*	threshold@fpr=0.02	threshold@fpr=0.1$' \
		whole
	for how in '--memory 1' '--memory 20K' '--memory 100K' '--threads 1' \
		'--threads 3'; do
		# shellcheck disable=SC2086 # words
		"${grid[@]}" $how in.pfm | cmp - whole
	done
	"${grid[@]}" <in.pfm | tail -n +3 >piped
	# shellcheck disable=SC2002 # a pipe, not a file
	cat in.pfm | "${grid[@]}" | tail -n +3 | cmp - piped
	# The second cuts degradations, some shards of the third are empty.
	for n in 3 5 20; do
		parts=()
		for k in $(seq $n); do
			"${grid[@]}" --shard "$k/$n" in.pfm >"part$k"
			parts+=("part$k")
		done
		anom-sweep --merge "${parts[@]}" | cmp - whole
	done
	"${grid[@]}" --per-image in.pfm >images
	for k in 1 2; do
		"${grid[@]}" --per-image --shard $k/2 in.pfm >"part$k"
	done
	anom-sweep --merge part1 part2 | cmp - images
	"${sweep[@]}" --degrade blur:sigma=1 in.pfm | grep -v '^#' >want
	for how in '--recon r.pfm' '--recon -' \
		"--recon-cmd 'recon-degrade blur --sigma 1'" \
		"--recon-cmd 'cat >/dev/null; cat r.pfm'"; do
		eval "recon-degrade blur --sigma 1 in.pfm |" \
			'"${sweep[@]}"' "$how" in.pfm | grep -v '^#' | cmp - want
	done
	# shellcheck disable=SC2002 # a pipe, not a file
	cat in.pfm | "${sweep[@]}" --recon-cmd 'recon-degrade blur --sigma 1' |
		grep -v '^#' | cmp - want
}

@test "operating points have the intervals of score, within masks too" {
	brain-phantom --size 24 --count 6 >in.pfm
	foreground in.pfm >in.pgm
	recon-degrade blur --sigma 1 in.pfm >r.pfm
	residual abs in.pfm r.pfm >healthy.pfm
	anom-inject disk --radius 3 --intensity 1 --within in.pgm \
		--mask mask.pgm in.pfm >anom.pfm
	metrics=dice_at,lesion_sensitivity,false_regions
	residual abs anom.pfm r.pfm | score --healthy healthy.pfm \
		--healthy-within in.pgm --within in.pgm --fpr .05 \
		--metrics $metrics - mask.pgm 2>said |
		awk '/@/ { print $2, $3, $7, $4, $5 }' >want
	[ "$(wc -l <want)" = 3 ]
	anom-sweep --inject disk:radius=3,intensity=1 --degrade blur:sigma=1 \
		--bootstrap 1000 --within in.pgm --fpr .05 --metrics $metrics \
		in.pfm 2>said | grep -v '^#' | tail -n 1 | cut -f 1-15 |
		xargs -n 5 echo | cmp - want
}

@test "operating points that cannot be" {
	make_images
	# shellcheck disable=SC2086
	set -- anom-sweep $GRID
	for q in 0 1 -1 x '' '.1,' .1,0.1 .1,.2,.3,.4,.5,.6,.7,.8,.9; do
		fails 2 'fpr: ' "$@" --degrade none --fpr="$q" a.pfm
	done
	fails 2 'dice_at is at a threshold, expected --fpr' "$@" \
		--degrade none --metrics dice_at a.pfm
	fails 2 'froc needs a whole stream' "$@" --degrade none --fpr .1 \
		--metrics froc a.pfm
	fails 2 'inpaint fills the anomaly' "$@" --degrade inpaint --fpr .1 \
		a.pfm
	fails 2 'expected --degrade' "$@" --recon-cmd cat --on anomalous \
		--fpr .1 a.pfm
	fails 2 'masks of --within more than once' "$@" --degrade none \
		--fpr .1 --within - a.pfm
	fails 2 'table of 1[0-9]* columns' "$@" --degrade none --bootstrap 9 \
		--fpr .1,.2,.3,.4,.5,.6,.7,.8 a.pfm
	head -c 3000 a.pfm >cut.pfm
	fails 3 'cut.pfm: image 2' "$@" --degrade none --fpr .1 cut.pfm
	fails 3 'no images' "$@" --degrade none --fpr .1 /dev/null
	fails 3 'no images' "$@" --recon-cmd cat --fpr .1 /dev/null
	fails 3 'ended after 4' "$@" --recon-cmd 'head -c 5496' --fpr .1 a.pfm
	fails 3 'more than 6' "$@" --recon-cmd 'cat; cat r.pfm' --fpr .1 a.pfm
	fails 4 'status 7' "$@" --recon-cmd 'cat; exit 7' --fpr .1 a.pfm
	fails 3 'expected 7' "$@" --degrade none --fpr .1 --expect 7 a.pfm
	printf 'P2\n2 1\n1\n0 0\n' | cat a.pfm - >later
	fails 3 'later: image 6: .*without foreground' "$@" --degrade none \
		--fpr .1 later
	fails 2 'residual: abs: median' "$@" --degrade none --residual abs:median=2 --fpr .1 \
		a.pfm
	"$@" --degrade blur:sigma=0:2:3 --fpr .1 --shard 1/2 a.pfm >part1
	"$@" --degrade blur:sigma=0:2:3 --fpr .2 --shard 2/2 a.pfm >part2
	fails 3 'fpr .2, expected fpr .1' anom-sweep --merge part1 part2
}

@test "several anomalies and places of a table: of commands, in parts" {
	make_images
	printf 'row\tcol\timage\tanomaly\n' >places
	for i in 0 1 2 3 4 5; do
		printf '%d\t%d\t%d\t1\n%d\t9\t%d\t0\n' $((i + 4)) $((16 - i)) \
			$i $((19 - i)) $i >>places
	done
	# shellcheck disable=SC2086
	set -- anom-sweep $GRID --count 2 --positions places --on anomalous
	"$@" --degrade blur:sigma=1.5 a.pfm >whole
	grep -qx '# count 2' whole
	grep -q '^# positions 12, xxh3 ' whole
	grep -v '^#' whole >want
	"$@" --recon-cmd 'recon-degrade blur --sigma 1.5' a.pfm |
		grep -v '^#' | cmp - want
	for k in 1 2; do
		"$@" --degrade blur:sigma=1.5 --shard $k/2 --memory 1 a.pfm \
			>part$k
	done
	anom-sweep --merge part1 part2 | cmp - whole
	anom-inject disk --radius 3 --intensity .5 --count 2 --record record \
		a.pfm >anom.pfm
	# shellcheck disable=SC2086
	anom-sweep $GRID --degrade none --count 2 a.pfm | grep -v '^#' >drawn
	# shellcheck disable=SC2086
	anom-sweep $GRID --degrade none --count 2 --positions record a.pfm |
		grep -v '^#' | cmp - drawn
	# A piece of the stream, by its first index.
	head -c 2748 a.pfm >first.pfm
	tail -c +2749 a.pfm >rest.pfm
	"$@" --degrade blur --per-image a.pfm | grep -v '^#' >images
	{
		"$@" --degrade blur --per-image --first-index 0 first.pfm
		"$@" --degrade blur --per-image --first-index 2 rest.pfm |
			grep -v '^inject'
	} | grep -v '^#' | cmp - images
}

@test "places and counts that cannot be" {
	make_images
	printf 'image\trow\tcol\n' >few
	for i in 0 1 2 3 4; do printf '%d\t9\t9\n' $i >>few; done
	{ cat few && printf '5\t9\t9\n'; } >places
	{ cat few && printf '5\t20\t9\n'; } >outside
	{ cat places && printf '6\t9\t9\n'; } >most
	# shellcheck disable=SC2086
	set -- anom-sweep $GRID --degrade none
	for n in 0 -1 1001 x; do fails 2 'count' "$@" --count=$n a.pfm; done
	fails 3 'few: no row for image 5, anomaly 0' "$@" --positions few a.pfm
	fails 3 'places: no row for image 0, anomaly 1' "$@" --count 2 \
		--positions places a.pfm
	fails 3 'outside: image 5: row 20, column 9 lies outside' "$@" \
		--positions outside a.pfm
	fails 3 'most: a row for image 6, but the stream ends after 6' "$@" \
		--positions most a.pfm
	"$@" --positions most --first-index 0 a.pfm >part1
	fails 3 'few: no row for image 5' "$@" --fpr .1 --positions few a.pfm
	fails 4 'nosuch' "$@" --positions nosuch a.pfm
	fails 3 'no column image' "$@" --positions a.pfm a.pfm
	# shellcheck disable=SC2086
	fails 3 'few: no row for image 5' anom-sweep $GRID --on anomalous \
		--recon-cmd cat --positions few a.pfm
	"$@" --positions places --shard 1/2 a.pfm >part1
	"$@" --positions most --first-index 0 --shard 2/2 a.pfm >part2
	fails 3 'not a shard of the same table: positions' anom-sweep --merge \
		part1 part2
	"$@" --count 2 --shard 2/2 a.pfm >part2
	fails 3 'not a shard of the same table: ' anom-sweep --merge part1 part2
}

@test "several residuals at once: the rows of each alone, in parts too" {
	brain-phantom --size 24 --count 4 >in.pfm
	sweep=(anom-sweep --inject 'disk:radius=3,intensity=0:1:3' in.pfm
		--metrics 'ap,mean_residual' --degrade bias-field:amplitude=0:.4:3)
	all=(abs ssim:sigma=1:2:2 gmm:components=2 abs:median=3
		mahalanobis:samples=2)
	cells=(abs ssim:sigma=1 ssim:sigma=2 gmm:components=2 abs:median=3
		mahalanobis:samples=2)
	for how in '' '--fpr .1' '--on anomalous' '--per-image' \
		'--count 2 --equalize --bootstrap 20'; do
		# shellcheck disable=SC2086 # words
		"${sweep[@]}" $how "${all[@]/#/--residual=}" >whole 2>said
		[ "$(grep -c '^# residual' whole)" = 5 ]
		for one in "${cells[@]}"; do
			# shellcheck disable=SC2086 # words
			"${sweep[@]}" $how --residual "$one" 2>said |
				grep -v '^#' >want
			awk -F '\t' -v OFS='\t' -v one="$one" \
				'$3 == one || /^inject/' whole |
				cut -f 1,2,4- | cmp - want
		done
		for n in 2 5; do
			parts=()
			for k in $(seq $n); do
				# shellcheck disable=SC2086 # words
				"${sweep[@]}" $how "${all[@]/#/--residual=}" \
					--shard "$k/$n" >"part$k" 2>said
				parts+=("part$k")
			done
			anom-sweep --merge "${parts[@]}" | cmp - whole
		done
	done
	# In JSON they are an array; a command gives one image for all.
	"${sweep[@]}" --json --residual abs --residual ssim |
		$PYTHON -c 'import json, sys
t = json.load(sys.stdin)
assert [r.split(":")[0] for r in t["residual"]] == ["abs", "ssim"]
assert {r["residual"] for r in t["rows"]} == {"abs", "ssim"}'
	set -- anom-sweep --inject "disk:radius=3,intensity=0:1:3" in.pfm
	"$@" --degrade blur --residual abs --residual ssim | grep -v '^#' >want
	"$@" --recon-cmd 'recon-degrade blur' --residual abs --residual ssim |
		grep -v '^#' | cmp - want
}

@test "several residuals that cannot be" {
	make_images
	# shellcheck disable=SC2086
	set -- anom-sweep $GRID --degrade blur:sigma=0:2:3 a.pfm
	fails 2 'residual: abs is given twice' "$@" --residual abs \
		--residual abs:median=1
	fails 2 'abs:median=3 is given twice' "$@" --residual abs:median=3:5:2 \
		--residual abs:median=1:3:2
	fails 2 "nearest is 'abs'" "$@" --residual ssim --residual asb
	fails 2 'zscore: no --model' "$@" --residual abs --residual zscore
	fails 2 'residual: abs: median' "$@" --residual ssim \
		--residual abs:median=2
	# shellcheck disable=SC2046 # words
	fails 2 'more than 16' "$@" $(printf -- '--residual=abs:smooth=%d ' \
		{1..17})
	# shellcheck disable=SC2086
	fails 3 'expected 3 for each image to reconstruct (mahalanobis' \
		anom-sweep $GRID --residual abs --residual \
		mahalanobis:samples=3 --recon r.pfm a.pfm
	"$@" --residual abs --residual ssim --shard 1/2 >part1
	"$@" --residual ssim --residual abs --shard 2/2 >part2
	fails 3 'not a shard of the same table: residual' anom-sweep --merge \
		part1 part2
	"$@" --residual abs --residual ssim --shard 2/2 | sed 's/	abs	/	asb	/' \
		>part2
	sed 's/^# residual ssim.*/# residual abs/' part1 >twice
	fails 3 'two residuals abs, expected each once' anom-sweep --merge \
		twice
	fails 3 'asb is no value of the grid' anom-sweep --merge part1 part2
}
