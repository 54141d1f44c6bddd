#!/usr/bin/env bats
# Learned reconstructions: what training promises, and what is refused.

load helpers
bats_require_minimum_version 1.5.0

# The tests run beside each other.
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive

phantoms() { # COUNT SIZE SEED
	brain-phantom --count "$1" --size "$2" --seed "$3"
}

# A small training with the options that follow.
small() {
	local steps=(--steps 12)
	[[ " $* " != *' --steps '* ]] || steps=()
	recon-train ae --latent 4 --width 4 --batch 4 \
		${steps[@]+"${steps[@]}"} "$@" train.pfm
}

setup_small() {
	phantoms 10 16 1 >train.pfm
	phantoms 4 16 2 >val.pfm
}

@test "the same seed gives the same model, another one another" {
	setup_small
	small --output m
	cp m first
	small --output m
	cmp m first
	small --seed 1 --output m
	cmp -s m first && return 1
	for kind in 'spatial-ae --channels 2 --width 4' 'vq-vae --width 16'; do
		for i in 1 2; do
			# shellcheck disable=SC2086 # a kind and its options
			recon-train $kind --batch 4 --steps 3 --output m \
				train.pfm
			cp m "m$i"
		done
		cmp m1 m2
	done
}

# weights FILE: the names and values of a model's tensors
weights() {
	$PYTHON -c '
import json, struct, sys
raw = open(sys.argv[1], "rb").read()
end = 8 + struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8:end])
header.pop("__metadata__")
for name in sorted(header):
    a, b = header[name]["data_offsets"]
    print(name, raw[end + a:end + b].hex())' "$1"
}

@test "a resumed run ends as an uninterrupted one, to the last bit" {
	setup_small
	for kind in 'ae --latent 4 --width 4' 'spatial-ae --width 4' \
		'vq-vae --width 16'; do
		run_it() {
			# shellcheck disable=SC2086 # a kind and its options
			recon-train $kind --batch 4 --validate val.pfm \
				--validate-every 3 "$@" train.pfm
		}
		run_it --steps 13 --log whole.tsv --output whole
		run_it --steps 6 --checkpoint half --output x
		run_it --steps 13 --resume half --log rest.tsv --output resumed
		cmp <(weights whole) <(weights resumed)
		# The log goes on where the other would have.
		tail -n 3 whole.tsv | cmp - <(tail -n 3 rest.tsv)
		# In the same file too, from between two of its rows.
		run_it --steps 7 --checkpoint half --log log --output x
		run_it --steps 13 --resume half --log log --output resumed
		cmp <(grep '^[0-9]' whole.tsv) <(grep '^[0-9]' log | grep -v '^7')
		[ "$(grep -c '^# resumed recon-train .*--resume half' log)" = 1 ]
		# And where a kill cut it, after more steps than were kept.
		{ grep -v resumed log | head -n 8; printf '# incomplete\n'; } >l2
		{ grep -v resumed log | head -n 8; printf '9\t0.0'; } >l3
		for log in l2 l3; do
			run_it --steps 13 --resume half --log "$log" --output y
			cmp <(grep '^[0-9]' log) <(grep '^[0-9]' "$log")
		done
		# Even with a validation between that the other did not have.
		run_it --steps 7 --checkpoint half --output x
		run_it --steps 13 --resume half --output resumed
		cmp <(weights whole) <(weights resumed)
	done
}

@test "a checkpoint is a model, and resumes where it was killed" {
	setup_small
	recon-train ae --latent 4 --width 4 --batch 4 --steps 1000000 \
		--checkpoint ck --checkpoint-every 2 --output never train.pfm \
		3>&- &
	for _ in $(seq 200); do
		[ ! -s ck ] || break
		sleep .05
	done
	sleep .3
	kill -9 $!
	wait $! || true
	[ ! -e never ]
	recon-model ck val.pfm >out
	step=$(grep -a -o '"step":"[0-9]*' ck | grep -o '[0-9]*$')
	[ "$((step % 2))" = 0 ]
	small --steps "$((step + 3))" --resume ck --output resumed
	small --steps "$((step + 3))" --output whole
	cmp <(weights resumed) <(weights whole)
}

