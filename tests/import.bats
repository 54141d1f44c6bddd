#!/usr/bin/env bats
# blindspot import: folders of pictures.

load helpers
PATH=$ROOT/pipelines:$PATH
export BLINDSPOT_BIN=$BIN

# grey W H SEED [BYTES] > image: random samples of 1 byte, or 2
grey() {
	$PYTHON -c '
import sys, numpy as np
w, h, seed, size = map(int, sys.argv[1:])
x = np.random.default_rng(seed).integers(0, 256 ** size, (h, w))
sys.stdout.buffer.write(b"P5\n%d %d\n%d\n" % (w, h, 256 ** size - 1) +
    x.astype(">u%d" % size).tobytes())' "$1" "$2" "$3" "${4:-1}"
}

no_import() { # STATUS PATTERN ARGUMENT...
	fails "$1" "$2" blindspot import "${@:3}"
	[ ! -s out ]
	[ -z "$(find . -maxdepth 1 -name 'p*.pgm' -o -maxdepth 1 \
		-name 'p*.tsv' -o -maxdepth 1 -name '.import*')" ]
}

# made: a folder p of four pictures, and m of their masks
made() {
	mkdir p m
	for i in 1 2 10; do
		grey 5 4 $i >p$i.part
		pnmtopng -quiet p$i.part >p/img$i.png
		{ echo P1; echo 5 4; printf '0 0 1 1 0\n%.0s' 1 2 3 4; } |
			pnmtopng -quiet >m/img${i}_mask.png
	done
	grey 3 2 4 2 >p4.part
	pnmtopng -quiet p4.part >p/last.png
	{ echo P1; echo 3 2; echo 1 0 1 0 1 0; } | pnmtopng -quiet >m/last.png
	cat p1.part p2.part p10.part p4.part >want
	rm p*.part
}

@test "pictures and masks, in natural order, with their index" {
	made
	blindspot import p MASKS=m
	cmp p.pgm want
	grep -v '^#' p.tsv | cmp - <(printf '%s\t%s\t%s\t%s\n' \
		image subject file mask \
		0 img1 p/img1.png m/img1_mask.png \
		1 img2 p/img2.png m/img2_mask.png \
		2 img10 p/img10.png m/img10_mask.png 3 last p/last.png m/last.png)
	# What is white in a 1-bit picture is anomalous.
	stream-pick 3:4 p-masks.pgm | pamtopnm -plain | tail -n 2 |
		tr -d ' \n' | grep -qx '025502550255'
	score --metrics auroc --groups p.tsv p.pgm p-masks.pgm >table 2>err
	blindspot import p/ OUT=other
	cmp p.pgm other.pgm
	[ ! -e other-masks.pgm ]
	blindspot import "$PWD/p" OUT="$PWD/third" SUBJECT='/([a-z]+)[0-9]*[.]png$'
	[ "$(grep -v '^#' third.tsv | cut -f 2 | paste -sd ' ')" = \
		'subject img img img last' ]
	# Of one folder that holds both.
	cp m/img*_mask.png p
	mv m/last.png p/last-seg.png
	blindspot import p MASKS=p OUT=both
	cmp p.pgm both.pgm && cmp p-masks.pgm both-masks.pgm
}

