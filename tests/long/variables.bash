# What both suites of the experiments' variables load: small inputs, and for
# each variable two values.
# shellcheck shell=bash disable=SC2034

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	$PYTHON -c '
import nibabel, numpy
r = numpy.random.default_rng(1)
def draw(n):
    for _ in range(n):
        x = r.integers(1, 256, (16, 16), dtype="u1")
        x[:, :4] = 0
        yield b"P5\n16 16\n255\n" + x.tobytes()
for name, n in (("in", 3), ("other", 3), ("normal", 4), ("train", 140),
                ("train2", 140)):
    open(name + ".pgm", "wb").writelines(draw(n))
v = r.integers(1, 256, (64, 64, 12)).astype("i2")
v[:9] = 0
nibabel.Nifti1Image(v, numpy.eye(4)).to_filename("brain.nii.gz")
nibabel.Nifti1Image(v[::-1], numpy.eye(4)).to_filename("brain2.nii.gz")
'
	printf 'image\tsubject\n0\ta\n1\ta\n2\tb\n' >index.tsv
	printf 'image\tsubject\n0\ta\n1\tb\n2\tb\n' >index2.tsv
	for k in '' 2; do
		"$BIN/anom-inject" disk --radius 3 --seed "1$k" \
			--mask "masks$k.pgm" other.pgm >"lesions$k.pfm"
	done
	mkdir models models2
	"$BIN/recon-train" pca --threads 1 --latent 1 \
		--output models/a.safetensors normal.pgm
	"$BIN/recon-train" pca --threads 1 --latent 2 \
		--output models2/a.safetensors normal.pgm
	mkdir models-brain
	"$BIN/nii-slices" brain.nii.gz >brain.pfm
	"$BIN/recon-train" pca --threads 1 --latent 1 \
		--output models-brain/a.safetensors brain.pfm
	small='INTENSITIES=0:1:3 SIGMAS=0:2:2 RADIUS=3 FIGURES=no'
	blindspot() { BLINDSPOT_BIN=$BIN "$ROOT/pipelines/blindspot" "$@"; }
	# shellcheck disable=SC2086 # words
	blindspot experiment1 IMAGES=in.pgm $small RESULTS=plane
	cp plane/experiment1.tsv plane.tsv
	# shellcheck disable=SC2086 # words
	blindspot experiment1 IMAGES=in.pgm $small SIGMAS=0:3:2 RESULTS=plane
	cp plane/experiment1.tsv plane2.tsv
	grep -v -e '^#' plane.tsv | awk -F '\t' -v OFS='\t' '
		NR == 1 { print "intensity", "ap" }
		$2 == 2 { print $1, $3 }' >curve.tsv
	sed 's/\.[0-9]*$/.5/' curve.tsv >curve2.tsv
	rm -r plane
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
	T=$BATS_TEST_TMPDIR
	export BLINDSPOT_BIN=$BIN
	PATH=$ROOT/pipelines:$PATH
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

