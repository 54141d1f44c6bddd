#!/usr/bin/env bats
# The diagnosis from outside: what is missing is named, models that fail leave no
# report, an interrupted run gives the same.  Its numbers are those of
# oracle/diagnose.py.

load helpers
load diagnose
bats_require_minimum_version 1.5.0

# refused STATUS TEXT [NAME=VALUE]...: one line that has TEXT, and no report
refused() {
	local status=0
	diagnose "${@:3}" >out 2>said || status=$?
	said_so "$status" "$1" "$2"
	[ ! -e results/diagnose/report.html ]
	[ ! -e results/diagnose/report.json ]
}

# said_so STATUS EXPECTED TEXT
said_so() {
	if [ "$1" != "$2" ] || ! grep -q -e "$3" said ||
		[ "$(wc -l <said)" != 1 ] || [ -s out ]; then
		echo "status $1"
		cat said
		return 1
	fi
}

# model COMMAND TEXT: a model that fails, as the diagnosis runs it
model() {
	local status=0
	BLINDSPOT_FROM=$PWD BLINDSPOT_LIMIT=${LIMIT-60} \
		"$ROOT/pipelines/diagnose/reconstruct" MODEL "$1" 1 0 2 in.pfm \
		>out 2>said || status=$?
	said_so "$status" 3 "$2"
}

# shellcheck disable=SC2016 # what the model's own shell expands
@test "models that fail are named in a line, and nothing of theirs is taken" {
	ln -s "$BIN" bin
	cat >model.py <<-'END'
		import sys
		x = sys.stdin.buffer.read()
		raise ValueError("no weights")
	END
	model 'python3 model.py' "MODEL 'python3 model.py' ended with status 1 on images 0 to 1: ValueError: no weights"
	model 'kill -SEGV $$' 'ended by signal 11 on images 0 to 1'
	model nothing-like-it 'ended with status 127 .*nothing-like-it'
	LIMIT=1 model 'sleep 77.5 & sleep 77.5' \
		'nothing whole of images 0 to 1 within 1 s (TIMEOUT)'
	model 'cat >a; printf "Pf\n23 24\n-1\n"; tail -c 2208 a; cat in.pfm' \
		'wrote 5 images for 2'
	model 'for k in 1 2; do printf "Pf\n23 24\n-1\n"; head -c 2208 /dev/zero; done' \
		'made 23 x 24 of image 0, which is 24 x 24'
	model 'cat >a; cat a a' 'wrote 4 images for 2'
	model 'cat >/dev/null' "MODEL 'cat >/dev/null': it wrote nothing on standard output"
	model 'echo hello; cat' "MODEL 'echo hello; cat': its output: "
	model 'head -c 500' "MODEL 'head -c 500': its output: image 0"
	model 'printf "Pf\n1 1\n-1\n\0\0\300\177"' 'image 0: .* NaN, expected a finite sample'
	# What it started has ended with it.
	! pgrep -f '^sleep 77.5' || false
}

# shellcheck disable=SC2016 # likewise
@test "a model that fails leaves no report; so does one that is random" {
	refused 3 'ended with status 5 on images 0 to 3' MODEL='cat >all; [ "$(stat -c %s all)" -lt 9000 ] || exit 5; cat all'
	refused 3 'differs from run to run: .* SAMPLES=' \
		MODEL='recon-degrade noise --sigma 0.1 --seed $$'
}

@test "a model that changes order or rows leaves no report" {
	cat >model.py <<-'END'
		import sys
		import blindspot
		x = list(blindspot.read(sys.stdin.buffer))
		turn = {"order": lambda: x[::-1], "rows": lambda: [a[::-1] for a in x],
		        "columns": lambda: [a[:, ::-1] for a in x]}
		for a in turn[sys.argv[1]]():
		    blindspot.write(sys.stdout.buffer, a)
	END
	# Of one image alone the order is no other, nor of four that are equal.
	head -c 2318 in.pfm >one.pfm
	cat one.pfm one.pfm one.pfm one.pfm >in.pfm
	refused 3 "MODEL 'python3 model.py order' changes the order of images$" \
		MODEL='python3 model.py order'
	cp other.pfm in.pfm
	refused 3 "MODEL 'python3 model.py rows' flips the rows" MODEL='python3 model.py rows'
	refused 3 "OTHER 'python3 model.py columns' flips the columns" \
		MODEL=cat OTHER='python3 model.py columns'
}

