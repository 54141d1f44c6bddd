# blindspot import: a folder of pictures to a stream, its masks and its index.
# Pictures are decoded by netpbm, one process each, in as many pieces as there
# are processors; all else is done once a stream.
# shellcheck shell=bash

# refuse WORDS...: bad data
refuse() {
	echo "blindspot: import: $(printable "$*")" >&2
	exit 3
}

# printable TEXT: without what would break a line
printable() { printf '%s' "${1//[[:cntrl:]]/?}"; }

# decoder FILE: set the array decode to what reads it; false: no picture
decoder() {
	case ${1,,} in
	*.png) decode=(pngtopam -quiet) ;;
	*.jpg | *.jpeg) decode=(jpegtopnm -quiet) ;;
	# Read as a whole, 16 bits would become 8.
	*.tif | *.tiff) decode=(tifftopnm -quiet -byrow -headerdump) ;;
	*.pgm | *.pbm | *.ppm | *.pnm | *.pam) decode=(cat --) ;;
	*) return 1 ;;
	esac
}

# pictures FOLDER: set the array files to its pictures, in natural order
pictures() {
	local file all=("$1"/*)
	files=()
	for file in ${all[@]+"${all[@]}"}; do
		decoder "$file" || continue
		[ ! -d "$file" ] ||
			refuse "$file: is a folder, expected a picture"
		files+=("$file")
	done
	[ ${#files[@]} -gt 0 ] ||
		refuse "$1: no .png, .jpg, .tif, .pgm or .pbm in it," \
			"expected pictures"
	mapfile -d '' -t files < <(printf '%s\0' "${files[@]}" |
		LC_ALL=C sort -zV)
}

# stem FILE: set the variable stem to its name without folder and ending
stem() {
	stem=${1##*/}
	stem=${stem%.*}
}

# ------------------------------------------------------------------- decoding

