# Completion for the programs of blindspot.  Each program knows its own words:
# PROGRAM [KIND] --complete prints them.

_blindspot() {
	local program=${COMP_WORDS[0]} kind='' words
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}

	if [ "$COMP_CWORD" -gt 1 ] && [[ ${COMP_WORDS[1]} != -* ]]; then
		kind=${COMP_WORDS[1]}
	fi
	COMPREPLY=()
	if [ "$previous" = --format ]; then
		mapfile -t COMPREPLY < <(compgen -W 'pfm pgm8 pgm16' -- "$current")
		return
	fi
	if [[ $current == -* ]] || [ "$COMP_CWORD" = 1 ]; then
		words=$("$program" ${kind:+"$kind"} --complete 2>/dev/null) ||
			words=$("$program" --complete 2>/dev/null)
		if [[ $current != -* ]]; then
			words=$(grep -v '^-' <<<"$words")
		fi
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	fi
	if [ ${#COMPREPLY[@]} = 0 ]; then
		compopt -o default 2>/dev/null
	fi
}

complete -F _blindspot anom-inject nii-slices recon-degrade residual score
