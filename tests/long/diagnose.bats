#!/usr/bin/env bats
# The diagnosis at length: interrupted at ten moments of each kind, other files of
# the model, samples, sizes.  ../diagnose.bats has what is quick.

# shellcheck source=tests/helpers.bash
load ../helpers
# shellcheck source=tests/diagnose.bash
load ../diagnose
bats_require_minimum_version 1.5.0

@test "images of two sizes, one subject, samples, and scores fitted on others" {
	printf 'image\tsubject\n' >index.tsv
	printf '%d\tone\n' 0 1 2 3 4 >>index.tsv
	diagnose IMAGES=mixed.pfm INDEX=index.tsv SAMPLES=3 STEPS=1 \
		SCORES='abs mahalanobis' \
		MODEL='recon-degrade noise --sigma 0.1 --samples 3' >out
	! grep -q -F '[' out || false
	$PYTHON - <<'END'
import json
r = json.load(open("results/diagnose/report.json"))
assert r["images"]["subjects"] == 1 and len(r["images"]["sizes"]) == 2
assert [c["score"] for c in r["curves"]] == ["abs", "mahalanobis"]
assert all(p["interval"] is None for c in r["curves"] for p in c["points"])
assert any("one subject" in n for n in r["notes"])
assert len(r["seen"]["points"]) == 1
END
	diagnose NORMAL=other.pfm SCORES='zscore' MODEL=cat >out
	tr '\n' ' ' <out | grep -q '^For synthetic lesions.* zscore of M is blind'
}

# results_of: what was published, as one sum
results_of() { find "$1" -maxdepth 1 -type f -exec sha256sum {} + | sort | sed 's| .*/| |'; }

@test "an interrupted run goes on, and gives the same bytes" {
	"$BIN/anom-inject" disk --radius 3 --mask masks.pgm other.pfm >ill.pfm
	want=(MODEL='sleep 0.2; recon-degrade blur' STEPS=2 SCORES='abs ssim'
		LESIONS=ill.pfm MASKS=masks.pgm)
	SECONDS=0
	diagnose "${want[@]}" RESULTS=whole >said
	lasts=$SECONDS
	results_of whole >whole.sums
	[ "$(cut -d ' ' -f 2 whole.sums | sort | tr '\n' ' ')" = 'curves.tsv images.tsv lesions.tsv report.html report.json report.md report.tex ' ]
	# So many moments of each kind, between the start and the end.
	moments=${MOMENTS:-10}
	for signal in INT KILL; do
		for ((k = 1; k <= moments; k++)); do
			rm -rf cut
			timeout --foreground -s $signal \
				"$(awk "BEGIN { print $lasts * $k / ($moments + 1) }")" \
				bash -c 'blindspot diagnose IMAGES=in.pfm "$@"' - \
				"${SMALL[@]}" "${want[@]}" RESULTS=cut \
				>said 2>&1 || true
			diagnose "${want[@]}" RESULTS=cut >said
			results_of cut | cmp - whole.sums
		done
	done
}

@test "another file of the model is another model; the same is not run again" {
	echo 2 >sigma
	cat >model.sh <<-'END'
		echo run >>runs
		recon-degrade blur --sigma "$(cat sigma)"
	END
	want=(MODEL='sh model.sh' FILES=sigma)
	diagnose "${want[@]}" >first
	cp runs before
	diagnose "${want[@]}" >again
	cmp first again
	cmp runs before
	echo 0.5 >sigma
	diagnose "${want[@]}" >other
	! cmp -s runs before || false
	! cmp -s first other || false
}

@test "what it would cost is said, and PLAN=yes stops there" {
	diagnose MODEL=cat STEPS=3 PLAN=yes >out 2>said
	[ ! -s out ]
	grep -q '^diagnose: MODEL: 4 images 4 times, .* each and .* to start: ' said
	grep -q 'in all about' said
	grep -q 'the model returns its input' said
	[ ! -e results/diagnose/report.json ]
}
