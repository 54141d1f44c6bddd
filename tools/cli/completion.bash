# Completion for the programs of blindspot.  Each program knows its own words:
# PROGRAM [KIND] --complete prints them.

_blindspot() {
	local program=${COMP_WORDS[0]} words word kind='' prefix=''
	local current=${COMP_WORDS[COMP_CWORD]}
	local option=${COMP_WORDS[COMP_CWORD - 1]}

	# --option=value arrives as three words.
	if [ "$current" = = ]; then
		current=''
	elif [ "$option" = = ]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	words=$("$program" --complete 2>/dev/null) || words=''
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [[ $word != -* ]] && grep -qxF -e "$word" <<<"$words"; then
			kind=$word
			words=$("$program" "$kind" --complete 2>/dev/null)
			break
		fi
	done

	if [[ $current != -* ]]; then
		# A kind, a value of the option before, or else a file.
		words=$(sed '/^-/d' <<<"$words")
		case $option in
		--format) words='pfm pgm8 pgm16' ;;
		--axis) words='x y z' ;;
		--on) words='normal anomalous' ;;
		--normalize) words='minmax none percentile:' ;;
		--metrics)
			words='ap auroc dice dice_threshold fpr95 mean_residual aupro pimo image_auroc image_ap'
			prefix=${current%"${current##*,}"}
			current=${current##*,} ;;
		--clip | --foreground | --per-image | --pooled | --json | --equalize | --merge | --own | --points | --curves | --area | --contour) ;;
		--*) words='' ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$current")
}

complete -o default -F _blindspot \
	anom-inject anom-predict anom-sweep blind-interval brain-phantom \
	fg-equalize nii-slices ood-histogram recon-degrade recon-model recon-train residual \
	score score-compare