# A row a variable: experiments, the name, what it needs beside the base, two
# values.  The first row that fits an experiment counts.
values() {
	cat <<'END'
diagnose	MODEL		cat	recon-degrade blur
diagnose	NAME		M	N
diagnose	RECON	MODEL=	in.pgm	other.pgm
diagnose	FILES		in.pgm	other.pgm
diagnose	INDEX		index.tsv	index2.tsv
diagnose	WITHIN		masks.pgm	masks2.pgm
diagnose	NORMAL	SCORES=zscore	normal.pgm	other.pgm
diagnose	LESIONS	MASKS=masks.pgm	lesions.pfm	lesions2.pfm
diagnose	MASKS	LESIONS=lesions.pfm	masks.pgm	masks2.pgm
diagnose	LESION_INDEX	LESIONS=lesions.pfm MASKS=masks.pgm	index.tsv	index2.tsv
diagnose	FPR	LESIONS=lesions.pfm MASKS=masks.pgm	0.1	0.2
diagnose	OTHER		cat	recon-degrade median
diagnose	OTHER_NAME	OTHER=cat	A	B
diagnose	SCORES		abs	square
diagnose	RADII		2	4
diagnose	STEPS		0	1
diagnose	SAMPLES		1	1
diagnose	REPLICATES		20	30
diagnose	TIMEOUT		100	200
diagnose	THREADS		1	2
diagnose	PLAN		no	no
*	FIGURES		yes	no
*	BELOW		0.5	0.9
*	SEED		1	2
*	RADIUS		3	4
*	SIGMAS		0:2:2	0:2:3
*	INTENSITIES		0:1:3	0:1:4
experiment3	IMAGES	MODELS=models	in.pgm	other.pgm
*	IMAGES		in.pgm	other.pgm
scores	BRAIN_SLICES	IMAGES=colin27 BRAIN=brain.nii.gz NORMAL=	2:8:2	2:9:3
experiment3	BRAIN_SLICES	IMAGES=colin27 BRAIN=brain.nii.gz MODELS=models-brain	2:4	3:5
experiment3	BRAIN	IMAGES=colin27 BRAIN_SLICES=2:4 MODELS=models-brain	brain.nii.gz	brain2.nii.gz
*	BRAIN_SLICES	IMAGES=colin27 BRAIN=brain.nii.gz	2:4	3:5
gallery	BRAIN	SLICE=5 DONOR=7	brain.nii.gz	brain2.nii.gz
*	BRAIN	IMAGES=colin27 BRAIN_SLICES=2:4	brain.nii.gz	brain2.nii.gz
*	PHANTOMS	IMAGES=phantoms	1	2
published	METHOD		sweep	sweep
*	METHOD		sweep	pipeline
*	EQUALIZE		no	yes
*	TEXTURES		sink source	shuffle
match	PLANE	CURVE=curve.tsv	plane.tsv	plane2.tsv
match	CURVE	PLANE=plane.tsv	curve.tsv	curve2.tsv
scores	SCORES		abs	square
scores	NORMAL	SCORES=zscore	normal.pgm	other.pgm
scores	NORMAL_COUNT	SCORES=zscore IMAGES=phantoms PHANTOMS=1 NORMAL=	2	3
scores	OTHER_IMAGES		normal.pgm	other.pgm
scores	OTHER_RADIUS	OTHER_IMAGES=	2	4
scores	TEXTURE	OTHER_IMAGES=	shuffle	sink
scores	SPREAD	SCORES=mahalanobis	0.5	0.7
gallery	SLICE	BRAIN=brain.nii.gz DONOR=7	5	6
gallery	DONOR	BRAIN=brain.nii.gz SLICE=5	7	8
gallery	SEED	BRAIN=brain.nii.gz SLICE=5 DONOR=7	1	2
experiment3	MODELS	IMAGES=in.pgm	models	models2
experiment3	TRAIN_IMAGES	@train	train.pgm	train2.pgm
experiment3	VALIDATE_IMAGES	@train	in.pgm	other.pgm
experiment3	SCALE	MODELS=models	small	small
experiment3	SIZE	MODELS=models IMAGES=phantoms	16	16
experiment3	TEST_PHANTOMS	MODELS=models IMAGES=phantoms SIZE=16	2	3
experiment3	TRAIN_PHANTOMS	@drawn	132	133
experiment3	VALIDATE_PHANTOMS	@drawn	2	3
experiment3	WIDTH	@train	1	2
experiment3	CODES_WIDTH	@train	16	32
experiment3	BATCH	@train	2	3
experiment3	STEPS	@train	1	2
experiment3	LR	@train	0.001	0.003
experiment3	VALIDATE_EVERY	@train STEPS=2	1	2
experiment3	THREADS	MODELS=models	1	2
experiment3	PIECES	@train	1	2
END
}

# base EXPERIMENT: small, and about no figure where it has tables
base() {
	case $1 in
	gallery) return ;;
	experiment2) echo IMAGES=in.pgm SIGMAS=0:2:2 RADIUS=3 FIGURES=no ;;
	scores) echo IMAGES=in.pgm NORMAL=normal.pgm INTENSITIES=0:1:3 \
		SIGMAS=0:2:2 RADIUS=3 SCORES=abs OTHER_IMAGES= FIGURES=no ;;
	paper) echo IMAGES=in.pgm INTENSITIES=0:1:3 SIGMAS=0:2:2 RADIUS=3 ;;
	published) echo IMAGES=in.pgm RADIUS=3 FIGURES=no ;;
	diagnose) echo IMAGES=in.pgm MODEL=cat INTENSITIES=0:1:3 \
		SIGMAS=0:2:2 RADIUS=3 RADII=3 SCORES=abs TEXTURES= \
		REPLICATES=20 ;;
	*) echo IMAGES=in.pgm INTENSITIES=0:1:3 SIGMAS=0:2:2 RADIUS=3 \
		FIGURES=no ;;
	esac
}

beside() { # WORDS: with what @train and @drawn stand for
	local train='STEPS=1 BATCH=2 WIDTH=1 CODES_WIDTH=16 PIECES=1'
	train+=' INTENSITIES=0:1:2 SIGMAS=0:1:2'
	local words=${1//@train/$train TRAIN_IMAGES=train.pgm VALIDATE_IMAGES=other.pgm}
	echo "${words//@drawn/$train IMAGES=phantoms SIZE=16 TEST_PHANTOMS=2 TRAIN_PHANTOMS=132 VALIDATE_PHANTOMS=2}"
}

# row_of EXPERIMENT NAME
row_of() {
	local row
	row=$(values | awk -F '\t' -v e="$1" -v name="$2" '
		($1 == e || $1 == "*") && $2 == name {
			if (!done) row = $0
			if ($1 == e) done = 1
		}
		END { if (row != "") print row }')
	if [ -z "$row" ]; then
		echo "no values for $2 of $1" >&2
		return 1
	fi
	printf '%s\n' "$row"
}

# take_row EXPERIMENT ROW: into words, a and b
take_row() {
	IFS=$'\x1f' read -r _ _ words a b <<<"${2//$'\t'/$'\x1f'}"
	read -ra words <<<"$(base "$1") $(beside "$words")"
	# Models brought along, where none is to be trained.
	[[ $1 != experiment3 || $2 = *@* ]] ||
		words=(MODELS=models "${words[@]}")
}

# called_for_every_experiment FUNCTION: by a test of the suite
called_for_every_experiment() {
	local table name
	for table in "$ROOT"/pipelines/*/variables; do
		name=$(basename "$(dirname "$table")")
		grep -qx "	$1 $name" "$BATS_TEST_FILENAME"
	done
}
