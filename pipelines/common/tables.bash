# What the scripts that read tables share: columns are found by name.

# The beginning of an awk program that reads one TSV: comments and the header
# are skipped, and at[NAME] is where that column is.  rounded() takes numbers
# with commas between them to nine digits.
# shellcheck disable=SC2034,SC2016 # those who source this use it; awk's own $
columns='
	/^#/ { next }
	!header {
		header = 1
		for (i = 1; i <= NF; i++) at[$i] = i
		next
	}
	function rounded(list, n, i, part, text) {
		n = split(list, part, ",")
		for (i = 1; i <= n; i++)
			text = text (i > 1 ? "," : "") (part[i] == "nan" ? \
				"nan" : sprintf("%.9g", part[i]))
		return text
	}
'
