# What the pictures of images share: captions, outlines, colours of a residual.
# A script that sources this has made a folder, scratch, and removes it.
: "${scratch:?}"
captions=${BASH_SOURCE[0]%/*}/caption.gp

# picture FILTER...: what a filter of blindspot writes, as 8-bit PGM
picture() {
	"$@" --format pgm8 --clip 2>"$scratch/said" || {
		cat "$scratch/said" >&2
		return 1
	}
}

# caption TEXT WIDTH [HEIGHT [POINTS [bold]]]: black on white, in the middle
caption() {
	LC_ALL=C.UTF-8 gnuplot -c "$captions" "$1" "$2" "${3-20}" \
		"${4-11}" "${5-}" | pngtopam | ppmtopgm
}

# A pixel and its eight neighbours, for pgmmorphconv.
printf 'P1\n3 3\n0 0 0\n0 0 0\n0 0 0\n' >"$scratch/square.pbm"

# outline MASK: the pixels just outside an anomaly
outline() {
	pgmmorphconv -dilate "$scratch/square.pbm" "$1" |
		pamarith -subtract - "$1"
}

# outlined MASK COLOUR PICTURE
outlined() {
	local width height
	read -r width height < <(pamfile -size "$1")
	outline "$1" >"$scratch/outline.pgm"
	ppmmake "$2" "$width" "$height" >"$scratch/paint.ppm"
	pamcomp -alpha="$scratch/outline.pgm" "$scratch/paint.ppm" "$3"
}

# colour PICTURE: from 0 to 1 black, violet, orange, pale yellow
colour() {
	[ -e "$scratch/colours.ppm" ] || awk 'BEGIN {
		split("0 0 4 81 18 124 183 55 121 252 137 97 252 253 191",
			c, " ")
		print "P3 256 1 255"
		for (i = 0; i < 256; i++) {
			at = i / 255 * 4; k = int(at); if (k > 3) k = 3
			for (j = 3 * k + 1; j <= 3 * k + 3; j++)
				printf "%d ", c[j] + (at - k) * (c[j + 3] - c[j]) + .5
			print ""
		}
	}' >"$scratch/colours.ppm"
	pamlookup -lookupfile="$scratch/colours.ppm" "$1"
}

# colour_scale FROM TO WIDTH: the colours with the values at both ends
colour_scale() {
	pgmramp -lr 256 16 >"$scratch/ramp.pgm"
	colour "$scratch/ramp.pgm" >"$scratch/bar.ppm"
	caption "$1" 100 >"$scratch/from.pgm"
	caption "$2" 40 >"$scratch/to.pgm"
	pnmcat -quiet -leftright -white -jcenter "$scratch/from.pgm" \
		"$scratch/bar.ppm" "$scratch/to.pgm" |
		pnmpad -quiet -white -width="$3" -height=28 -halign=0.5 \
			-valign=0.5
}
