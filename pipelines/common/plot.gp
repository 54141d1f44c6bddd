# Curves, each with its band: data has a block for each, its name above it.
load 'pipelines/common/figure.gp'

count = int(count)
data = 'data'
set xlabel x noenhanced
set ylabel y noenhanced
set key tmargin left Left reverse horizontal noenhanced samplen 2
set grid linecolor '#dddddd'
# Okabe and Ito's colours, told apart with any colour vision; then dashes.
colours = '#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #999999'
colour(k) = word(colours, k % words(colours) + 1)
dash(k) = k < words(colours) ? 1 : 2

stats data using 2 name 'Y' nooutput
if (Y_min >= 0 && Y_max <= 1) {
	set yrange [0:1.02]
}
if (what eq 'froc') {
	set xlabel 'False regions a unit (logarithmic)'
	set ylabel 'Lesions found (share)'
	set logscale x 2
	set xtics add ('1/8' 0.125, '1/4' 0.25, '1/2' 0.5)
	set xrange [0.125:*]
}
if (what eq 'pr') {
	set xlabel 'Recall'
	set ylabel 'Precision'
	set xrange [0:1]
}
if (what eq 'roc') {
	set xlabel 'False-positive rate'
	set ylabel 'Recall (sensitivity)'
	set xrange [0:1]
	set size ratio 1
}

# Between two points sensitivity is that of the higher threshold, and the
# precision that counts in AP that of the lower.
style = what eq 'froc' ? 'steps' : what eq 'pr' ? 'fsteps' : 'lines'
at(v) = what eq 'froc' && v < 0.125 ? 0.125 : v
curves = "for [k = 0:count - 1] data index k using (at($1)):2 with ".style. \
	" linewidth 3 dashtype dash(k) linecolor rgb colour(k) title columnheader(1)"
shades = "for [k = 0:count - 1] data index k using 1:3:4 with filledcurves \
fillcolor rgb colour(k) fillstyle transparent solid 0.18 noborder notitle, "
eval 'plot '.(int(bands) ? shades : '').curves
