#!/usr/bin/env bats
# Images of streams: numbers, ranges, pieces, rows of an index.

load helpers

refuses() {
	fails "$@"
	is_poison out
}

# numbered: ten images of one sample each, which is its number
numbered() { for i in 0 1 2 3 4 5 6 7 8 9; do pgm 1 1 $i; done; }

# numbers < STREAM: the samples of 8-bit PGM images of one sample
numbers() { pamtopnm -plain | grep -v -e P2 -e 255 -e '^1 1' | tr -d ' ' |
	paste -sd ' '; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	numbered >ten
	{
		printf 'image\tsubject\tsite\n'
		for i in 0 1 2 3 4 5 6 7 8 9; do
			printf '%s\ts%s\t%s\n' $i $((i / 4)) $((i % 2))
		done
	} >index
}

@test "ranges as in Python" {
	for range in : 2:5 3: :4 ::3 1:9:4 8:100 9:10; do
		want=$($PYTHON -c 'import sys
print(*range(10)[slice(*(int(p) if p else None
                         for p in sys.argv[1].split(":")))])' $range)
		[ "$(stream-pick $range ten | numbers)" = "$want" ]
		[ "$(stream-pick $range <ten | numbers)" = "$want" ]
	done
	refuses 2 'expected A:B' stream-pick 3 ten
	refuses 2 'expected A:B' stream-pick 1:2:3:4 ten
	refuses 2 'whole numbers' stream-pick a:b ten
	refuses 2 'unknown option -3' stream-pick -3: ten
	refuses 2 'whole numbers' stream-pick :-3 ten
	refuses 2 'a step of 0' stream-pick 1:5:0 ten
	refuses 2 'picks nothing' stream-pick 5:5 ten
	refuses 2 'nothing says which' stream-pick
	refuses 3 'ten: none of its 10 images' stream-pick 10:12 ten
	refuses 4 'No such file' stream-pick 1:2 absent
}

@test "images by their numbers" {
	[ "$(stream-pick --images 0,3,9 ten | numbers)" = '0 3 9' ]
	refuses 2 '3 after 4, expected ascending' stream-pick --images 4,3 ten
	refuses 2 '4 after 4' stream-pick --images 4,4 ten
	for bad in "" "," "1," "1,,2" x 1.5 -1 99999999999999999999; do
		refuses 2 'images: ' stream-pick --images "$bad" ten
	done
	fails 3 'ten: the stream ends after 10 images, expected image 10' \
		stream-pick --images 2,10 ten
	[ "$(tail -c 3 out)" = P5 ]
	refuses 2 'two ways' stream-pick --images 2 1:2 ten
	refuses 2 'two ways' stream-pick --images 2 --split 1/2 ten
}

@test "rows of an index, and the index of what is picked" {
	[ "$(stream-pick --where subject=s1 --index index ten | numbers)" = \
		'4 5 6 7' ]
	stream-pick --where subject=s1 --where site=1 --index index \
		--picked picked <ten >out
	[ "$(numbers <out)" = '5 7' ]
	grep -v '^#' picked | cmp - <(printf 'image\tsubject\tsite\n0\ts1\t1\n1\ts1\t1\n')
	[ "$(stream-pick --where 'image>=4' --where 'image<=8' --where site=0 \
		--index index ten | numbers)" = '4 6 8' ]
	for text in 'image<4' 'image>' '=4' '>=4'; do
		refuses 2 "where: found '$text', expected COLUMN=VALUE" \
			stream-pick --where "$text" --index index ten
	done
	refuses 2 "where image>=x: 'x' is not a number" \
		stream-pick --where 'image>=x' --index index ten
	refuses 3 "index: line 2: subject is 's0', expected a number" \
		stream-pick --where 'subject>=1' --index index ten
	refuses 2 "where: index has no column 'sub'" \
		stream-pick --where sub=s1 --index index ten
	refuses 2 "where: found 'subject', expected COLUMN=VALUE" \
		stream-pick --where subject --index index ten
	refuses 2 'where .* not given' stream-pick --where subject=s1 ten
	refuses 2 'picked .* not given' stream-pick --picked p 1:2 ten
	refuses 3 'ten: none of its 10 images' \
		stream-pick --where subject=s --index index ten
	head -n 10 index >short
	fails 3 'short: no row for image 9' \
		stream-pick --where subject=s1 --index short --picked p ten
	[ "$(tail -n 1 p)" = '# incomplete' ]
	printf '10\ts9\t0\n' | cat index - >long
	fails 3 'long: a row for image 10, but the stream ends after 10' \
		stream-pick --where subject=s1 --index long ten
	sed 's/$/\r/' index >crlf
	refuses 3 'crlf: line 2: .*carriage' stream-pick --index crlf : ten
	tr '\t' , <index >comma
	refuses 3 'comma: line 1: commas' stream-pick --index comma : ten
	sed 's/s1//' index >nameless
	refuses 3 'nameless: line 6: an empty subject' \
		stream-pick --index nameless : ten
}

@test "names that begin as quotes or comments do are written as they are read" {
	# As Python's csv reads it, which has the same quotes.
	printf '%s\t%s\t%s\t%s\n' '"#name"' image '"""site"' subject \
		'"#1"' 0 '"""left"" side"' '"""a"' 'a"b' 1 '#2' '#b' \
		'""""' 2 '"x"' '"""c"""' >quoted
	stream-pick :3 ten >stream
	stream-pick --index quoted --picked picked : stream >out
	$PYTHON - <<-'END'
		import csv
		def rows(name):
		    lines = [line for line in open(name) if line[0] != "#"]
		    return list(csv.reader(lines, delimiter="\t"))
		want = [["#name", "image", '"site', "subject"],
		    ["#1", "0", '"left" side', '"a'],
		    ['a"b', "1", "#2", "#b"], ['"', "2", "x", '"c"']]
		assert rows("quoted") == want and rows("picked") == want
	END
	stream-pick --index picked --picked again : out >/dev/null
	cmp <(tail -n +3 picked) <(tail -n +3 again)
	[ "$(stream-pick --where 'subject="a' --where '#name=#1' --index picked \
		out | numbers)" = 0 ]
}

@test "what nii-slices says of its slices stays said" {
	printf '# axis coronal\n# axes stored\n# size 7\n# other 1\n' |
		cat - index >facts
	stream-pick --index facts --picked picked 1:2 ten >out
	[ "$(grep '^#' picked | tail -n +3)" = \
		"$(printf '# axis coronal\n# axes stored\n# size 7')" ]
	# In one that is picked too.
	stream-pick --index picked --picked again : out >/dev/null
	cmp <(tail -n +3 picked) <(tail -n +3 again)
}

@test "pieces make the whole, and say where they begin" {
	for n in 1 2 3 4 10; do
		at=0
		for k in $(seq $n); do
			[ "$(stream-pick --split "$k/$n" --print-first ten)" = \
				$at ]
			stream-pick --split "$k/$n" ten >piece
			at=$((at + $(numbers <piece | wc -w)))
			cat piece >&3
		done 3>whole
		[ $at = 10 ]
		cmp whole <(stream-pick : ten)
	done
	# A pipe with an index; standard input that is a file.
	cmp <(stream-pick --split 2/3 ten) \
		<(numbered | stream-pick --split 2/3 --index index)
	cmp <(stream-pick --split 2/3 ten) <(stream-pick --split 2/3 <ten)
	mkfifo pipe
	cat ten >pipe &
	refuses 2 'a pipe does not tell' stream-pick --split 1/2 pipe
	for bad in 0/2 3/2 1 1/ /2 1/2/3 a/b 1/0; do
		refuses 2 'split: found' stream-pick --split $bad ten
	done
	refuses 3 'ten: 10 images, expected at least one for each piece' \
		stream-pick --split 1/11 ten
	refuses 2 'print-first goes with' stream-pick --print-first 1:2 ten
	head -c 60 ten >short
	refuses 3 'short: image' stream-pick --split 1/2 short
}

@test "samples and sizes are kept, whatever the format" {
	make_inputs
	printf 'P5\n1 2\n4095\n\001\002\017\377' >twelve.pgm
	residual signed b.pgm a.pgm >signed.pfm
	cat mixed.pgm twelve.pgm signed.pfm >all
	stream-pick : all | recon-degrade none | cmp - <(recon-degrade none all)
	stream-pick : mixed.pgm | head -c 2 | grep -q P5
	fails 3 'cannot be written' stream-pick --format pgm8 : signed.pfm
	[ "$(stream-pick --format pgm8 --clip 1:2 all | wc -c)" = 15 ]
	# What comes after the last image that is wanted is read as well.
	{ cat ten; printf 'P5\n2 2\n255\n\001'; } >"cut"
	fails 3 'image 10: .*ends' stream-pick 1:2 "cut"
	[ "$(tail -c 3 out)" = P5 ]
	fails 3 'expected' stream-pick --expect 11 1:2 ten
}