@test "names with spaces, quotes, dashes and newlines" {
	made
	mkdir -- '-odd "folder'
	i=0
	# shellcheck disable=SC2016 # they are text
	for name in 'a b' "it's" '"quoted"' $'new\nline' '-n' '*' '$(x)' '\t'; do
		grey 2 2 $i | pnmtopng -quiet >"./-odd \"folder/$name.png"
		i=$((i + 1))
	done
	blindspot import '-odd "folder' OUT='o u"t'
	[ "$(pamfile -allimages 'o u"t.pgm' | wc -l)" = 8 ]
	score --metrics auroc --groups 'o u"t.tsv' 'o u"t.pgm' 'o u"t.pgm' \
		>table 2>err
	# shellcheck disable=SC2016 # likewise
	cut -f 2 'o u"t.tsv' | grep -v '^#' | LC_ALL=C sort | cmp - \
		<(printf '%s\n' '"""quoted"""' '$(x)' '*' '-n' '\t' 'a b' \
			"it's" 'new?line' subject | LC_ALL=C sort)
}

@test "formats: one and sixteen bits, colour, JPEG, TIFF, PGM" {
	mkdir p
	grey 4 3 1 2 >sixteen
	pnmtopng -quiet sixteen >p/1.png
	pamtotiff -quiet sixteen >p/2.TIFF
	cp sixteen p/3.pgm
	{ printf 'P6\n2 1\n255\n\377\0\0\0\377\0'; } >colour
	pnmtopng -quiet colour >p/4.png
	printf 'P1\n2 1\n1 0\n' >p/5.pbm
	grey 8 8 2 | pnmtojpeg -quality 100 >p/6.jpeg
	echo text >p/notes.txt
	blindspot import p 2>err
	[ "$(cat err)" = 'blindspot: import: 1 of 6 pictures are in colour: their luminance is taken' ]
	cat sixteen sixteen sixteen | cmp - <(head -c $((3 * 37)) p.pgm)
	# Rec. 601: .299 and .587 of 255.
	stream-pick 3:5 p.pgm | pamtopnm -plain | grep -v '[P]' |
		paste -sd ' ' | tr -s ' ' | grep -q '^2 1 255 7[67] 1[45][90] 2 1 255 0 255'
}

@test "what is no picture, or not one" {
	no_import 2 'no folder' OUT=x
	no_import 3 'absent: expected a folder' absent
	made
	no_import 2 "no 'MASK', expected MASKS=" p MASK=m
	no_import 2 "'m', expected one folder" p m
	no_import 2 "has no name, expected OUT=" .
	no_import 2 'no folder ./d' p OUT=d/x
	no_import 3 'absent: expected a folder' p MASKS=absent
	mkdir empty
	no_import 3 'empty: no .png' empty
	no_import 3 'finds no subject' p SUBJECT='(x)'
	mkdir p/dir.png
	no_import 3 'p/dir.png: is a folder' p
	rmdir p/dir.png
	head -c 60 p/img1.png >p/cut.png
	no_import 3 'p/cut.png: pngtopam cannot read it' p
	mv p/cut.png p/empty.png && : >p/empty.png
	no_import 3 'p/empty.png: pngtopam cannot read it' p
	rm p/empty.png
	cp p/img1.png p/x.jpg
	no_import 3 'p/x.jpg: jpegtopnm cannot read it' p
	rm p/x.jpg
	cat want >p/x.pgm
	no_import 3 'p/x.pgm: holds 4 images, expected one' p
	: >p/x.pgm
	no_import 3 'p/x.pgm: holds 0 images, expected one' p
	rm p/x.pgm
}

@test "alpha is refused" {
	made
	grey 5 4 9 >g
	pnmtopng -quiet -alpha=g g >p/x.png
	no_import 3 'p/x.png: has an alpha channel' p
	printf 'P3\n2 1\n255\n1 2 3 9 8 7\n' >c
	pnmtopng -quiet -transparent '=rgb:01/02/03' c >p/x.png 2>err || true
	no_import 3 'p/x.png: has an alpha channel' p
	printf 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n\001\002' \
		>p/x.pam
	rm p/x.png
	no_import 3 'p/x.pam: has an alpha channel' p
	$PYTHON -c '
from PIL import Image
Image.new("RGBA", (2, 2)).save("p/x.tif")'
	rm p/x.pam
	no_import 3 'p/x.tif: has an alpha channel' p
}

@test "masks that do not go with their pictures" {
	made
	cp m/img1_mask.png m/img1-seg.png
	no_import 3 'img1-seg.png and .*img1_mask.png: two masks of .*img1.png' \
		p MASKS=m
	mv m/img1-seg.png m/img3_seg.png
	no_import 3 'm/img3_seg.png: no picture of .*p has its name' p MASKS=m
	rm m/img3_seg.png
	mv m/img2_mask.png spare.png
	no_import 3 'p/img2.png: no mask in .*m has its name' p MASKS=m
	cp m/last.png m/img2_mask.png
	no_import 3 'm/img2_mask.png: is 3 x 2, expected the 5 x 4 of .*p/img2.png' \
		p MASKS=m
	cp spare.png m/img2_mask.png
	head -c 50 m/img2_mask.png >m/half && mv m/half m/img2_mask.png
	no_import 3 'm/img2_mask.png: pngtopam cannot read it' p MASKS=m
	rm m/img2_mask.png && : >m/img2.jpg
	no_import 3 'm/img2.jpg: a mask in JPEG' p MASKS=m
	rm m/img2.jpg && cp spare.png m/img2_mask.png
	cp p/img2.png p/img2.b.png && mv p/img2.b.png p/img2.tif
	no_import 3 'has the name of .*img2.png, expected a mask of its own' \
		p MASKS=m
	rm p/img2.tif
	no_import 3 'expected pictures, and masks' p MASKS=p
	blindspot import p MASKS=m
}
