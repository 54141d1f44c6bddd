# What each score misses, in each study: a row a score, a column a study; left the
# share that is blind, right mean AP.  The score with the least mean share of all
# studies is at the top.
below = real(below)
stats rows using 1 name 'C' nooutput
stats rows using 2 name 'R' nooutput

# In points.
cell = 68
row = 19
left = 14 + 8.4 * int(longest)
top = 78
gap = 26
bottom = 16
across = left + 2 * C_max * cell + gap + 14
down = top + R_max * row + bottom
load 'pipelines/common/figure.gp'
points = kind eq 'svg' ? 1 : 2
sized(size) = sprintf('DejaVu Sans,%g', size * points)
small = sized(9)
values = sized(9.5)
names = sized(10)
bold = sprintf('DejaVu Sans:Bold,%g', 12 * points)
across_of(x) = 1.0 * x / across
down_of(y) = 1 - 1.0 * y / down

unset datafile columnheaders
set datafile separator tab
set xrange [0.5:C_max + 0.5]
set yrange [R_max + 0.5:0.5]
set cbrange [0:1]
unset colorbox
unset xtics
set border linewidth 0.5 * points
set key off
set tmargin at screen down_of(top)
set bmargin at screen down_of(top + R_max * row)
heading(k) = system(sprintf("printf %%s '%s' | cut -d ';' -f %d | tr '|' '\n'", \
	headings, k))
set multiplot
do for [panel = 0:1] {
	x = left + panel * (C_max * cell + gap)
	set lmargin at screen across_of(x)
	set rmargin at screen across_of(x + C_max * cell)
	unset label
	set label 100 (panel == 0 ? sprintf('Share with AP below %g', below) : \
		'Mean AP') at screen across_of(x), down_of(14) font bold
	do for [k = 1:int(C_max)] {
		set label k heading(k) center noenhanced \
			at screen across_of(x + (k - 0.5) * cell), \
			down_of(36) font small
	}
	if (panel == 0) {
		set ytics scale 0 font names noenhanced
	} else {
		unset ytics
	}
	# Bright is good: little that is blind, a high mean.
	good(blind, mean) = panel == 0 ? 1 - blind : mean
	plot rows using 1:2:(good($3, $4)):ytic(5) with image, \
		rows using 1:2:(sprintf('%.2f', column(3 + panel))): \
		(good($3, $4) < 0.6 ? 0xffffff : 0x000000) with labels \
		font values textcolor rgb variable
}
unset multiplot
