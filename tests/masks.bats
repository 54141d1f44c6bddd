#!/usr/bin/env bats
# Masks of the patient: foreground, mask-apply, anom-inject --within.

load helpers

refuses() {
	fails "$@"
	is_poison out
}

@test "foreground and mask-apply: what is wrong is named" {
	make_inputs
	for bad in Otsu 1x nan inf ''; do
		refuses 2 'threshold' foreground --threshold "$bad" a.pgm
	done
	refuses 2 'unknown option --smallest' foreground --smallest a.pgm
	{ cat a.pgm; printf 'P5\n2 2\n255\n\001'; } >"cut"
	fails 3 'image 2: .*ends' foreground "cut"
	[ "$(tail -c 3 out)" = P5 ]
	refuses 2 'found 0 operands' mask-apply
	refuses 2 'named twice' mask-apply -
	refuses 2 'named twice' mask-apply - -
	pgm 2 2 1 1 1 1 >small.pgm
	refuses 3 'small.pgm' mask-apply small.pgm a.pgm
	{ cat m.pgm; pgm 3 3 1 1 1 1 1 1 1 1 1; } >more.pgm
	fails 3 'ends after 2 images' mask-apply more.pgm a.pgm
	[ "$(tail -c 3 out)" = Pf ]
	fails 3 'ends after' mask-apply m.pgm <(cat a.pgm a.pgm)
	fails 3 'expected 3' foreground --expect 3 a.pgm
	refuses 4 'No such file' mask-apply absent a.pgm
}

@test "pieces give the whole" {
	make_inputs
	cmp <(cat mixed.pgm a.pgm | foreground --fill --largest) \
		<(foreground --fill --largest mixed.pgm
			foreground --fill --largest a.pgm)
}

@test "anomalies lie within, and a mask that does not fit is named" {
	make_inputs
	pgm 3 3 0 0 0 0 0 0 0 0 9 >corner.pgm
	anom-inject disk --radius 5 --intensity 1 --within corner.pgm \
		--mask mask --positions <(printf 'image\trow\tcol\n0\t0\t0\n1\t2\t2\n') \
		a.pgm >out
	cmp mask <(for _ in 1 2; do
		printf 'P5\n3 3\n255\n\0\0\0\0\0\0\0\0\377'; done)
	pgm 3 3 0 0 0 0 0 0 0 0 0 >none.pgm
	refuses 3 'image 0: .*without foreground' \
		anom-inject disk --within none.pgm a.pgm
	pgm 2 2 1 1 1 1 >small.pgm
	refuses 3 'small.pgm: image 0: is 2 x 2, expected the 3 x 3 .*--within' \
		anom-inject disk --within small.pgm a.pgm
	: >empty.pgm
	refuses 3 'empty.pgm: .*holds no image' \
		anom-inject disk --within empty.pgm a.pgm
	fails 3 'ran out' anom-inject disk --within <(cat corner.pgm) a.pgm
	cat a.pgm a.pgm >four.pgm
	anom-inject disk --within m.pgm four.pgm >out 2>err
	grep -q 'warning: --within: 2 masks for 4 images: they began again' err
	fails 3 'began again' anom-inject disk --strict --within m.pgm four.pgm
	# One mask for all, or one for each: no warning.
	anom-inject disk --within corner.pgm four.pgm >out 2>err
	[ ! -s err ]
}