@test "what is wrong with a request" {
	refused 2 'MODEL= names no command'
	refused 2 'OTHER needs MODEL' RECON=in.pfm OTHER=cat
	refused 2 'SCORES: nothing is no kind' MODEL=cat SCORES=nothing
	refused 2 "abs: unknown parameter 'x'" MODEL=cat SCORES=abs:x=1
	refused 2 'zscore, the first of SCORES, needs healthy images' \
		MODEL=cat SCORES=zscore
	refused 2 'TEXTURES: disk has an intensity' MODEL=cat TEXTURES=disk
	refused 3 'expected 4, as IMAGES' RECON=mixed.pfm
	"$BIN/anom-inject" disk --radius 3 --mask masks.pgm other.pfm >/dev/null
	ill=(MODEL=cat LESIONS=other.pfm MASKS=masks.pgm)
	refused 2 'LESIONS=in.pfm are IMAGES themselves' MODEL=cat \
		LESIONS=in.pfm MASKS=masks.pgm
	refused 2 'FPR: 1.5, expected a share above 0' "${ill[@]}" FPR='0.1 1.5'
	refused 2 'FPR=, expected 1 to 8 shares' "${ill[@]}" FPR=,
	refused 2 'fpr' "${ill[@]}" FPR=0.1,0.1
	printf 'image\tsubject\tvolume\n0\ta\t0\n1\ta\t1\n2\ta\t0\n3\tb\t2\n' >index.tsv
	refused 3 'volume' "${ill[@]}" LESION_INDEX=index.tsv
	printf 'image\tsubject\n0\ta\n1\ta\n' >index.tsv
	refused 3 'INDEX: no subject for image 2 of 4' MODEL=cat INDEX=index.tsv
	refused 3 'WITHIN=mixed.pfm holds 5 images, expected 4, as IMAGES' \
		MODEL=cat WITHIN=mixed.pfm
	{ printf 'P5\n24 24\n255\n' && head -c 576 /dev/zero; } >empty.pgm
	cat empty.pgm empty.pgm empty.pgm empty.pgm >none.pgm
	refused 3 'image 0: .*without foreground' MODEL=cat WITHIN=none.pgm
	# Without foreground, at the start and at the end.
	{
		printf 'Pf\n24 24\n-1\n'
		head -c 2304 /dev/zero
		cat in.pfm
		printf 'Pf\n24 24\n-1\n'
		head -c 2304 /dev/zero
	} >bare.pfm
	refused 3 'IMAGES: 2 of 6 without foreground .*: images 0, 5; .*stream-pick --where' \
		MODEL=cat IMAGES=bare.pfm
}

@test "what is not there is named, and what is there is right" {
	diagnose RECON=other.pfm SCORES='abs mahalanobis zscore' >out
	[ "$(grep -c 'is blind' out)" = 1 ]
	grep -q '^results/diagnose/report.html$' out
	tr '\n' ' ' <out | grep -q 'Intervals over 4 images, fewer than 20, can be'
	grep -q 'average precision, AP,\|average precision (AP)' <(tr '\n' ' ' <out)
	! grep -q -e '(3\.2)' out || false
	$PYTHON - <<'END'
import json
r = json.load(open("results/diagnose/report.json"))
why = {m["what"]: m["why"] for m in r["missing"]}
assert set(why) == {"3.2", "other", "index", "lesions", "mahalanobis",
                    "zscore"}, why
assert "MODEL, not RECON" in why["3.2"]
assert "SAMPLES" in why["mahalanobis"] and "NORMAL" in why["zscore"]
assert [c["score"] for c in r["curves"]] == ["abs"]
assert r["seen"] is None and r["other"] is None
assert r["images"]["subjects"] is None
assert any("No INDEX" in n for n in r["notes"])
page = open("results/diagnose/report.html").read()
for text in why.values():
    assert text[1:] in page, text
END
}