@test "signals write a checkpoint and say so" {
	setup_small
	# A shell's background jobs ignore SIGINT, and those of nohup SIGHUP.
	cat >interrupt.py <<'END'
import os, re, signal, subprocess, sys, time
for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
    signal.signal(number, signal.SIG_DFL)
kept = ["--checkpoint", "ck", "--checkpoint-every", "1000000"]
then = "--resume ck goes on from there"
if len(sys.argv) > 2:
    kept, then = [], "without --checkpoint nothing is kept"
p = subprocess.Popen(["recon-train", "ae", "--latent", "4", "--width", "4",
                      "--batch", "4", "--steps", "1000000", *kept, "--log",
                      "log", "--validate-every", "1", "--output", "never",
                      "train.pfm"], stderr=subprocess.PIPE, text=True)
while not os.path.exists("log") or os.path.getsize("log") < 400:
    time.sleep(.05)
p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
err = p.communicate()[1]
want = 128 + getattr(signal, "SIG" + sys.argv[1])
if p.returncode != want or not re.fullmatch(
        rf"recon-train: interrupted after step \d+ of 1000000; {then}\n",
        err):
    sys.exit(f"{p.returncode} {err}")
END
	for signal in INT TERM HUP; do
		$PYTHON interrupt.py "$signal"
		[ "$(tail -n 1 log)" = '# incomplete' ]
		recon-model ck val.pfm >out
		[ ! -e never ]
		rm ck log
	done
	$PYTHON interrupt.py INT without
	[ "$(tail -n 1 log)" = '# incomplete' ]
	[ ! -e never ]
}

# limited COMMAND...: no file may grow beyond a kibibyte or two, as on a disk
# that is full
limited() {
	# shellcheck disable=SC2016 # for the other shell
	bash -c 'trap "" XFSZ; ulimit -f 2; exec "$@"' limited "$@"
}

@test "a full disk leaves the last good checkpoint and model" {
	setup_small
	small --checkpoint ck --output m
	cp ck good
	cp m good-model
	fails 4 'ck: write the tensors: File too large' limited recon-train \
		ae --latent 4 --width 4 --batch 4 --steps 40 --checkpoint ck \
		--resume good --output m train.pfm
	cmp ck good
	cmp m good-model
	[ -z "$(find . -name '.blindspot-*')" ]
	fails 4 'm: write the tensors: File too large' limited recon-train \
		ae --latent 4 --width 4 --batch 4 --steps 1 --output m \
		train.pfm
	cmp m good-model
	[ -z "$(find . -name '.blindspot-*')" ]
	fails 4 '/dev/full: write the tensors: No space' small \
		--output /dev/full
	fails 4 '/dev/full: write the tensors: No space' small \
		--checkpoint /dev/full --output m
	cmp m good-model
	fails 4 'No such file' small --output no/such/m
	[ -c /dev/full ]
}

@test "a checkpoint of another training is refused" {
	setup_small
	small --checkpoint ck --output m
	refuses() {
		fails 3 "$1" recon-train "${@:2}" --resume ck --output m \
			train.pfm
	}
	refuses 'latent 4, expected 5' ae --latent 5 --width 4 --batch 4
	refuses 'width 4, expected 6' ae --latent 4 --width 6 --batch 4
	refuses 'batch 4, expected 5' ae --latent 4 --width 4 --batch 5
	refuses 'lr 0.001, expected 0.5' ae --latent 4 --width 4 --batch 4 \
		--lr 0.5
	refuses 'seed 0, expected 9' ae --latent 4 --width 4 --batch 4 \
		--seed 9
	refuses 'weight-decay 0.02, expected 0' ae --latent 4 --width 4 --batch 4 \
		--weight-decay 0
	refuses 'architecture ae, expected spatial-ae' spatial-ae --width 4
	refuses 'with validation images of fingerprint none, expected' ae --latent 4 --width 4 --batch 4 \
		--validate val.pfm
	phantoms 10 32 1 >train.pfm
	refuses 'rows 16, expected 32' ae --latent 4 --width 4 --batch 4
	phantoms 9 16 1 >train.pfm
	refuses 'with training images of fingerprint' ae --latent 4 --width 4 --batch 4
	fails 3 'm: is a model, expected a checkpoint' small --resume m \
		--output x
	head -c 5000 ck >"cut"
	fails 3 '^recon-train: cut: ' small --resume "cut" --output x
	phantoms 10 16 1 >train.pfm
	fails 2 'steps: 11, but ck has done 12' small --steps 11 --resume ck \
		--output x
}

