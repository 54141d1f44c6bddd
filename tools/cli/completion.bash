# Completion for the programs of blindspot.  Each program knows its own words:
# PROGRAM [KIND] --complete prints those that may follow, and PROGRAM [KIND]
# --complete=OPTION those of an option's value.

_blindspot() {
	local program=${COMP_WORDS[0]} words values word kind='' prefix=''
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
		if [[ $option = --* ]] && values=$("$program" \
			${kind:+"$kind"} "--complete=${option#--}" \
			2>/dev/null); then
			words=$values
			if [[ $current = *,* ]]; then
				prefix=${current%"${current##*,}"}
				current=${current##*,}
			fi
		fi
	fi
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$current")
}

# Experiments and commands, and the variables of one; a value is left to the names of files.
_blindspot_command() {
	local words='' current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[0]}
	local all
	all=$("$command" list 2>/dev/null | cut -d ' ' -f 1)
	if [ "$COMP_CWORD" = 1 ]; then
		words="$all check compare import status table curves froc pr roc"
		words+=" weights help list --help --version"
	elif [ "${COMP_WORDS[1]}" = help ]; then
		[ "$COMP_CWORD" != 2 ] || words="$all check weights"
	elif [[ ${COMP_WORDS[1]} = @(curves|froc|pr|roc) ]]; then
		words='--output --labels'
		[ "${COMP_WORDS[1]}" != curves ] || words+=' --x --value --where'
	elif [ "${COMP_WORDS[1]}" = table ]; then
		words='--format --columns --digits'
		[ "${COMP_WORDS[COMP_CWORD - 1]}" != --format ] ||
			words='markdown latex tsv'
	elif [[ $current != = && ${COMP_WORDS[COMP_CWORD - 1]} != = ]]; then
		words=$("$command" --variables "${COMP_WORDS[1]}" 2>/dev/null |
			sed 's/\t.*/=/')
		compopt -o nospace 2>/dev/null || true
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o default -F _blindspot_command blindspot
