# shellcheck shell=bash disable=SC2034,SC2154
# Scores as the experiments take them: residuals with their options, as
# anom-sweep --residual has them.

# The kinds of residual, and a parameter of one.
mapfile -t kinds < <("$BIN/residual" --complete | grep -v '^--')
setting='[a-z0-9-]+(=[-+.0-9e]+)?'

# check_scores SCORE...
check_scores() {
	local score
	local -A seen=()
	for score; do
		[[ " ${kinds[*]} " = *" ${score%%:*} "* ]] ||
			die "SCORES: $score is no kind of residual"
		[[ $score =~ ^[a-z-]+(:$setting(,$setting)*)?$ ]] ||
			die "SCORES: $score, expected KIND or KIND:KEY=VALUE,FLAG"
		[ -z "${seen[$score]-}" ] || die "SCORES: $score stands there twice"
		seen[$score]=yes
	done
}

# needs_of KIND MODEL: what it takes beside the image: samples (several
# reconstructions), recon (one), healthy (images to be fitted on), none, or
# unfitted where it needs a MODEL and has none
needs_of() {
	if "$BIN/residual" "$1" /dev/null &>/dev/null; then
		echo none
	elif [ -n "$2" ] && "$BIN/residual" "$1" --model "$store/$2" \
		/dev/null &>/dev/null; then
		echo healthy
	elif ! "$BIN/residual" "$1" /dev/null /dev/null &>/dev/null; then
		echo unfitted
	elif "$BIN/residual" "$1" --complete | grep -qx -e --samples; then
		echo samples
	else
		echo recon
	fi
}