# told FILE NAME: a fingerprint that a tensor file tells
told() { head -c 4000 "$1" | grep -a -o "\"$2\":\"[0-9a-f]*" | cut -d '"' -f 4; }

@test "a model names its images as a sweep does, however they are cut" {
	phantoms 5 16 1 >all.pfm
	phantoms 2 16 1 >first.pfm
	brain-phantom --count 3 --size 16 --seed 1 --first-index 2 >rest.pfm
	cat first.pfm rest.pfm | cmp - all.pfm
	anom-sweep --inject disk:radius=2 --degrade none all.pfm >table
	sum=$(sed -n 's/^# images 5, xxh3 \([0-9a-f]\{16\}\)$/\1/p' table)
	[ -n "$sum" ]
	recon-train pca --latent 1 --output m first.pfm rest.pfm
	[ "$(told m images_xxh3)" = "$sum" ]
	recon-train ae --latent 4 --width 4 --batch 2 --steps 1 \
		--validate all.pfm --checkpoint ck --log log --output m rest.pfm
	[ "$(told ck validation_xxh3)" = "$sum" ]
	[ "$(told m images_xxh3)" != "$sum" ]
	grep -q "^# validation $sum$" log
}

@test "a log is not lost, and no place is found out late" {
	setup_small
	small --log log --checkpoint ck --output m
	sha256sum log ck m >sums
	fails 2 'unknown option --outptu' small --log log --outptu m
	fails 4 'none' small --log log --resume none --output m
	fails 2 'steps: 3' small --steps 3 --log log --resume ck --output m
	phantoms 1 32 1 >large.pfm
	fails 3 'train.pfm: image 0: is 16 x 16' small --log log --output m \
		large.pfm
	sha256sum --quiet -c sums
	mkdir folder
	fails 4 'folder: open for writing: Is a directory' small \
		--output folder --steps 100000000
	fails 4 'folder: open for writing: Is a directory' small \
		--checkpoint folder --output m --steps 100000000
	fails 2 'new: is another output' small --log new \
		--output folder/../new
	fails 2 './new: is another output' small --log ./new \
		--checkpoint new --output m
	[ ! -e new ]
	# A checkpoint may take the place of the one it goes on from only.
	cp ck ck2
	small --steps 14 --resume ck2 --checkpoint ck2 --output m4
	grep -a -q '"step":"14"' ck2
	fails 2 'ck2: would be written while' small --steps 15 --resume ck2 \
		--checkpoint ck2 --output folder/../ck2
	fails 2 'train.pfm: would be written while it is read' small \
		--checkpoint train.pfm --output m4
	# What a resumed training would replace is its own log, or it stays.
	small --seed 1 --log other --checkpoint ck1 --output m1
	phantoms 3 16 7 >val.pfm
	small --validate val.pfm --log validated --output m1
	printf 'name\tage\nme\t3\n' >people
	sha256sum validated people >>sums
	fails 3 'validated: line 5: other images than .* expected the log of' \
		small --resume ck --log validated --output m2
	fails 3 'people: line 1: other columns, expected the log of' \
		small --resume ck --log people --output m2
	sha256sum --quiet -c sums
	fails 4 '/dev/full: write: No space' small --log /dev/full --output m
	sha256sum --quiet -c sums
}

