# What the scripts that prepare an experiment share.

# A number, as a part of a regular expression.
# shellcheck disable=SC2034 # those who source this use it
number='[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?'

# update FILE: write standard input there unless it says that already, so that
# what is made from it is not made again
update() {
	cat >"$1.part"
	if cmp -s "$1.part" "$1"; then rm "$1.part"; else mv "$1.part" "$1"; fi
}
