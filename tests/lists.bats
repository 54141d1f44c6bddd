#!/usr/bin/env bats
# Every list has one source: what is added to one place and not to the others
# that name it fails here, and the message says what is missing.

load helpers

# lacks FILE WORD WHAT: complain unless the file has the word
lacks() {
	grep -q -w -e "$2" "$1" || {
		echo "${1#"$ROOT"/} lacks $3 '$2'"
		return 1
	}
}

@test "a program has its page, its row in the README and a place in the overview" {
	[ "$(wc -w <<<"$PROGRAMS")" -gt 12 ]
	for program in $PROGRAMS; do
		[ -x "$BIN/$program" ] || {
			echo "build/bin lacks $program"
			return 1
		}
		[ -e "$ROOT/man/$program.1" ] || {
			echo "man lacks $program.1"
			return 1
		}
		grep '^| `' "$ROOT/README.md" >rows
		lacks rows "\`$program\`" 'a row of the README for' ||
			return
		lacks "$ROOT/man/blindspot.7" "$program" 'the program'
	done
}

@test "what has a page, a row or a binary is a program" {
	{
		ls "$BIN"
		for page in "$ROOT"/man/*.1; do basename "$page" .1; done
		sed -n '/^| program |/,/^$/s/^| \(`[^|]*\) |.*/\1/p' "$ROOT/README.md" |
			grep -o '[a-z-]*'
	} | sort -u >named
	[ "$(wc -l <named)" -gt 12 ]
	while read -r name; do
		# The command, and what of it has a page of its own.
		[ "$name" = blindspot ] ||
			[ -e "$ROOT/pipelines/${name#blindspot-}/run" ] ||
			[ -e "$ROOT/tools/$name.c" ] || {
			echo "tools lacks $name.c"
			return 1
		}
	done <named
}

@test "tools holds programs and nothing else, each with a main" {
	for file in "$ROOT"/tools/*.*; do
		grep -q '^main(int argc' "$file" || {
			echo "${file#"$ROOT"/} is no program"
			return 1
		}
	done
}

@test "the words that an option takes are in --help and on the page" {
	local count=0
	for program in $PROGRAMS; do
		mandoc -T utf8 "$ROOT/man/$program.1" | col -b >"$program.1"
		"$program" --help >help
		while read -r option; do
			# Kinds have the pages of the programs they are of.
			[[ $option =~ ^--(inject|degrade|residual)$ ]] &&
				continue
			"$program" "--complete=${option#--}" >words || continue
			while read -r word; do
				word=${word%:}
				count=$((count + 1))
				lacks "$program.1" "$word" "a word of $option,"
				lacks help "$word" "a word of $option,"
			done <words
		done < <("$program" --complete | grep '^--')
	done
	[ "$count" -gt 40 ]
}

@test "a metric has its paragraph" {
	score --complete=metrics >metrics
	[ "$(wc -l <metrics)" -gt 8 ]
	while read -r metric; do
		grep -q "^\.It .*Cm $metric\( \|$\)" "$ROOT/man/score.1" || {
			echo "man/score.1 lacks a paragraph on $metric"
			return 1
		}
	done <metrics
}

@test "the map of the house shows every room" {
	for room in "$ROOT"/lib/*/ "$ROOT"/tools/*/ "$ROOT"/tests/*/; do
		room=${room#"$ROOT"/}
		grep -q -F -e "\`$room\`" -e "\`$(basename "$room")/\`" \
			"$ROOT/CONTRIBUTING.md" || {
			echo "CONTRIBUTING.md lacks $room"
			return 1
		}
	done
}

@test "no room beside those of the house" {
	[ -d "$ROOT/.git" ] || return 0 # a source archive holds no others
	git -C "$ROOT" ls-tree -d --name-only HEAD | sort >rooms
	printf '%s\n' .ci lib man pipelines tests tools | sort | cmp - rooms
}

# entries COMMAND...: the keys of its BibTeX, which is well formed
entries() {
	"$@" --cite >bib || return
	"$PYTHON" - <<-'END'
		import re
		text = open("bib", encoding="ascii").read()
		keys = re.findall(r"^@[a-z]+\{([a-z0-9]+),$", text, re.M)
		assert keys[:2] == ["blindspot", "meissen2022pitfalls"], keys
		assert len(set(keys)) == len(keys) == text.count("\n\n") + 1
		for entry in text.strip().split("\n\n"):
		    assert entry.count("{") == entry.count("}"), entry
		    assert "title = {" in entry and "author = {" in entry, entry
		    assert "year = {" in entry or "Version " in entry, entry
		    assert all(len(line) <= 80 for line in entry.split("\n"))
		print("\n".join(keys))
	END
}

# years: those of the text that follows `Source:'
years() { sed -n 's/.*Source://p' | grep -v 'similar to' | grep -oE '\b(19|20)[0-9]{2}\b'; }

@test "each program says what to cite, and nothing else is in the list" {
	for program in $PROGRAMS; do
		entries "$program" >>keys
		grep -q "Version $("$program" --version | sed 's/.* //')" bib
		# Of kinds the help has the sources, of others the page.
		mandoc -T utf8 -O width=500 "$ROOT/man/$program.1" | col -b >page
		"$program" --complete | sed -n '/^[a-z]/p' >names
		while read -r kind; do
			"$program" "$kind" --cite >bib
			"$program" "$kind" --help >help
			for year in $(years <help); do
				grep -q "year = {$year}" bib || {
					echo "$program $kind --cite lacks $year"
					return 1
				}
			done
		done <names
		[ ! -s names ] || continue
		"$program" --cite >bib
		for year in $(years <page); do
			grep -q "year = {$year}" bib || {
				echo "$program --cite lacks $year"
				return 1
			}
		done
	done
	sed -n 's/^\t{"\([a-z]*[0-9]\{4\}[a-z]*\)".*/\1/p' \
		"$ROOT/tools/cli/cite.c" >listed
	echo meissen2022pitfalls >>listed
	echo blindspot >>listed
	sort -u listed | cmp - <(sort -u keys)
	# Of some metrics alone.
	[ "$(score --cite=ap,dice | grep -c '^@')" = 4 ]
	[ "$(anom-sweep --cite=hesterberg2015bootstrap | grep -c '^@')" = 3 ]
	fails 2 "found 'nothing', expected names of metrics" score --cite=ap,nothing
	fails 2 "found '', expected" score --cite=ap,
	fails 2 "found 'ap', expected" residual --cite=ap
	fails 2 "found 'otsu1979threshold'" score --cite=otsu1979threshold
	# A metric that it has not.
	fails 2 "found 'froc'" anom-sweep --cite=froc
}

@test "the version is the same everywhere" {
	version=$(score --version | sed 's/.* //')
	[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
	grep -m 1 '^## ' "$ROOT/NEWS.md" | grep -qx "## $version"
	head -n 1 "$ROOT/tools/debian/changelog" |
		grep -q "^blindspot ($version)"
}