@test "options that make no sense" {
	setup_small
	fails 2 'KIND' recon-train
	fails 2 "nearest is 'vq-vae'" recon-train vqvae --output m train.pfm
	fails 2 '[-]-output: missing' recon-train ae train.pfm
	fails 2 'latent' recon-train ae --latent 0 --output m train.pfm
	fails 2 'unknown option --latent' recon-train spatial-ae --latent 3 \
		--output m train.pfm
	fails 2 'unknown option --steps' recon-train pca --steps 3 --output m \
		train.pfm
	fails 2 'lr' recon-train ae --lr 0 --output m train.pfm
	fails 2 'batch' recon-train ae --batch 0 --output m train.pfm
	fails 2 'multiple of 16' recon-train vq-vae --width 24 --output m \
		train.pfm
	fails 2 'threads' recon-train ae --threads 0 --output m train.pfm
	fails 2 'pca has no steps' recon-train pca --checkpoint c --output m \
		train.pfm
	fails 2 'm: is another output' small --checkpoint m --output m
	fails 2 'MODEL' recon-model
	is_poison out
	fails 2 'unexpected operand' recon-model m train.pfm val.pfm
	[ ! -e m ]
}

@test "images that cannot be trained on" {
	setup_small
	{ phantoms 2 16 1; phantoms 1 32 1; } >two.pfm
	fails 3 'two.pfm: image 2: is 32 x 32, expected the 16 x 16' \
		recon-train ae --output m two.pfm
	phantoms 1 32 1 >large.pfm
	fails 3 'large.pfm: image 0: is 32 x 32' recon-train ae --output m \
		train.pfm /dev/null large.pfm
	phantoms 2 24 1 >odd.pfm
	fails 3 'odd.pfm: image 0: is 24 x 24, expected a square of 16, 32' \
		recon-train ae --output m odd.pfm
	recon-train vq-vae --width 16 --steps 1 --batch 2 --output vq odd.pfm
	phantoms 2 20 1 >odd.pfm
	fails 3 'odd.pfm: image 0: .*multiples of 8' recon-train vq-vae \
		--output m odd.pfm
	fails 3 'no images' recon-train ae --output m /dev/null
	head -c 3000 train.pfm >"cut"
	fails 3 'cut: image 2: .*ends' recon-train ae --output m "cut"
	fails 3 'large.pfm: image 0: is 32 x 32, expected the 16 x 16' small \
		--validate large.pfm --output m
	# shellcheck disable=SC2046 # numbers
	pgm 16 16 $(printf '0 %.0s' $(seq 256)) >black.pgm
	fails 3 'black.pgm: image 0: .*without foreground' small --output m \
		--validate black.pgm
	[ ! -e m ]
}

@test "components that images do not have" {
	setup_small
	fails 3 'at most 9 components' recon-train pca --latent 10 --output m \
		train.pfm
	recon-train pca --latent 9 --output m train.pfm
	cat train.pfm train.pfm >twice.pfm
	fails 3 'differ in 9 directions' recon-train pca --latent 10 \
		--output m2 twice.pfm
	fails 3 'at most 0 components' recon-train pca --latent 1 --output m2 \
		<(phantoms 1 16 1)
	[ ! -e m2 ]
}

@test "a loss that is not finite stops" {
	setup_small
	fails 3 'step [0-9]*: the loss is not finite; try a lower learning' \
		recon-train ae --latent 4 --width 4 --batch 4 --steps 50 \
		--lr 1000 --weight-decay 1000 --log log --checkpoint ck \
		--output m train.pfm
	[ "$(tail -n 1 log)" = '# incomplete' ]
	[ ! -e m ]
	[ ! -e ck ]
}

@test "a model cut anywhere is refused" {
	setup_small
	small --output m
	size=$(wc -c <m)
	for n in 0 1 7 8 9 100 1000 $((size / 2)) $((size - 1)); do
		head -c "$n" m >"cut"
		fails 3 '^recon-model: cut: ' recon-model "cut" val.pfm
		is_poison out
	done
	{ cat m; printf x; } >long
	fails 3 'bytes of data' recon-model long val.pfm
}

# edit EXPRESSION: the model m with its header and data changed
edit() {
	$PYTHON -c '
import json, struct, sys
raw = open("m", "rb").read()
end = 8 + struct.unpack("<Q", raw[:8])[0]
h, data = json.loads(raw[8:end]), bytearray(raw[end:])
exec(sys.argv[1])
text = json.dumps(h).encode()
sys.stdout.buffer.write(struct.pack("<Q", len(text)) + text + data)' \
		"$1" >edited
}

