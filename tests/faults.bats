#!/usr/bin/env bats
# What was lost, hung or was taken for whole before: writers of whole files,
# merged shards, commands that do not end, weights of other types.

load helpers

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# rewrite FROM TO TYPE [PREFIX]: a tensor file in numbers of another type, with
# something before the names of its tensors, and no metadata
rewrite() {
	python3 - "$@" <<-'END'
		import json, struct, sys
		source, target, kind = sys.argv[1:4]
		prefix = sys.argv[4] if len(sys.argv) > 4 else ""
		data = open(source, "rb").read()
		n = struct.unpack("<Q", data[:8])[0]
		header, data = json.loads(data[8:8 + n]), data[8 + n:]
		header.pop("__metadata__")
		out, body = {}, b""
		for name, t in header.items():
		    a, b = t["data_offsets"]
		    x = struct.unpack("<%df" % ((b - a) // 4), data[a:b])
		    if kind == "BF16":
		        new = b"".join(struct.pack("<f", v)[2:] for v in x)
		    else:
		        code = {"F32": "f", "F16": "e", "F64": "d"}[kind]
		        new = struct.pack("<%d%s" % (len(x), code), *x)
		    out[prefix + name] = {"dtype": kind, "shape": t["shape"],
		        "data_offsets": [len(body), len(body) + len(new)]}
		    body += new
		if kind == "F32": # PyTorch's counters, of a type that is left out
		    out[prefix + "steps"] = {"dtype": "I32", "shape": [],
		        "data_offsets": [len(body), len(body) + 4]}
		    body += b"\0" * 4
		text = json.dumps(out).encode()
		open(target, "wb").write(struct.pack("<Q", len(text)) + text + body)
	END
}

# What library code does is told by the whole suite, make check-faults.
@test "what fails in the system is told, and nothing broken is taken for whole" {
	FIRST=yes "$ROOT/tests/faults/check" "$(dirname "$BIN")" 3 >said 2>err ||
		{ cat said err; return 1; }
	tail -1 said | grep -q '^[0-9]\{3,\} faults in .* runs, 0 failures'
}

# limited COMMAND...: no file may grow beyond 20 KiB.  SIGXFSZ, which ends a
# program that does not know of it, is not ignored.
limited() {
	# shellcheck disable=SC2016 # for the other shell
	bash -c 'ulimit -f 20; exec "$@"' limited "$@"
}

@test "a file that may not grow is told, and refused by who reads it" {
	brain-phantom --count 3 --size 64 >in
	limited recon-degrade blur in >half 2>err && return 1
	grep -q '^recon-degrade: .*File too large' err
	fails 3 "" recon-degrade none half
}

@test "what is written when a library aborts or crashes is not whole" {
	for signal in ABRT:4 SEGV:139; do
		rm -f half
		brain-phantom --count 1000000 --size 16 >half 2>err &
		until [ -s half ]; do sleep 0.05; done
		kill -"${signal%:*}" "$!"
		status=0
		wait "$!" 2>/dev/null || status=$?
		[ "$status" = "${signal#*:}" ]
		[ "$(wc -l <err)" = 1 ]
		grep -q '^brain-phantom: .*want of memory' err
		fails 3 '' recon-degrade none half
	done
}

# is_gone: the process in the file pid ends within two seconds
is_gone() {
	for _ in {1..40}; do
		kill -0 "$(cat pid)" 2>/dev/null || return 0
		sleep 0.05
	done
	return 1
}

pca() { recon-train pca --latent 1 "$@"; }

@test "training writes over nothing but what it was told to" {
	brain-phantom --count 3 --size 16 >m.part
	cp m.part input
	pca --output m m.part
	cmp m.part input
	# The mode stays, and so does a link.
	chmod 600 m
	ln -s m link
	pca --output link m.part
	[ -L link ]
	[ "$(stat -c %a m)" = 600 ]
	recon-train ae --latent 2 --width 2 --batch 2 --steps 1 \
		--checkpoint k.part --output k m.part
	[ -s k.part ] && [ -s k ]
	fails 4 'open for writing: Is a directory' pca --output . m.part
	[ -z "$(find . -name '.blindspot-*')" ]
}

@test "a model goes into a pipe, and no model into a folder that is not there" {
	brain-phantom --count 10 --size 16 >in
	for command in 'residual zscore --fit' 'ood-histogram fit --model' \
		'recon-train pca --latent 1 --output'; do
		# shellcheck disable=SC2086 # a program and its options
		$command m in 2>err
		# shellcheck disable=SC2086
		$command /dev/stdout in 2>err | cat >got
		# What wrote it says how it was called, and all else is the same.
		cmp <(tail -c 500 m) <(tail -c 500 got)
		[ "$(head -c 8 got | od -An -tu8)" -gt 0 ]
		# shellcheck disable=SC2086
		fails 4 'nodir/: open for writing: Is a directory' \
			$command nodir/ in
	done
	# It is known before the training.
	fails 4 'nodir/: open for writing: Is a directory' timeout 20 \
		recon-train ae --steps 1000000 --output nodir/ in
	[ ! -e nodir ]
	[ -z "$(find . -name '.blindspot-*')" ]
}

@test "a volume is written whole, over nothing but what it was told to" {
	/usr/bin/python3 - <<-'END'
		import nibabel as nib, numpy as np
		rng = np.random.default_rng(0)
		for name, n in ("ref", 8), ("big", 128):
		    nib.save(nib.Nifti1Image(rng.random((n, n, n),
		        np.float32), np.eye(4)), name + ".nii")
	END
	back() { slices-nii --like ref.nii --output "$@"; }
	nii-slices --normalize none ref.nii >out.nii.part
	cp out.nii.part maps
	back out.nii out.nii.part
	cmp out.nii.part maps
	# The mode stays, and so does a link.
	mv out.nii target.nii
	cp target.nii expected
	echo old >target.nii
	chmod 600 target.nii
	ln -s target.nii link.nii
	back link.nii maps
	[ -L link.nii ]
	[ "$(stat -c %a target.nii)" = 600 ]
	cmp target.nii expected
	# A name as long as names may be.
	long=$(printf %0251d 0).nii
	back "$long" maps
	cmp "$long" expected
	ln -s /dev/stdout pipe.nii
	back pipe.nii maps | cmp - expected
	ln -s nothing lost.nii
	fails 4 'lost.nii: open for writing: No such file' back lost.nii maps
	[ ! -e nothing ]
	mkdir folder.nii
	fails 4 'folder.nii: open for writing: Is a dir' back folder.nii maps
	# A signal in the middle of the writing.
	nii-slices --normalize none big.nii >maps
	rm out.nii.part
	slices-nii --like big.nii --output big.nii.gz maps 2>err &
	until [ -n "$(find . -name '*.part' -o -name '.blindspot-*')" ]; do
		kill -0 "$!" || break
	done
	kill "$!" || :
	wait "$!" || :
	[ -z "$(find . -name '*.part' -o -name '.blindspot-*')" ]
	[ ! -e big.nii.gz ] || gzip -t big.nii.gz
}

@test "a signal while a model is written leaves nothing behind" {
	brain-phantom --count 3 --size 16 >in
	for i in 1 2 3; do
		recon-train ae --latent 2 --width 2 --batch 2 --steps 1000000 \
			--checkpoint-every 1 --checkpoint ck --output m in \
			2>err &
		sleep "0.$i"
		kill "$!"
		kill "$!" 2>/dev/null || : # the second is at once
		wait "$!" && return 1
		[ -z "$(find . -name '.blindspot-*')" ]
		[ ! -e ck ] || recon-model ck in >out
	done
}

@test "statistics are safetensors that others read, and the old format is read" {
	brain-phantom --count 5 --size 16 >in
	residual zscore --fit z in
	ood-histogram fit --model o in 2>err
	/usr/bin/python3 - <<-'END'
		import json, numpy as np, struct
		def load(name):
		    data = open(name, "rb").read()
		    n = struct.unpack("<Q", data[:8])[0]
		    types = {"F32": "<f4", "F64": "<f8"}
		    return {k: np.frombuffer(data[8 + n:][slice(
		        *t["data_offsets"])], types[t["dtype"]]).reshape(t["shape"])
		        for k, t in json.loads(data[8:8 + n]).items()
		        if k != "__metadata__"}
		data = open("in", "rb").read()
		images, at = [], 0
		while at < len(data):
		    at = data.index(b"\n", data.index(b"\n", data.index(b"\n",
		        at) + 1) + 1) + 1
		    images.append(np.frombuffer(data, "<f4", 256, at).reshape(
		        16, 16)[::-1])
		    at += 1024
		z = load("z")
		np.testing.assert_allclose(z["mean"], np.mean(images, 0), atol=1e-6)
		o = load("o")
		assert o["mean"].dtype == np.float64 and o["mean"].shape == (500,)
		np.testing.assert_allclose(o["mean"].mean(), 1)
		k = len(o["variance"])
		np.testing.assert_allclose(o["components"] @ o["components"].T,
		    np.eye(k), atol=1e-9)
	END
	# The old format, as release 0.1 wrote it of the same images.
	printf 'P2\n2 2 9\n1 2 3 4\nP2\n2 2 9\n3 2 5 4\n' >two
	base64 -d >old <<-'END'
		YmxpbmRzcG90IG1vZGVsIDEKa2luZCB6c2NvcmUKcm93cyAyCmNvbHMgMgpk
		b3VibGVzIDgKCgAAACDHccw/AAAAIMdxzD8AAABAx3HcPwAAACDHcdw/AAAA
		QMdxvD8AAAAAAAAAAAAAAEDHcbw/AAAAAAAAAABiMGNlN2YxYmViYTE3NDQ3
		Cg==
	END
	residual zscore --fit new two
	residual zscore --model new two >new.maps
	residual zscore --model old two >old.maps 2>err
	cmp new.maps old.maps
	grep -q 'format of release 0.1' err
}

@test "weights of other types, with prefixes, and other sizes of image" {
	brain-phantom --count 4 --size 16 >in
	recon-train ae --latent 2 --width 2 --batch 2 --steps 1 --output m in
	recon-model m in >expected
	for type in F16 BF16 F64; do
		rewrite m other "$type"
		recon-model other in >got 2>err
		grep -q "tensors of type $type were converted to F32" err
		[ "$type" != F64 ] || cmp got expected
	done
	for prefix in module. model. _orig_mod. module._orig_mod.; do
		rewrite m other F32 "$prefix"
		recon-model other in >got 2>err
		grep -q "'$prefix' was taken" err
		cmp got expected
	done
	# Convolutions alone fit images of any size.
	recon-train vq-vae --width 16 --batch 2 --steps 1 --output s in
	brain-phantom --count 1 --size 32 >large
	recon-model s large >out
	head -c 9 out | tail -c 6 | grep -q '32 32'
	fails 3 'is 32 x 32, expected the 16 x 16 of the model' recon-model m \
		large
	printf 'PK\3\4and so on' >model.pt
	fails 3 "a PyTorch file .*'blindspot weights FILE' converts it" \
		recon-model model.pt in
}

@test "shards that are cut, or whose grid wraps, are refused" {
	brain-phantom --count 3 --size 16 >in
	for k in 1 2; do
		anom-sweep --inject disk:radius=2,intensity=0:1:4 \
			--degrade blur --per-image --shard $k/2 in >s$k
		grep -v '^2\|^# images' s$k |
			awk -F '\t' '/^#/ || $2 != 2' >c$k
	done
	anom-sweep --merge s1 s2 >whole
	fails 3 "c1: .*ends without '# images'" anom-sweep --merge c1 c2
	anom-sweep --inject disk:radius=2,intensity=0:1:4 --degrade blur in |
		sed 's/^# inject .*/# inject disk:radius=1:2:4194304,intensity=0:1:4194304,row=0:1:1048576/' >w
	fails 3 'w: ' anom-sweep --merge w w
}

@test "a command that does not end is ended, and all that it started" {
	brain-phantom --count 2 --size 16 >in
	anom-sweep --inject disk:radius=2 --recon-cmd 'recon-degrade blur' in |
		grep -v '^#' >expected
	# shellcheck disable=SC2016 # for the other shell
	anom-sweep --inject disk:radius=2 --recon-cmd \
		'sleep 987 & echo $! >pid; recon-degrade blur' in |
		grep -v '^#' >got
	cmp got expected
	is_gone
	# shellcheck disable=SC2016
	fails 4 'no image (--timeout) after 1 s' anom-sweep --timeout 1 \
		--inject disk:radius=2 --recon-cmd \
		'sleep 987 & echo $! >pid; wait' in
	is_gone
	rm pid
	# shellcheck disable=SC2016
	anom-sweep --inject disk:radius=2 --recon-cmd \
		'sleep 987 & echo $! >pid; wait' in >out 2>err &
	until [ -s pid ]; do sleep 0.05; done
	kill "$!"
	wait "$!" && return 1
	is_gone
	fails 2 'no --recon-cmd to wait for' anom-sweep --timeout 1 --inject \
		disk --degrade blur in
}

@test "files without end are refused, and JSON is UTF-8" {
	brain-phantom --count 2 --size 16 >in
	for program in 'recon-model /dev/zero' 'residual zscore --model /dev/zero'; do
		# shellcheck disable=SC2086 # words
		fails 3 '/dev/zero: a header of 0 bytes' timeout 10 $program in
	done
	fails 3 'a line of more than 1048576 bytes' timeout 10 score --groups \
		/dev/zero in in
	cp in $'na\xefme\xc3\xa9'
	score --json $'na\xefme\xc3\xa9' in >table
	python3 -c 'import json; t = json.loads(open("table", encoding="utf-8").read()); assert "na?me\u00e9" in t["command"], t'
}

@test "a mask that is written while score runs is named as the cause" {
	brain-phantom --count 2 --size 16 >in
	anom-inject disk --radius 2 --mask whole in >anom
	head -c 269 whole >mask # one image of two
	touch -d '1 hour ago' mask
	fails 3 '' score anom mask
	! grep -q FIFO err || return 1
	touch -d '1 minute' mask # as if it were written after the start
	fails 3 'mask was only just written: .*mkfifo' score anom mask
}

# Every option that takes a value, of every program.
@test "no value of an option is run as a command" {
	brain-phantom --count 2 --size 8 >in
	# shellcheck disable=SC2016 # for no shell to expand
	local words='$(touch x)`touch x`;touch x;|touch x&"touch x' name option
	local kind
	words+=$'\'touch x\ntouch x'
	for name in $PROGRAMS; do
		[ -x "$BIN/$name" ] || continue
		kind=$(kinds "$name" | head -1)
		for option in $("$name" ${kind:+"$kind"} --complete |
			grep '^--' | grep -v -x -e --recon-cmd -e --help); do
			# shellcheck disable=SC2086 # no kind is no word
			"$name" $kind "$option" "$words" in >out 2>err \
				</dev/null || [ $? -lt 5 ]
			[ ! -e x ] || { echo "$name $option ran it"; return 1; }
		done
	done
	# What is named so is read as any other file.
	cp in "$words"
	recon-degrade none in >expected
	recon-degrade none "$words" | cmp - expected
	# And a command is run, as its page says.
	anom-sweep --inject disk:radius=1 --recon-cmd 'touch x; cat' in >out
	[ -e x ]
}
