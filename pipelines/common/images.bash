# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# The healthy images that an experiment works on: a file of the user's, or one
# of the defaults: phantoms (drawn), colin27 (slices of a real brain).

# brain: a link to the volume, with the ending that tells its format
brain() {
	local name file=$BRAIN ending=
	[ -r "$BRAIN" ] ||
		die "no $BRAIN; the Debian package mricron-data holds Colin 27"
	[[ $file =~ \.nii(\.gz)?$ ]] && ending=${BASH_REMATCH[0]}
	name=$(link brain "$file")
	if [ -n "$ending" ]; then
		ln -sfnT "$(realpath -- "$file")" "$store/$name$ending"
		printf '%s\t%s\n' "$name$ending" "$file" |
			cat - "$store/links" >"$store/links.part"
		mv "$store/links.part" "$store/links"
	fi
	echo "$name$ending"
}

# images_of VARIABLE: the part, or the link
images_of() {
	local volume
	case ${!1} in
	phantoms) part phantoms bin/brain-phantom --count "$PHANTOMS" ;;
	colin27)
		[ -n "${sum[bin/nii-slices]-}" ] ||
			lacks nii-slices "$1=colin27 "
		volume=$(brain)
		part slices bin/nii-slices --slices "$BRAIN_SLICES" "$volume" ;;
	*) given "$1" "${!1}" images ;;
	esac
}

# images_told: how they are asked for
images_told() {
	printf 'IMAGES=%q' "$IMAGES"
	case $IMAGES in
	phantoms) printf ' PHANTOMS=%s' "$PHANTOMS" ;;
	colin27) printf ' BRAIN=%q BRAIN_SLICES=%s' "$BRAIN" "$BRAIN_SLICES" ;;
	esac
}

# normal_images: healthy images which are none of IMAGES, to learn from what is
# normal: those of NORMAL, more phantoms, or the slices that FIRST:END:STEP of
# colin27 leaves out; nothing where there are none
normal_images() {
	local volume
	if [ -n "$NORMAL" ]; then
		given NORMAL "$NORMAL" images
	elif [ "$IMAGES" = phantoms ]; then
		part normal bin/brain-phantom --first-index "$PHANTOMS" \
			--count "$NORMAL_COUNT"
	elif [ "$IMAGES" = colin27 ] &&
		[[ $BRAIN_SLICES =~ ^([0-9]+):([0-9]+):([0-9]+)$ ]] &&
		[ "${BASH_REMATCH[3]}" -gt 1 ]; then
		volume=$(brain)
		pipe normal 'for ((k = 1; k < $3 && $1 + k < $2; k++)); do
			bin/nii-slices --slices "$(($1 + k)):$2:$3" "$4"
		done' "${BASH_REMATCH[@]:1}" "$volume"
	fi
}
