# Mean AP over intensity and sigma, with the line where it is .5; above it, how
# often the healthy foreground has each intensity.
load 'pipelines/common/figure.gp'

stats table using 1 name 'I' nooutput
stats table using 2 name 'S' nooutput
set xrange [I_min:I_max]
set key off
set lmargin at screen 0.11
set rmargin at screen 0.83

set multiplot
set tmargin at screen 0.97
set bmargin at screen 0.81
set format x ''
set yrange [0:*]
unset ytics
set ylabel 'Pixels'
set style fill solid
plot histogram using 1:2 with boxes linecolor rgb '#777777'

set tmargin at screen 0.79
set bmargin at screen 0.13
set format x '%g'
set ytics nomirror out
set xlabel 'Intensity of the anomaly; above, of healthy tissue'
set ylabel 'Blur of the reconstruction, {/Symbol s} (pixels)'
set cblabel 'Average precision (mean over images)'
set cbrange [0:1]
set cbtics 0.2
set yrange [S_min:S_max]

if (S_min < 0.25 && S_max > 0.25) {
	set arrow from graph 0, first 0.25 to graph 1, first 0.25 nohead \
		dashtype 2 linewidth 2 linecolor 'white' front
	set label '{/Symbol s} = 0.25' at graph 0.015, first 0.25 offset 0,0.6 \
		textcolor 'black' front
}
# A plane that is below it all over, or nowhere, has no line.

if (int(system('grep -c "^[-0-9]" '.contour.' || true')) > 0) {
	plot table using 1:2:3 with image, \
		contour using 1:2 with lines linewidth 3 linecolor 'white'
} else {
	plot table using 1:2:3 with image
}
unset multiplot
