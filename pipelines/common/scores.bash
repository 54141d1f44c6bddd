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

# find_what_it_takes KIND MODEL: what it takes beside the image, in takes:
# samples (several reconstructions), recon (one), healthy (images to be fitted
# on), none, or unfitted where it needs a MODEL and has none
declare -A need_of=()
find_what_it_takes() {
	takes=${need_of[$1 $2]-}
	[ -z "$takes" ] || return 0
	if residual_takes "$1" /dev/null; then
		takes=none
	elif [ -n "$2" ] && residual_takes "$1" --model "$store/$2" \
		/dev/null; then
		takes=healthy
	elif ! residual_takes "$1" /dev/null /dev/null; then
		takes=unfitted
	elif residual_has "$1" --samples; then
		takes=samples
	else
		takes=recon
	fi
	need_of[$1 $2]=$takes
}

residual_takes() { "$BIN/residual" "$@" &>/dev/null; }

residual_has() { # KIND OPTION
	[[ $'\n'$("$BIN/residual" "$1" --complete)$'\n' = *$'\n'$2$'\n'* ]]
}