@test "a model that is damaged is refused" {
	setup_small
	small --output m
	recon-model m val.pfm >plain
	damaged() {
		edit "$2"
		fails 3 "edited: .*$1" recon-model edited val.pfm
		is_poison out
	}
	damaged "lacks the tensor 'encoder.0.1.bias'" \
		'h["encoder.0.1.buys"] = h.pop("encoder.0.1.bias")'
	damaged "holds a tensor 'extra', expected none" \
		'h["extra"] = dict(dtype="F32", shape=[0],
			data_offsets=[len(data)] * 2)'
	damaged 'found 4 x 9 x 1 x 1, expected 4 x 1 x 3 x 3' \
		'h["encoder.0.0.weight"]["shape"] = [4, 9, 1, 1]'
	damaged 'is not finite' 'data[0:4] = b"\0\0\xc0\x7f"'
	damaged 'running_var.: value 0 is -1, expected a variance' \
		'i = h["encoder.0.1.running_var"]["data_offsets"][0]
data[i:i + 4] = b"\0\0\x80\xbf"'
	damaged "type 'F8_E5M2'" 'h["decoder.1.weight"]["dtype"] = "F8_E5M2"'
	damaged '16 bytes, expected the 32 of its shape' \
		'h["decoder.1.weight"]["dtype"] = "F64"'
	damaged "says it is a 'vq-vae'" \
		'h["__metadata__"]["architecture"] = "vq-vae"'
	damaged 'for images of' 'h["__metadata__"]["rows"] = "32"'
	damaged 'its latent is 99, expected the 4' \
		'h["__metadata__"]["latent"] = "99"'
	damaged 'its width is 8, expected the 4' \
		'h["__metadata__"]["width"] = "8"'
	damaged 'model format 2' 'h["__metadata__"]["model_format"] = "2"'
	damaged 'no known architecture' \
		'h = {"a": dict(dtype="F32", shape=[len(data) // 4],
			data_offsets=[0, len(data)])}'
	edit 'h["n.num_batches_tracked"] = dict(dtype="I64", shape=[],
		data_offsets=[len(data), len(data) + 8]); data += bytes(8)'
	recon-model edited val.pfm | cmp - plain
	edit 'del h["__metadata__"]'
	recon-model edited val.pfm | cmp - plain
	fails 4 'No such file' recon-model none val.pfm
}

@test "a model takes images of its size, and streams that are whole" {
	setup_small
	small --output m
	phantoms 1 32 1 >large.pfm
	fails 3 'large.pfm: image 0: is 32 x 32, expected the 16 x 16' \
		recon-model m large.pfm
	cat val.pfm large.pfm >mixed.pfm
	fails 3 'mixed.pfm: image 4: is 32 x 32' recon-model m mixed.pfm
	[ "$(tail -c 3 out)" = Pf ]
	head -c 2000 val.pfm >"cut"
	fails 3 'cut: image 1: .*ends' recon-model m "cut"
	[ "$(tail -c 3 out)" = Pf ]
	cp out passed-on
	fails 3 'the program before failed' recon-degrade none passed-on
	recon-model m /dev/null >none
	[ ! -s none ]
	{ recon-model m train.pfm; recon-model m val.pfm; } >pieces
	cat train.pfm val.pfm | recon-model m | cmp - pieces
	run -4 sh -c 'recon-model m val.pfm >/dev/full'
}

# restate FILE KEY=VALUE > NEW: the same tensors with another fact
restate() {
	$PYTHON -c '
import json, struct, sys
raw = open(sys.argv[1], "rb").read()
end = 8 + struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8:end])
key, value = sys.argv[2].split("=")
header["__metadata__"][key] = value
text = json.dumps(header).encode()
sys.stdout.buffer.write(struct.pack("<Q", len(text)) + text + raw[end:])' "$@"
}