# decode_piece OUT FILE...: the images of files, one after another.  Files with
# the same ending that follow on each other are one run of xargs.
decode_piece() {
	local out=$1 i begin=0 each
	shift
	local names=("$@")
	: >"$out"
	for ((i = 1; i <= $#; i++)); do
		[ "$i" = $# ] || [ "${names[i]##*.}" != "${names[begin]##*.}" ] ||
			continue
		decoder "${names[begin]}"
		each=1
		[ "${decode[0]}" != cat ] || each=500
		printf '%s\0' "${names[@]:begin:i - begin}" |
			xargs -0 -n $each "${decode[@]}" >>"$out" 2>>"$out.err" ||
			return
		begin=$i
	done
}

# blame FILE...: name the first that cannot be read, or is not one image
blame() {
	local file count
	for file; do
		decoder "$file"
		"${decode[@]}" "$file" >"$work/one" 2>"$work/one.err" ||
			refuse "$file: ${decode[0]} cannot read it:" \
				"$(grep -v '^TIFF Directory\|^  ' \
					"$work/one.err" | tail -n 1)"
		count=$(pamfile -allimages -machine "$work/one" 2>/dev/null |
			wc -l) || count=0
		[ "$count" = 1 ] ||
			refuse "$file: holds $count images, expected one"
	done
}

# decode_all OUT FILE...: the stream, and OUT.info, a line an image
decode_all() {
	local out=$1 jobs each piece=0 pids=() pid status=0
	shift
	jobs=$(nproc)
	each=$((($# + jobs - 1) / jobs))
	local names=("$@")
	while [ $((piece * each)) -lt $# ]; do
		decode_piece "$out.$piece" "${names[@]:piece * each:each}" &
		pids+=($!)
		piece=$((piece + 1))
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
	done
	[ $status = 0 ] || blame "$@"
	for ((pid = 0; pid < piece; pid++)); do
		cat "$out.$pid"
		rm "$out.$pid"
	done >"$out"
	pamfile -allimages -machine "$out" 2>/dev/null |
		sed 's/^[^:]*: //' >"$out.info" || blame "$@"
	[ "$(wc -l <"$out.info")" = $# ] || blame "$@"
	refuse_alpha "$out" "$@"
	[ "$(grep -c '^PGM ' "$out.info")" = $# ] || to_grey "$out" "$what"
}

# to_grey STREAM WHAT: colour to luminance, and 1 bit to what a stream holds
to_grey() {
	local colour
	colour=$(grep -c '^[^ ]* [^ ]* [^ ]* [^ ]* 3 ' "$1.info") || true
	[ "$colour" = 0 ] ||
		echo "blindspot: import: $colour of $(wc -l <"$1.info") $2 are" \
			"in colour: their luminance is taken" >&2
	ppmtopgm -quiet "$1" >"$1.grey"
	mv "$1.grey" "$1"
}

# refuse_alpha STREAM FILE...: transparency would be lost without a word
refuse_alpha() {
	local out=$1 png=() file number
	shift
	for file; do
		case ${file,,} in *.png) png+=("$file") ;; esac
	done
	number=$(awk '$5 == 2 || $5 == 4 { print NR; exit }' "$out.info")
	[ -z "$number" ] || has_alpha "${!number}"
	if cat "$out".*.err | grep -ac 'Extra Samples' >/dev/null; then
		for file; do
			case ${file,,} in *.tif | *.tiff) ;; *) continue ;; esac
			number=$(tifftopnm -headerdump "$file" 2>&1 >/dev/null |
				grep -ac 'Extra Samples') || continue
			has_alpha "$file"
		done
	fi
	[ ${#png[@]} -gt 0 ] || return 0
	# The type of colour stands in byte 25 of a PNG; 4 and 6 have alpha.
	number=$(printf '%s\0' "${png[@]}" | xargs -0 head -q -c 32 -- |
		od -An -v -tu1 -w32 |
		awk '($26 == 4 || $26 == 6) && !n++ { print NR }')
	[ -z "$number" ] || has_alpha "${png[number - 1]}"
	while IFS= read -r -d '' file; do
		[[ $(grep -aobE 'tRNS|IDAT' "$file" | head -n 1) != *tRNS ]] ||
			has_alpha "$file"
	done < <(printf '%s\0' "${png[@]}" | xargs -0 grep -lZaF tRNS --)
}

has_alpha() {
	refuse "$1: has an alpha channel (transparency), expected opaque" \
		"pictures"
}

# -------------------------------------------------------------------- masks

# find_masks: set masks to the mask of each picture, by its name
find_masks() {
	local file name known='^(.*)[_-](mask|masks|seg|segmentation|label|gt)$'
	local -A of=() image=()
	masks=()
	for file in "${files[@]}"; do
		stem "$file"
		[ -z "${image[$stem]-}" ] ||
			refuse "$file: has the name of ${image[$stem]}, expected" \
				"a mask of its own for each picture"
		image[$stem]=$file
	done
	for file in "${mask_files[@]}"; do
		case ${file,,} in
		*.jpg | *.jpeg) refuse "$file: a mask in JPEG, which changes its" \
			"values, expected PNG, TIFF or PGM" ;;
		esac
		stem "$file"
		name=$stem
		[ -n "${image[$name]-}" ] || [[ ! ${name,,} =~ $known ]] ||
			name=${name:0:${#BASH_REMATCH[1]}}
		[ -n "${image[$name]-}" ] ||
			refuse "$file: no picture of $FOLDER has its name," \
				"expected ${name}.png or the like"
		[ -z "${of[$name]-}" ] ||
			refuse "${of[$name]} and $file: two masks of" \
				"${image[$name]}, expected one"
		of[$name]=$file
	done
	for file in "${files[@]}"; do
		stem "$file"
		[ -n "${of[$stem]-}" ] ||
			refuse "$file: no mask in $MASKS has its name, expected" \
				"${stem}.png or ${stem}_mask.png"
		masks+=("${of[$stem]}")
	done
}

# masks_beside: of one folder that holds both, masks are those with a suffix
masks_beside() {
	local file all=("${files[@]}")
	local known='[_-](mask|masks|seg|segmentation|label|gt)$'
	files=() mask_files=()
	for file in "${all[@]}"; do
		stem "$file"
		if [[ ${stem,,} =~ $known ]]; then
			mask_files+=("$file")
		else
			files+=("$file")
		fi
	done
	[ $((${#files[@]} * ${#mask_files[@]})) -gt 0 ] ||
		refuse "$FOLDER: expected pictures, and masks whose names end" \
			"with _mask or _seg"
}

# same_sizes: of each picture and its mask
same_sizes() {
	local number of
	number=$(paste -d ' ' "$work/images.info" "$work/masks.info" |
		awk '{ h = NF / 2 }
			($3 != $(h + 3) || $4 != $(h + 4)) && !n++ { print NR }')
	[ -n "$number" ] || return 0
	size() { sed -n "${number}s/^[^ ]* [^ ]* \([^ ]*\) \([^ ]*\).*/\1 x \2/p" \
		"$1"; }
	of=$((number - 1))
	refuse "${masks[of]}: is $(size "$work/masks.info"), expected the" \
		"$(size "$work/images.info") of ${files[of]}"
}

# -------------------------------------------------------------------- index

# cell TEXT: set the variable cell to it as a field of a table
cell() {
	cell=${1#./}
	cell=${cell//[[:cntrl:]]/?}
	[[ $cell != \"* ]] || cell=\"${cell//\"/\"\"}\"
}

# subject FILE: set the variable subject
subject() {
	stem "$1"
	subject=$stem
	if [ -n "$SUBJECT" ]; then
		subject=''
		[[ ! $1 =~ $SUBJECT ]] || subject=${BASH_REMATCH[1]-}
		[ -n "$subject" ] ||
			refuse "$1: SUBJECT=$SUBJECT finds no subject in it"
	elif [[ $stem =~ ^(sub-[^_.]+) ]]; then
		subject=${BASH_REMATCH[1]}
	fi
}

write_index() {
	local i subject cell row
	printf '# %s\n# blindspot import' "$("$BIN/score" --version |
		sed 's/^score (blindspot)/blindspot/')"
	for i in "${request[@]}"; do
		printf ' %s' "$(printable "$(printf %q "$i")")"
	done
	printf '\nimage\tsubject\tfile%s\n' "${MASKS:+	mask}"
	for i in "${!files[@]}"; do
		subject "${files[i]}"
		cell "$subject"
		row=$i$'\t'$cell
		cell "${files[i]}"
		row+=$'\t'$cell
		if [ -n "$MASKS" ]; then
			cell "${masks[i]}"
			row+=$'\t'$cell
		fi
		printf '%s\n' "$row"
	done
}

# --------------------------------------------------------------------- main

import() {
	local word files=() mask_files=() masks=() what=pictures decode stem
	local request=("$@") OUT=''
	FOLDER='' MASKS='' SUBJECT=''
	for word; do
		case $word in
		MASKS=* | OUT=* | SUBJECT=*) printf -v "${word%%=*}" %s "${word#*=}" ;;
		[A-Z]*=*) fail "import: no '${word%%=*}', expected MASKS=FOLDER," \
			"OUT=NAME or SUBJECT=REGEX" ;;
		*)
			[ -z "$FOLDER" ] ||
				fail "import: '$word', expected one folder"
			FOLDER=$word ;;
		esac
	done
	[ -n "$FOLDER" ] || fail "import: no folder, expected one of pictures"
	[ -x "$BIN/score" ] || fail "no programs in $BIN; make builds them"
	command -v pngtopam >/dev/null ||
		fail "needs netpbm; the Debian package netpbm has it"
	for word in "$FOLDER" ${MASKS:+"$MASKS"}; do
		[ -d "$word" ] || refuse "$word: expected a folder"
	done
	FOLDER=${FOLDER%"${FOLDER##*[!/]}"}
	OUT=${OUT:-${FOLDER##*/}}
	[[ $OUT != . && $OUT != .. && -n $OUT ]] ||
		fail "import: '$FOLDER' has no name, expected OUT=NAME"
	[[ $FOLDER = /* ]] || FOLDER=./$FOLDER
	[[ -z $MASKS || $MASKS = /* ]] || MASKS=./$MASKS
	MASKS=${MASKS%"${MASKS##*[!/]}"}
	[[ $OUT = /* ]] || OUT=./$OUT
	[ -d "${OUT%/*}" ] || fail "import: OUT=$OUT: no folder ${OUT%/*}"

	pictures "$FOLDER"
	if [ -n "$MASKS" ] && [ "$MASKS" -ef "$FOLDER" ]; then
		masks_beside
	elif [ -n "$MASKS" ]; then
		local images=("${files[@]}")
		pictures "$MASKS"
		mask_files=("${files[@]}") files=("${images[@]}")
	fi
	[ -z "$MASKS" ] || find_masks

	# Beside what is made, so that it is moved there whole.
	work=$(mktemp -d "${OUT%/*}/.import.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	decode_all "$work/images" "${files[@]}"
	if [ -n "$MASKS" ]; then
		what=masks
		decode_all "$work/masks" "${masks[@]}"
		same_sizes
	fi
	write_index >"$work/index"
	[ -z "$MASKS" ] || mv "$work/masks" "$OUT-masks.pgm"
	mv "$work/index" "$OUT.tsv"
	mv "$work/images" "$OUT.pgm"
}
