#!/usr/bin/env bats
# brain-phantom as a program; tests/oracle/phantom.py has its numbers.

load helpers

@test "pieces make the whole" {
	brain-phantom --count 5 --size 40 --seed 7 >whole
	brain-phantom --count 2 --size 40 --seed 7 >pieces
	brain-phantom --count 3 --size 40 --seed 7 --first-index 2 >>pieces
	cmp whole pieces
}

@test "every slice differs, and every seed" {
	for seed in 0 1; do
		for index in $(seq 0 19) 4294967296 18446744073709551614; do
			brain-phantom --size 50 --seed "$seed" \
				--first-index "$index" | sha256sum
		done
	done | sort -u >sums
	[ "$(wc -l <sums)" = 44 ]
}

@test "no images are an empty stream" {
	brain-phantom --count 0 >empty
	[ ! -s empty ]
}

@test "every format holds them unclipped" {
	for format in pgm8 pgm16 pfm; do
		brain-phantom --count 3 --size 31 --format "$format" >out 2>said
		# A partly covered pixel of the rim may be less than a step.
		[ ! -s said ] || [ "$format" = pgm8 ]
		grep -q clipped said && return 1
		recon-degrade none out >/dev/null
	done
}

@test "compilers agree on the bytes" {
	brain-phantom --count 2 --size 100 >expected
	for variant in gcc-O0 clang-O0 clang-O3 sanitized; do
		"$ROOT/build/$variant/bin/brain-phantom" --count 2 --size 100 |
			cmp - expected
	done
}

@test "what cannot be drawn is refused" {
	fails 2 'size.*7.*expected' brain-phantom --size 7
	fails 2 'size.*4097.*expected' brain-phantom --size 4097
	fails 2 'size' brain-phantom --size 256x256
	fails 2 'count.*-1' brain-phantom --count -1
	fails 2 'count' brain-phantom --count 1.5
	fails 2 'seed' brain-phantom --seed x
	fails 2 'below 2^64' brain-phantom --count 2 \
		--first-index 18446744073709551614
	fails 2 'unexpected operand' brain-phantom healthy.pfm
	fails 2 'nearest is --size' brain-phantom --sise 3
	fails 2 'format' brain-phantom --format png
}

@test "a full disk and a want of memory are told" {
	status=0
	brain-phantom >/dev/full 2>err || status=$?
	[ "$status" = 4 ]
	grep -q 'No space left' err
	status=0
	(
		ulimit -v 100000
		exec "$BIN/brain-phantom" --size 4096
	) >torn 2>err || status=$?
	[ "$status" = 4 ]
	grep -q '4096 x 4096' err
	# What reads on must fail too.
	fails 3 'the program before' recon-degrade none torn
}
