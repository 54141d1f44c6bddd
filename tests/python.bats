#!/usr/bin/env bats
# Models in Python: what serve does with them and with failures, and what
# `blindspot check' finds.  Streams, tables and run are in oracle/python.py.

# shellcheck disable=SC2015,SC2016,SC2034,SC2094
load helpers
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export BLINDSPOT_BIN=$BIN PYTHONPATH=$ROOT/lib/python
	unset PYTHONUNBUFFERED BLINDSPOT_DEBUG
	PATH=$BATS_FILE_TMPDIR:$ROOT/pipelines:$PATH
	cp "$BATS_FILE_TMPDIR"/*.pfm .
}

# The python3 that has numpy, first in PATH; five images of two sizes.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	ln -s "$PYTHON" python3
	PYTHONPATH=$ROOT/lib/python $PYTHON -c '
import blindspot, numpy
r = numpy.random.default_rng(1)
for name, n in ("in.pfm", 5), ("one.pfm", 1):
    with open(name, "wb") as f:
        for _ in range(n):
            blindspot.write(f, r.random((24, 30)))
        if n > 1:
            blindspot.write(f, r.random((7, 9)))'
}

# model NAME <LINES: a script that imports what models need
model() {
	{
		echo 'import os, signal, sys, time; import numpy as np'
		echo 'import blindspot'
		cat
	} >"$1"
}

@test "what a function gets and may give back" {
	model m.py <<'END'
def f(x):
    print(x.shape, x.dtype, x.flags.c_contiguous)
    return x[:, None] / 2 if len(x) == 4 else x / 2
blindspot.serve(f, batch=int(sys.argv[1]))
END
	python3 m.py 1 <in.pfm >one 2>said
	[ "$(sort said | uniq -c | tr -s ' ')" = " 5 (1, 24, 30) float32 True
 1 (1, 7, 9) float32 True" ]
	python3 m.py 4 <in.pfm >four 2>said
	[ "$(cat said)" = "(4, 24, 30) float32 True
(1, 24, 30) float32 True
(1, 7, 9) float32 True" ]
	cmp one four
	residual abs in.pfm one | cmp - one
	python3 m.py 3 </dev/null >none
	[ ! -s none ]
}

@test "images are padded to a multiple with their edges, and cropped again" {
	model m.py <<'END'
def f(x):
    assert x.shape[1] % 16 == 0 and x.shape[2] % 16 == 0, x.shape
    pad = [(n - m) // 2 for n, m in zip(x.shape[1:], size)]
    inner = x[:, pad[0]:pad[0] + size[0], pad[1]:pad[1] + size[1]]
    ends = [(p, n - m - p) for p, n, m in zip(pad, x.shape[1:], size)]
    assert np.array_equal(x, np.pad(inner, [(0, 0)] + ends, mode="edge"))
    return x
size = 24, 30
blindspot.serve(f, batch=2, multiple=16)
END
	python3 m.py <one.pfm | cmp - one.pfm
}

@test "what a model prints goes to standard error" {
	model m.py <<'END'
print("loading")
os.system("echo from a child")
def f(x):
    print("working")
    os.write(1, b"raw\n")
    return x
blindspot.serve(f)
print("bye")
END
	python3 -u m.py <one.pfm >early 2>said
	grep -q '^working' said
	# What was flushed before serve can only be found by the reader.
	fails 3 "found bytes 'l' 'o'" recon-degrade none early
	sed -i '/from a child/d' m.py
	python3 m.py <one.pfm 2>said | cmp - one.pfm
	[ "$(sort said | tr '\n' ' ')" = 'bye loading raw working ' ]
}

@test "wrong arrays are refused in one line that says what to do" {
	local row
	refused() { # STATUS PATTERN EXPRESSION
		model m.py <<<"blindspot.serve(lambda x: $3, batch=4)"
		fails_on in.pfm "$1" "^m.py: images 0 to 3: $2" python3 m.py
		is_poison out
	}
	refused 3 'the function returned float64, expected float32 \[4, 24, 30\] or \[4, 1, 24, 30\]: convert' 'x * np.float64(1) + np.zeros(x.shape)'
	refused 3 'the function returned int64' 'x.astype(int)'
	refused 3 'the function returned a tuple of 2' '(x, x)'
	refused 3 'the function returned a NoneType.*does it return' 'None'
	refused 3 'the function returned a list of 4' 'list(x)'
	refused 3 '.*\[4, 24, 30, 1\].*the channels are last' 'x[..., None]'
	refused 3 '.*\[24, 30, 4\].*last axis' 'x.transpose(1, 2, 0)'
	refused 3 '.*\[1, 4, 24, 30\].*images and channels are swapped' 'x[None]'
	refused 3 '.*\[24, 30\].*the batch is missing' 'x[0]'
	refused 3 '.*\[4, 30, 24\].*swapped' 'x.transpose(0, 2, 1)'
	refused 3 '.*3 channels' 'np.repeat(x[:, None], 3, 1)'
	refused 3 '.*\[3, 24, 30\].*3 images for 4' 'x[:3]'
	refused 3 '.*\[4, 12, 15\].*multiple=16' 'x[:, ::2, ::2]'
	refused 3 'ZeroDivisionError.*(line 3)' '1 // 0'
	refused 4 'MemoryError' 'np.empty(1 << 58)'
	refused 3 'sys.exit(.gone.) in the middle' 'sys.exit("gone")'
	for row in 'x * np.float32(np.nan):nan' '-x / 0:-inf'; do
		model m.py <<<"np.seterr(all='ignore')
blindspot.serve(lambda x: ${row%:*}, batch=4)"
		fails_on in.pfm 3 "^m.py: standard output: image 0: row 0, column 0: ${row#*:} cannot be written, expected a finite" python3 m.py
		is_poison out
	done
	for row in 'batch=0' 'batch=1.5' 'batch=True' 'multiple=0'; do
		model m.py <<<"blindspot.serve(lambda x: x, $row)"
		fails_on in.pfm 2 "^m.py: ${row%=*}: found ${row#*=}, expected" \
			python3 m.py
		is_poison out
	done
}

@test "failures end the stream between two images, so that readers fail too" {
	model m.py <<'END'
def f(x):
    if blindspot_count.pop() == 0:
        raise KeyError("a\nb")
    return x
blindspot_count = [0, 1, 1]
blindspot.serve(f)
END
	fails_on in.pfm 3 "^m.py: image 2: KeyError: 'a.nb'" python3 m.py
	{ head -c $((2 * 2894)) in.pfm; printf 'Pf\n'; } | cmp - out
	cp out cut.pfm
	fails 3 'the program before failed' recon-degrade none cut.pfm
	status=0
	BLINDSPOT_DEBUG=1 python3 m.py <in.pfm >out 2>err || status=$?
	[ "$status" = 3 ]
	grep -q '^Traceback' err
	tail -n 1 err | grep -q '^m.py: image 2: KeyError'
	model id.py <<<'blindspot.serve(lambda x: x, batch=2)'
	for n in 1 2 9 2000 2893 2895 9000; do
		head -c "$n" in.pfm >cut.pfm
		fails 3 . recon-degrade none cut.pfm
		sed 's/^recon-degrade: cut.pfm/id.py: standard input/' err >want
		fails_on cut.pfm 3 . python3 id.py
		cmp err want
		cp out cut.pfm
		fails 3 'the program before failed' recon-degrade none cut.pfm
	done
	printf 'Pf\n' | fails_on /dev/stdin 3 'the program before failed' \
		python3 id.py
	is_poison out
	run -4 --separate-stderr bash -c 'python3 id.py <in.pfm >/dev/full'
	[ "$stderr" = 'id.py: standard output: image 0: write: No space left on device' ]
	run -4 --separate-stderr bash -c 'python3 id.py <in.pfm >&-'
	[ "$stderr" = 'id.py: standard output: Bad file descriptor' ]
	run -4 --separate-stderr bash -c 'python3 id.py <&- >out'
	cp in.pfm both.pfm
	run -2 --separate-stderr bash -c 'python3 id.py <both.pfm >>both.pfm'
	[[ $stderr =~ 'is standard output too' ]]
	run -2 --separate-stderr script -qec 'python3 id.py <in.pfm' /dev/null
	[[ $output =~ 'standard output is a terminal' ]]
	# A reader that leaves ends it without a word, as other programs.
	for _ in 1 2 3 4 5 6 7 8 9 10; do cat in.pfm in.pfm; done >long.pfm
	for _ in 1 2 3 4 5 6 7 8 9 10; do cat long.pfm; done >longer.pfm
	run --separate-stderr bash -c 'python3 id.py <longer.pfm | head -c 9 >/dev/null; exit ${PIPESTATUS[0]}'
	[ "$status" = 141 ]
	[ -z "$stderr" ]
}

@test "signals: the message, the end of the stream, and the signal's status" {
	model m.py <<'END'
def f(x):
    if not os.path.exists("ready"):
        return x
    os.rename("ready", "go")
    while mode == "sleep":
        time.sleep(.01)
    return x
mode = sys.argv[1]
# As they are where nobody has them ignored, as nohup and & do.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
blindspot.serve(f)
END
	local name number
	for name in HUP:129 INT:130 TERM:143; do
		number=${name#*:} name=${name%:*}
		touch ready
		rm -f go
		python3 m.py sleep <in.pfm >out 2>err &
		until [ -e go ]; do sleep .02; done
		kill "-$name" $!
		status=0
		wait $! || status=$?
		[ "$status" = "$number" ]
		[ "$(cat err)" = "m.py: ended by SIG$name" ]
		is_poison out
	done
	# While it waits for images.
	rm -f ready
	mkfifo pipe
	python3 m.py none <pipe >out 2>err &
	exec 7>pipe
	cat one.pfm >&7
	until [ -s out ]; do sleep .02; done
	kill $!
	status=0
	wait $! || status=$?
	exec 7>&-
	[ "$status" = 143 ]
	{ cat one.pfm; printf 'Pf\n'; } | cmp - out
}

# ---------------------------------------------------------------------- check

# found COMMAND PATTERN [WORD]...: the fault that is found, and that alone
found() {
	local command=$1 pattern=$2 status=0
	shift 2
	blindspot check MODEL="$command" SIZE=32 TIMEOUT=20 "$@" >said 2>err ||
		status=$?
	[ "$status" = 1 ] && [ ! -s err ] && [ "$(grep -c '^FAULT' said)" = 1 ] &&
		grep -q "^FAULT  $pattern" said || {
		echo "$command: status $status"
		cat said err
		return 1
	}
}

# passes COMMAND [WORD]...
passes() {
	local command=$1 status=0
	shift
	blindspot check MODEL="$command" SIZE=32 "$@" >said 2>err || status=$?
	[ "$status" = 0 ] && [ "$(grep -c '^ok' said)" = 5 ] &&
		[ ! -s err ] && ! grep -q -e FAULT -e '^note' said || {
		echo "$command: status $status"
		cat said err
		return 1
	}
}

# planted LINES: a model that reads and writes by itself, with a fault
planted() {
	model bad.py <<END
def out(a, kind="<f4"):
    a = np.ascontiguousarray(a[::-1], kind)
    sys.stdout.buffer.write(b"Pf\n%d %d\n-1.0\n" % a.shape[1::-1])
    sys.stdout.buffer.write(a.tobytes())
    sys.stdout.flush()
$1
END
}

@test "check finds the faults of a model" {
	each='for i, a in enumerate(blindspot.read("-")):'
	planted "print('Loading weights ...')
$each out(a)"
	found 'python3 bad.py' "prints to standard output.*'Loading weights ...'"
	planted "$each print(i, 'done') or out(a)"
	found 'python3 bad.py' "prints to standard output.*'0 done'"
	planted "$each out(a, '<f8')"
	found 'python3 bad.py' 'writes float64'
	planted "$each out(a[::2, ::2])"
	found 'python3 bad.py' 'changes the size: image 0 came back as 16 x 16, expected 32 x 32'
	planted "$each out(a.T)"
	found 'python3 bad.py' 'changes the size.*rows and columns are swapped' \
		SIZE=40x32
	found 'python3 bad.py' 'swaps rows and columns'
	planted "$each out(a[:, :, None])
def out(a): pass"
	planted "$each
    a = a[None]
    sys.stdout.buffer.write(b'Pf\n%d %d\n-1.0\n' % a.shape[1::-1])
    sys.stdout.buffer.write(a.tobytes()); sys.stdout.flush()"
	found 'python3 bad.py' 'changes the size: image 0 came back as 32 x 1,.*the axes'
	planted "$each
    a = a[..., None]
    sys.stdout.buffer.write(b'Pf\n%d %d\n-1.0\n' % a.shape[:0:-1])
    sys.stdout.buffer.write(a.tobytes()); sys.stdout.flush()"
	found 'python3 bad.py' 'changes the size: image 0 came back as 1 x 32,.*y\[..., 0\]'
	planted "$each out(np.where(a > .6, np.nan, a))"
	found 'python3 bad.py' 'writes samples that are not finite: its output: image 0: .*row [0-9]*, column [0-9]*: NaN'
	planted "
$each i % 3 == 2 or out(a)"
	found 'python3 bad.py' 'writes too few images\|hangs: image 2' TIMEOUT=2
	planted "
$each [out(a), out(a)]"
	found 'python3 bad.py' 'changes the order\|writes too many images'
	planted "$each out(a[::-1])"
	found 'python3 bad.py' 'flips the rows'
	planted "$each out(a[:, ::-1])"
	found 'python3 bad.py' 'flips the columns'
	planted "$each out(a[::-1, ::-1])"
	found 'python3 bad.py' 'turns images upside down'
	planted "last = None
$each
    out(a if last is None else last); last = a"
	found 'python3 bad.py' 'changes the order of images: output 1 is of image 0'
	planted "all = list(blindspot.read('-'))
for a in all: out(a)"
	found 'python3 bad.py' 'waits for the end of its input' TIMEOUT=2
	planted "
time.sleep(100)"
	found 'python3 bad.py' 'hangs: image 0' TIMEOUT=1
	planted "
$each out(a) if i < 5 else sys.exit('no more')"
	found 'python3 bad.py' 'ended with status 1 at image 5: no more'
	planted "import nosuchmodule"
	found 'python3 bad.py' 'ended with status 1 at image 0: .*nosuchmodule'
	model bad.py <<<"blindspot.serve(lambda x: x[::-1].copy(), batch=4)"
	found 'python3 bad.py' 'changes the order of images: output 0 is of image 3' BATCH=4
	model bad.py <<<"blindspot.serve(lambda x: x, batch=16)"
	found 'python3 bad.py' 'waits for the end' TIMEOUT=2
	planted "
try:
    $each out(a)
except blindspot.Error: pass"
	found 'python3 bad.py' 'takes a stream that is cut'
	model bad.py <<<"blindspot.serve(lambda x: x.astype(float))"
	found 'python3 bad.py' 'fails at image 0 (status 3): bad.py: image 0: the function returned float64'
	planted "keep = []
$each
    keep.append(a)
    if len(keep) == 4: [out(b) for b in keep]; keep = []"
	found 'python3 bad.py' 'writes too few images: 16 for 17, expected one for each, also for a last batch' BATCH=4
}

@test "check passes what is right, and notes what is odd" {
	passes 'recon-degrade blur --sigma 1'
	passes 'recon-degrade none' BATCH=3
	model m.py <<<'blindspot.serve(lambda x: np.clip(x * .9, 0, 1))'
	passes 'python3 m.py'
	passes "python3 'm.py'" SIZE=17x13 BATCH=5
	sed -i 's/))$/), batch=16)/' m.py
	passes 'python3 m.py' BATCH=16
	blindspot check MODEL='python3 m.py' BATCH=16 IMAGES=in.pfm >said
	grep -q 'of 30 x 24' said
	brain-phantom --count 40 --size 32 --seed 1 >train.pfm
	recon-train pca --threads 1 --latent 12 --output pca train.pfm
	brain-phantom --count 8 --size 32 --seed 2 >test.pfm
	passes 'recon-model pca' IMAGES=test.pfm
	# The whole batch in one mean, as batch norm does in training mode.
	model odd.py <<<'blindspot.serve(lambda x: x - x.mean() * np.float32(.5), batch=4)'
	blindspot check MODEL='python3 odd.py' SIZE=32 BATCH=4 >said
	grep -q '^note .*training mode' said
	# Noise says nothing of the order.
	for sigma in 0.1 3 30; do
		blindspot check BATCH=all SIZE=32 \
			MODEL="recon-degrade noise --sigma $sigma --seed \$\$" >said
		grep -q '^note .*run to run' said
	done
	model odd.py <<<'blindspot.serve(lambda x: x * 0 + np.float32(.3))'
	blindspot check MODEL='python3 odd.py' SIZE=32 >said
	grep -q '^note .*no output depends' said
	model odd.py <<<'blindspot.serve(lambda x: x * 255)'
	blindspot check MODEL='python3 odd.py' SIZE=32 >said
	grep -q '^note .*values reach [12]' said
}

@test "a model may read all of its input first, where BATCH=all says so" {
	found 'cat >all; cat all' 'takes a stream that is cut' BATCH=all
	! grep 'waits for' said || false
	found 'cat >all; cat all' 'waits for the end of its input' TIMEOUT=1
	model turned.py <<-'END'
		x = list(blindspot.read(sys.stdin.buffer))
		for a in x[::-1]:
		    blindspot.write(sys.stdout.buffer, a)
	END
	found 'python3 turned.py' 'changes the order of images$' BATCH=all
	sed -i 's/x\[::-1\]/x/; s/, a)/, a[::-1])/' turned.py
	found 'python3 turned.py' 'flips the rows' BATCH=all
	found 'head -c 9000' 'writes no whole stream: .*image 2: byte 9000' BATCH=all
}

@test "requests that make no sense" {
	fails 2 "check has no variable 'MODLE'; the nearest is 'MODEL'" \
		blindspot check MODLE=x
	fails 2 "BATCH: found '0'" blindspot check MODEL=cat BATCH=0
	fails 2 "TIMEOUT: found '-1'" blindspot check MODEL=cat TIMEOUT=-1
	fails 2 "SIZE: found '0x4'" blindspot check MODEL=cat SIZE=0x4
	fails 2 "SIZE: found '4'" blindspot check MODEL=cat SIZE=4
	fails 4 '/nosuch: open: No such file' \
		blindspot check MODEL=cat IMAGES=/nosuch
	fails 3 'found bytes' blindspot check MODEL=cat IMAGES="$ROOT/Makefile"
	fails 2 'expected the command' blindspot check BATCH=2
	fails 2 'expected check or weights' python3 -m blindspot
	fails 2 'unknown option --btach' python3 -m blindspot check cat --btach=1
	fails 2 'found 2 operands' python3 -m blindspot check cat cat
	fails 2 'twice' python3 -m blindspot check cat --size=9 --size 9
	fails 2 'found 0 operands' blindspot weights
	fails 2 'ACTIVATION' blindspot weights in.pfm ACTIVATION=gelu
	python3 -m blindspot --help | grep -q '^usage'
	python3 -m blindspot check --help | grep -q '^usage'
	[ "$(python3 -m blindspot --version)" = "$(blindspot --version)" ]
	blindspot help check | grep -q '^  MODEL'
	blindspot help weights | grep -q '^  KEY'
	mkdir few
	for tool in bash awk sed grep dirname readlink sort cut env cat; do
		ln -s "$(command -v $tool)" few
	done
	fails 2 'needs python3 with numpy' env PATH="$PWD/few" \
		"$ROOT/pipelines/blindspot" check MODEL=cat
	mkdir empty
	echo 'raise ImportError' >empty/numpy.py
	PYTHONPATH=$PYTHONPATH:$PWD/empty fails 4 'needs numpy; the Debian' \
		blindspot check MODEL=cat
}