@test "the page is one file, for people who see it and who do not" {
	want=(MODEL='recon-degrade blur' NAME='a <b> & "c"' SCORES='abs ssim'
		TEXTURES=shuffle RADII='2 3' STEPS=2
		OTHER='recon-degrade median')
	# It goes on after it was interrupted; long/diagnose.bats cuts it at
	# many moments, and compares.
	timeout -s INT 3 bash -c "$(declare -f diagnose)
		SMALL='$SMALL'"' diagnose "$@"' - "${want[@]}" >said 2>&1 || true
	[ ! -e results/diagnose/report.html ]
	diagnose "${want[@]}" >out
	$PYTHON - <<'END'
import html.parser, re
page = open("results/diagnose/report.html", encoding="utf-8").read()
void, stack, ids, figures = {"meta", "img", "link", "br"}, [], [], []
class Check(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        assert tag != "script", "a script"
        assert not any(k.startswith("on") for k in attrs), attrs
        for key in ("src", "href"):
            if key in attrs:
                assert attrs[key].startswith("data:"), attrs
        if tag == "img":
            assert len(attrs["alt"]) > 10
        if tag == "svg":
            figures.append(None if attrs.get("aria-hidden") else set())
            assert attrs.get("aria-hidden") or len(attrs["aria-label"]) > 20
        if tag in ("title", "desc") and "svg" in stack:
            figures[-1].add(tag)
        if tag == "th":
            assert attrs["scope"] in ("col", "row"), attrs
        if tag == "td":
            assert "tbody" in stack
        if tag == "html":
            assert attrs["lang"] == "en"
        if tag not in void:
            stack.append(tag)
        ids.append(tag)
    def handle_startendtag(self, tag, attrs):
        pass
    def handle_endtag(self, tag):
        assert stack.pop() == tag, tag
Check(convert_charrefs=True).feed(page)
assert not stack, stack
assert ids.count("h1") == 1
levels = [int(t[1]) for t in ids if re.fullmatch("h[1-6]", t)]
assert all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels
assert all(f is None or f == {"title", "desc"} for f in figures), figures
assert any(figures)
assert ids.count("th") > 20 and ids.count("thead") == ids.count("table") > 4
assert page.count("<main>") == 1 and "width=device-width" in page
# Contrast (WCAG 2.2): 4.5 for text, 3 for what is drawn; light, then dark.
def luminance(colour):
    c = colour.strip("#")
    c = c if len(c) == 6 else "".join(2 * x for x in c)
    v = [int(c[k:k + 2], 16) / 255 for k in (0, 2, 4)]
    v = [x / 12.92 if x <= .04045 else ((x + .055) / 1.055) ** 2.4 for x in v]
    return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]
def contrast(a, b):
    low, high = sorted(map(luminance, (a, b)))
    return (high + .05) / (low + .05)
assert abs(contrast("#777777", "#fff") - 4.48) < .005
themes = [dict(re.findall(r"--(\w+): (#\w+);", block))
          for block in re.findall(r":root \{(.*?)\}", page, re.S)]
assert len(themes) == 2 and "prefers-color-scheme: dark" in page
for theme in themes:
    for text, behind, least in (
            ("ink", "paper", 4.5), ("soft", "paper", 4.5), ("one", "paper", 4.5),
            ("ink", "box", 4.5), ("ink", "blind", 4.5), ("two", "paper", 3),
            ("one", "blind", 3), ("two", "blind", 3), ("soft", "blind", 3)):
        found = contrast(theme[text], theme[behind])
        assert found >= least, (theme, text, behind, found)
# What text is drawn in is one of these.
style = re.search(r"<style>(.*?)</style>", page, re.S).group(1)
assert set(re.findall(r"(?<![-\w])color: ([^;]+);", style)) <= {
    "var(--ink)", "var(--soft)", "var(--one)"}
assert set(re.findall(r"svg text[^{]*\{ fill: ([^;]+);", style)) == {
    "var(--ink)", "var(--soft)"}
assert ids.count("img") == 15 and ids.count("svg") > 10
assert "url(" not in page and "@import" not in page
assert "<b> &" not in page and "a &lt;b&gt; &amp; &quot;c&quot;" in page
assert page.count("How to read it") == page.count("What it shows here") > 6
END
	grep -q '^| score | radius |' results/diagnose/report.md
	cp -r results/diagnose "$BATS_FILE_TMPDIR"
	[ "$(grep -c 'begin{tabular}' results/diagnose/report.tex)" = \
		"$(grep -c 'bottomrule' results/diagnose/report.tex)" ]
}


# another TEXT NEW: another folder of results, with this in report.json
another() {
	rm -rf other
	cp -r results/diagnose other
	sed -i "s/$1/$2/" other/report.json
}

@test "two diagnoses of the same images are one page, of others refused" {
	mkdir -p results
	cp -r "$BATS_FILE_TMPDIR/diagnose" results
	another '"name": ".*"' '"name": "B"'
	blindspot compare results/diagnose other >page
	grep -q 'difference of .00 \[.00, .00\], p = 1 by 4 images' page
	grep -q '<h1>.* and B</h1>' page
	another '"seed": 0' '"seed": 1'
	fails 3 '^compare: .* of different seed: 0 and 1' blindspot compare results/diagnose other
	another '"within": null' '"within": "4, xxh3 0"'
	fails 3 'of different masks of WITHIN: none and 4' blindspot compare results/diagnose other
	another 'images 4, xxh3 .' 'images 4, xxh3 ..'
	fails 3 'of different images' blindspot compare results/diagnose other
	another '"name": ".*"' '"name": "B"'
	sed -i '4s/^/# incomplete\n/' other/images.tsv
	fails 3 '^compare: .*other/images.tsv is incomplete' blindspot compare results/diagnose other
	rm other/images.tsv
	fails 2 '^compare: .*other holds no images.tsv' blindspot compare results/diagnose other
	echo '{' >other/report.json
	cp results/diagnose/images.tsv other
	fails 3 '^compare: .*other/report.json is no report' blindspot compare results/diagnose other
	echo '{"score": "abs"}' >other/report.json
	fails 3 'is no report' blindspot compare results/diagnose other
	fails 2 'holds no report.json' blindspot compare results/diagnose .
	fails 2 'expected two folders' blindspot compare results/diagnose
}