@test "a last activation, by option and by metadata" {
	setup_small
	small --output m
	recon-train pca --latent 2 --output p train.pfm
	for model in m p; do
		recon-model "$model" val.pfm >plain
		recon-model --activation none "$model" val.pfm | cmp - plain
		for name in relu sigmoid tanh; do
			recon-model --activation "$name" "$model" val.pfm >$name
			restate "$model" activation=$name >stated
			recon-model stated val.pfm | cmp - $name
			recon-model --activation none stated val.pfm |
				cmp - plain
			cmp -s $name plain && return 1
		done
		$PYTHON - "$ROOT/tests/oracle" <<'EOF'
import sys
import numpy as np
from scipy.special import expit
sys.path.insert(0, sys.argv[1])
from blindspot_io import images
def of(name):
    return np.array(images(open(name, "rb").read()), float)
x = of("plain")
for name, f in [("relu", lambda x: np.maximum(x, 0)), ("sigmoid", expit),
                ("tanh", np.tanh)]:
    assert np.abs(of(name) - f(x)).max() < 1e-7, name
EOF
	done
	fails 2 "activation: found 'swish', expected none, relu" recon-model \
		--activation swish m val.pfm
	restate m activation=gelu >stated
	fails 3 "stated: activation: found 'gelu'" recon-model stated val.pfm
}

@test "a vq-vae from elsewhere takes any size, mixed" {
	setup_small
	recon-train vq-vae --width 16 --steps 1 --batch 2 --output m train.pfm
	edit 'del h["__metadata__"]'
	for size in 24 16 24; do phantoms 1 $size 1; done >mixed.pfm
	recon-model edited mixed.pfm >out
	recon-model m mixed.pfm | cmp - out
	phantoms 1 24 1 | recon-model edited >one
	tail -c "$(wc -c <one)" out | cmp - one
	phantoms 1 20 1 >odd.pfm
	fails 3 'odd.pfm: image 0: .*multiples of 8' recon-model edited odd.pfm
}

@test "an image's reconstruction comes before the next image is read" {
	setup_small
	small --output m
	$PYTHON -c '
import subprocess, sys
p = subprocess.Popen(["recon-model", "m"], stdin=subprocess.PIPE,
                     stdout=subprocess.PIPE)
data = open("val.pfm", "rb").read()
n = len(data) // 4
for i in range(4):
    p.stdin.write(data[i * n:(i + 1) * n])
    p.stdin.flush()
    if len(p.stdout.read(n)) != n:
        sys.exit("short")
p.stdin.close()
sys.exit(p.wait())'
}

@test "a sweep runs it" {
	setup_small
	recon-train pca --latent 3 --output m train.pfm
	for on in normal anomalous; do
		[ $on = normal ] && cell=0:1:3 rows=3 || cell=.5 rows=1
		anom-sweep --on $on --recon-cmd 'recon-model m' \
			--inject disk:radius=2,intensity="$cell" --residual abs \
			val.pfm >table
		[ "$(grep -v -c -e '^#' -e '^inject' -e '^ap' table)" = "$rows" ]
	done
}

@test "validation chooses the best model, and the log says what it was" {
	setup_small
	small --validate val.pfm --validate-every 2 --log log --output m 2>err
	[ "$(grep -c '^[0-9]' log)" = 6 ]
	best=$(grep '^[0-9]' log | sort -k3,3gr -s | head -n 1)
	grep -a -q "\"validation_ap\":\"$(cut -f3 <<<"$best")\"" m
	grep -a -q "\"step\":\"$(cut -f1 <<<"$best")\"" m
	[ ! -s err ] || grep -qx "recon-train: m: the model of step $(
		cut -f1 <<<"$best") of 12, where validation AP was greatest.*" err
	recon-model m val.pfm | residual abs val.pfm - >map
	[ "$(score --metrics mean_residual map val.pfm | tail -n 1 |
		cut -f2 | cut -c1-9)" = "$(cut -f4 <<<"$best" | cut -c1-9)" ]
}

@test "the filters load no networks" {
	for program in $PROGRAMS; do
		case $program in
		recon-model | recon-train) continue ;;
		ood-histogram) heavy=dnnl ;; # its components
		*) heavy='dnnl|lapack|openblas|gomp' ;;
		esac
		if ldd "$BIN/$program" | grep -E "$heavy"; then
			return 1
		fi
	done
}
