#!/usr/bin/env bats
# Images worked on at once: the same output and the same failures as one by one.

load helpers

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	brain-phantom --count 11 --size 32 --seed 4 >images
	recon-degrade blur --sigma 2 images >recon
	recon-degrade noise --samples 3 images >samples
	anom-inject disk --radius 4 --mask masks images >anomalous
	head -c 40000 images >damaged # in the tenth
	residual zscore --fit model images
	bytes=$(($(stat -c %s images) / 11))
	{
		head -c $((5 * bytes)) images
		brain-phantom --size 16
		tail -c $((5 * bytes)) images
	} >mixed
}

# same STATUS COMMAND...: with every number of threads what it does with one
same() {
	local want=$1 n status=0
	shift
	"$@" >one 2>one.err || status=$?
	[ "$status" = "$want" ] || { cat one.err; return 1; }
	for n in 2 3 16; do
		status=0
		"$@" --threads "$n" >many 2>many.err || status=$?
		if ! cmp one many || ! cmp one.err many.err ||
			[ "$status" != "$want" ]; then
			echo "$*: $n threads, status $status"
			return 1
		fi
	done
}

@test "maps are the same" {
	cd "$BATS_FILE_TMPDIR" || return
	for kind in abs ssim-ensemble clahe-abs 'abs --median 3'; do
		# shellcheck disable=SC2086
		same 0 residual $kind anomalous recon
	done
	same 0 residual mahalanobis --samples 3 anomalous samples
	same 0 residual gmm anomalous
}

@test "reconstructions are the same, of several samples too" {
	cd "$BATS_FILE_TMPDIR" || return
	same 0 recon-degrade median images
	same 0 recon-degrade noise --samples 5 --seed 3 --first-index 7 images
	same 0 recon-degrade inpaint --mask masks images
	same 0 recon-degrade inpaint --samples 2 --mask masks images
}

@test "slices are the same" {
	same 0 brain-phantom --count 7 --size 24
	same 0 brain-phantom --count 3 --size 24 --first-index 18446744073709551612
	same 0 brain-phantom --count 0
}

@test "a stream that is cut off fails after the same images" {
	cd "$BATS_FILE_TMPDIR" || return
	same 3 recon-degrade blur damaged
	grep -q 'damaged: image 9' many.err
	same 3 residual abs damaged recon
	grep -q 'damaged: image 9' many.err
	same 3 residual abs images anomalous --expect 12
	same 3 residual mahalanobis --samples 3 anomalous recon
}

@test "the first image that fails is named, and those before it are written" {
	cd "$BATS_FILE_TMPDIR" || return
	same 3 residual zscore --model model mixed
	grep -q 'mixed: image 5' many.err
	bytes=$((5 * $(stat -c %s images) / 11))
	[ "$(stat -c %s many)" -lt $((bytes + 99)) ]
	cmp -n $bytes many <(residual zscore --model model images)
}

@test "numbers of threads that are none" {
	fails 2 threads recon-degrade blur --threads 0 /dev/null
	fails 2 threads residual gmm --threads 1025 /dev/null
	fails 2 threads brain-phantom --threads -1
	fails 2 'makes no maps' residual zscore --fit m --threads 2 /dev/null
}
