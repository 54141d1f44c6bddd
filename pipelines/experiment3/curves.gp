# Mean AP over intensity, a line a model: on the left the model reconstructs the
# healthy images (3.1), on the right the anomalous ones (3.2).
load 'pipelines/common/figure.gp'
if (kind eq 'svg') { set terminal svg size 1100,600 } else { set terminal pngcairo size 2200,1200 }
load 'pipelines/experiment3/models.gp'

curve(on, k) = sprintf("< awk -F '\t' '$2 == \"on\" || ($1 == \"%s\" && $2 == \"%s\")' %s", word(names, k), on, curves)

set xlabel 'Intensity of the anomaly'
set yrange [0:1.02]
set xrange [0:1]
set autoscale xfix
set ytics 0.2
set grid linecolor '#dddddd'
set key off

set multiplot
set tmargin at screen 0.93
set bmargin at screen 0.25
do for [panel = 1:2] {
	on = panel == 1 ? 'normal' : 'anomalous'
	set lmargin at screen panel == 1 ? 0.08 : 0.55
	set rmargin at screen panel == 1 ? 0.51 : 0.98
	set title panel == 1 ? '3.1: healthy image reconstructed' : \
		'3.2: anomalous image reconstructed'
	if (panel == 1) {
		set label 1 'Average precision (mean over images)' \
			at screen 0.017, 0.59 centre rotate
	} else {
		unset label 1
		set format y ''
	}
	plot for [k = 1:n] curve(on, k) using 'inject.intensity':'ap' \
		with lines linewidth 4 dashtype dash(k) \
		linecolor rgb colour(k)
}

# One key for both.
unset title
unset xlabel
unset border
unset tics
unset grid
set lmargin at screen 0.05
set rmargin at screen 0.98
set tmargin at screen 0.13
set bmargin at screen 0.01
set key center center horizontal maxrows 2 samplen 3 width 2 reverse Left noenhanced
set yrange [0:1]
plot for [k = 1:n] NaN with lines linewidth 4 dashtype dash(k) \
	linecolor rgb colour(k) title label_of(k)
unset multiplot
