# Mean AP over intensity and sigma, with the line where it is .5.
load 'pipelines/figure.gp'

set xlabel 'Intensity of the anomaly'
set ylabel 'Blur of the reconstruction, {/Symbol s} (pixels)'
set cblabel 'Average precision (mean over images)'
set cbrange [0:1]
set cbtics 0.2
set key off

stats table using 1 name 'I' nooutput
stats table using 2 name 'S' nooutput
set xrange [I_min:I_max]
set yrange [S_min:S_max]

# The contour of AP = .5, as lines over the map; a blank line in the table
# begins a new row of the grid.
grid = "< awk -F '\t' '!/^#/ { if (NR > 1 && $1 != last) print \"\"; " \
	."last = $1; print $1, $2, $3 }' ".table
set table $contour
set contour base
set cntrparam levels discrete 0.5
unset surface
splot grid using 1:2:3
unset table
unset contour
set surface

if (S_min < 0.25 && S_max > 0.25) {
	set arrow from graph 0, first 0.25 to graph 1, first 0.25 nohead \
		dashtype 2 linewidth 2 linecolor 'white' front
	set label '{/Symbol s} = 0.25' at graph 0.015, first 0.25 offset 0,0.6 \
		textcolor 'black' front
}
plot table using 1:2:3 with image pixels, \
	$contour using 1:2 with lines linewidth 3 linecolor 'white'
