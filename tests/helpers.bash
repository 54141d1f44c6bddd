# What every suite loads: where the programs are, a scratch directory, and the
# assertions about failures.  Missing tools end the suite; nothing is skipped.

ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
BIN=${BIN:-$ROOT/build/bin}
BIN=$(cd "$BIN" && pwd)
PATH=$BIN:$PATH
export BIN PATH LC_ALL=C
PYTHON=/usr/bin/python3
FILTERS='anom-inject recon-degrade residual'
PROGRAMS=$(cd "$ROOT/tools" && printf '%s\n' *.c | sed 's/\.c$//')
export ROOT PYTHON FILTERS PROGRAMS

bats_load_library bats-support
bats_load_library bats-assert

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# pgm W H SAMPLE... > image: a plain image of integers 0 to 255
pgm() {
	local w=$1 h=$2
	shift 2
	printf 'P2\n%s %s\n255\n' "$w" "$h"
	printf '%s\n' "$@"
}

# experiment NAME VARIABLE=VALUE...: run one as make does after a build, or by
# make itself where it has options
experiment() {
	local word
	for word; do
		[[ $word != -* ]] || {
			make -s -C "$ROOT" B="$(dirname "$BIN")" "$@"
			return
		}
	done
	BLINDSPOT_BIN=$BIN "$ROOT/pipelines/blindspot" "$@"
}

# The kinds of a program, one a line; an empty line where it has none.
kinds() {
	case $1 in
	anom-inject | recon-degrade | recon-train | residual)
		"$1" --complete | grep -v '^--' ;;
	*) echo ;;
	esac
}

# fails STATUS PATTERN COMMAND...: exit status, exactly one line on standard
# error that begins with the program's name, and the pattern in that line.
# Standard output goes to the file out.
fails() {
	local want=$1 pattern=$2 status=0
	shift 2
	"$@" >out 2>err </dev/null || status=$?
	check_failure "$want" "$pattern" "$status" "$*"
}

# The same with standard input from a file.
fails_on() {
	local input=$1 want=$2 pattern=$3 status=0
	shift 3
	"$@" >out 2>err <"$input" || status=$?
	check_failure "$want" "$pattern" "$status" "$*"
}

check_failure() {
	local want=$1 pattern=$2 status=$3 what=$4
	if [ "$status" != "$want" ]; then
		echo "$what: status $status, expected $want: $(cat err)"
		return 1
	fi
	if [ "$(wc -l <err)" != 1 ]; then
		echo "$what: not one line on standard error: $(cat err)"
		return 1
	fi
	if ! grep -q -e "$pattern" err; then
		echo "$what: '$(cat err)' does not match '$pattern'"
		return 1
	fi
}

# The stream in a file says that it is not whole, and holds nothing else.
is_poison() {
	case $(od -An -c "$1" | tr -d ' \n') in
	'Pf\n' | 'P5\n') ;;
	*) echo "$1 holds $(od -An -c "$1" | head -3), expected a poison"
	   return 1 ;;
	esac
}

# Small inputs: healthy.pgm (3 images of different sizes and formats),
# pair streams of one size, a mask.
make_inputs() {
	{
		pgm 3 2 0 50 100 150 200 255
		printf 'P5\n2 2\n255\n\001\002\003\377'
		printf 'P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 65535\n'
		printf 'TUPLTYPE GRAYSCALE\nENDHDR\n\001\002\200\000'
	} >mixed.pgm
	{ pgm 3 3 0 9 20 40 60 80 100 120 140; pgm 3 3 9 8 7 6 5 4 3 2 1; } \
		>a.pgm
	{ pgm 3 3 0 9 21 40 62 80 104 120 148; pgm 3 3 1 2 3 4 5 6 7 8 9; } \
		>b.pgm
	pgm 1 1 1 >shape.pgm
	{ pgm 3 3 99 0 1 0 255 0 1 200 40; pgm 3 3 1 99 0 1 99 255 40 1 7; } \
		>other.pgm
	residual zscore --fit model a.pgm
	{ pgm 3 3 0 0 1 0 0 0 1 0 0; pgm 3 3 0 0 0 0 9 0 0 0 0; } >m.pgm
}
