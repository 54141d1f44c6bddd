#!/usr/bin/env bats
# packages.txt, and the script that installs what it lists; what tests/debian
# says where it cannot begin.

load helpers

# A copy of the script that reads a list of ours.
install_with() {
	mkdir -p tests
	cp "$ROOT/tests/packages" tests
	cat >tests/packages.txt
}

# Programs in the place of those that change the system; each says that it ran.
stand_in() { # NAME SCRIPT
	mkdir -p bin
	printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
}

@test "apt knows every package that is listed" {
	sed -e 's/#.*//' "$ROOT/tests/packages.txt" | awk 'NF' >listed
	[ "$(wc -l <listed)" -gt 30 ]
	# Without lists apt knows what is installed: what these tests need.
	if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
		grep -E ' (build|run|check)$' listed >installed
		mv installed listed
	fi
	{
		apt-cache pkgnames
		# shellcheck disable=SC2016 # a format of dpkg-query
		dpkg-query -W -f '${Package}\n'
	} | sort -u >known
	awk '{ print $1 }' listed | sort -u | comm -23 - known >unknown
	[ ! -s unknown ] || {
		echo "apt knows no $(tr '\n' ' ' <unknown)"
		return 1
	}
}

@test "comments, blank lines and white space are no packages" {
	printf '# build\n\n \t\nlibc-bin\tbuild # needed\n  dpkg   run  \n' |
		install_with
	tests/packages build run
}

@test "a line that is no package and group is refused with its number" {
	local line
	for line in 'gcc' 'gcc build check' 'gcc biuld' 'Gcc build' 'g build' \
		'-y build' 'gcc=12 build' 'gcc/sid build' 'gcc; build' \
		'build gcc' 'gcc build,check'; do
		printf '# list\ndpkg run\n%s\n' "$line" | install_with
		# Also where its group is not asked for.
		fails 1 "packages.txt:3: .*\"$line\", expected a package" \
			tests/packages run
	done
	printf 'dpkg run\ndpkg check\ndpkg run\n' | install_with
	fails 1 'packages.txt:3: .*once' tests/packages check
}

@test "a group that is not known is refused" {
	fails 2 "unknown group 'biuld', expected one of: build run" \
		"$ROOT/tests/packages" build biuld
	fails 2 "unknown group ''" "$ROOT/tests/packages" ''
}

@test "a list that is missing is no empty list" {
	install_with </dev/null
	rm tests/packages.txt
	status=0
	tests/packages build 2>err || status=$?
	[ "$status" != 0 ]
	grep -q 'packages.txt' err
}

@test "without root and sudo: the line that installs, and nothing else" {
	printf 'dpkg build\nno-such-one build\nno-such-two run\n' | install_with
	stand_in id 'echo 1000'
	stand_in apt-get 'touch ran'
	stand_in sudo 'exit 1'
	status=0
	PATH=$PWD/bin:$PATH tests/packages build >out 2>err || status=$?
	[ "$status" = 1 ]
	[ ! -e ran ]
	[ ! -s out ]
	[ "$(sed -n 2p err)" = '  sudo apt-get update && sudo apt-get install -y --no-install-recommends no-such-one' ]
	# A system that has no sudo: the line of root.
	rm bin/sudo
	for program in dirname awk dpkg-query; do
		ln -s "$(command -v $program)" bin
	done
	status=0
	PATH=$PWD/bin "$BASH" tests/packages build run 2>err || status=$?
	[ "$status" = 1 ]
	[ "$(sed -n 2p err)" = "  su - -c 'apt-get update && apt-get install -y --no-install-recommends no-such-one no-such-two'" ]
	[ ! -e ran ]
}

@test "lists are renewed first; a source that fails is not the end" {
	printf 'no-such-one build\n' | install_with
	stand_in id 'echo 0'
	# shellcheck disable=SC2016 # for the script to expand
	stand_in apt-get 'echo "$*" >>ran; [ "$1" != update ]'
	PATH=$PWD/bin:$PATH tests/packages build 2>err
	[ "$(cat ran)" = 'update -q
install -q -y --no-install-recommends no-such-one' ]
	grep -q 'update failed' err
	# What is not installed in the end is a failure.
	stand_in apt-get 'exit 100'
	status=0
	PATH=$PWD/bin:$PATH tests/packages build 2>err || status=$?
	[ "$status" = 100 ]
}

@test "a fresh Debian: releases and targets that are none" {
	debian=$ROOT/tests/debian
	fails 2 'usage' "$debian"
	fails 2 'usage' "$debian" trixie demo check
	fails 2 "'' is no codename" "$debian" ''
	fails 2 "'13' is no codename" "$debian" 13
	fails 2 "'../trixie' is no codename" "$debian" ../trixie
	fails 2 "'-k' is no target" "$debian" trixie -k
	fails 2 "'demo check' is no target" "$debian" trixie 'demo check'
	fails 2 "'demo;id' is no target" "$debian" trixie 'demo;id'
}

@test "a fresh Debian: what it needs" {
	cp "$ROOT/tests/debian" .
	stand_in id 'echo 1000'
	PATH=$PWD/bin:$PATH fails 1 'only root' ./debian trixie
	stand_in id 'echo 0'
	stand_in debootstrap 'exit 1'
	PATH=$PWD/bin:$PATH fails 2 "knows no release 'nosuch'" ./debian nosuch
}
