# Each model's AP over intensity, and dashed in the same colour, that of its
# equivalent blur in experiment 1 on the same images.
load 'pipelines/experiment3/models.gp'
columns = n < 5 ? (n < 2 ? 1 : 2) : (n < 10 ? 3 : 4)
rows = (n + columns) / columns
across = 300 * columns + 20
down = 260 * rows
load 'pipelines/common/figure.gp'

curve(on, k) = sprintf("< awk -F '\t' '$2 == \"on\" || ($1 == \"%s\" && $2 == \"%s\")' %s", word(names, k), on, curves)
sigma(on, k) = system(sprintf("awk -F '\t' 'NR > 1 && $1 == \"%s\" { print $3 }' %s", word(names, k), on eq 'normal' ? match_normal : match_anomalous))
blur(on, k) = sprintf("< awk -F '\t' '/^#/ { next } $2 == \"%s\" || $1 == \"inject.intensity\"' %s", sigma(on, k), plane)
legend(on, k) = sprintf('{/Symbol s} = %.2f', real(sigma(on, k)))

set yrange [0:1.02]
set autoscale xfix
set ytics 0.5
set xtics 0.5
set grid linecolor '#dddddd'
set key off
healthy = '#0072B2'
anomalous = '#D55E00'

# Text has one size, whatever that of the figure: room for it is in points.
x(points) = real(points) / across
y(points) = real(points) / down

# One pair of labels for all.
set label 11 'Average precision (mean over images)' at screen x(18), 0.52 \
	centre rotate
set label 12 'Intensity of the anomaly' at screen 0.5 + x(32), y(20) centre

set multiplot layout rows, columns margins x(92), 1 - x(28), y(78), \
	1 - y(39) spacing x(55), y(78)
do for [k = 1:n] {
	set title label_of(k) offset 0,-0.5 noenhanced
	set label 1 legend('normal', k) at graph 0.45, 0.92 centre textcolor rgb healthy
	set label 2 legend('anomalous', k) at graph 0.45, 0.82 centre textcolor rgb anomalous
	plot curve('normal', k) using 'inject.intensity':'ap' with lines \
		linewidth 4 linecolor rgb healthy, \
		curve('anomalous', k) using 'inject.intensity':'ap' with lines \
		linewidth 4 linecolor rgb anomalous, \
		blur('normal', k) using 1:3 with lines linewidth 3 \
		dashtype 2 linecolor rgb healthy, \
		blur('anomalous', k) using 1:3 with lines linewidth 3 \
		dashtype 2 linecolor rgb anomalous
}
unset label 1
unset label 2
unset title
unset border
unset tics
unset grid
set key at graph 0.5, 0.7 center samplen 2 reverse Left
plot NaN with lines linewidth 4 linecolor rgb healthy title '3.1, healthy image', \
	NaN with lines linewidth 4 linecolor rgb anomalous title '3.2, anomalous image', \
	NaN with lines linewidth 2 dashtype 2 linecolor 'black' \
	title 'equivalent blur'
unset multiplot
