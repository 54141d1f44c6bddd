# The plane of experiment 1 for each score, all with the same axes and colours,
# and the line where AP is at the threshold.  Scores without a reconstruction
# have rows of their own, with a histogram of healthy tissue at the end.
columns = 5
n = int(n)
below = real(below)
without = int(without)
with = words(names) - without
rows_of(n) = (n + columns - 1) / columns
rows_with = rows_of(with)
rows_without = rows_of(without + 1)

# In points: a panel, what is around it, and the parts of the page.
wide = 140
high = 104
gap = 14
title = 46
left = 54
heading = 24
bottom = 112
top_with = with > 0 ? heading : 0
top_without = top_with + rows_with * (high + title) \
	+ (without > 0 ? heading : 0) + (with > 0 ? 16 : 0)
across = left + columns * (wide + gap)
end = top_without + rows_without * (high + title)
down = end + bottom
load 'pipelines/common/figure.gp'
points = kind eq 'svg' ? 1 : 2
sized(size) = sprintf('DejaVu Sans,%g', size * points)
tiny = sized(9.3)
label = sized(12)
bold = sprintf('DejaVu Sans:Bold,%g', 12 * points)
across_of(x) = 1.0 * x / across
down_of(y) = 1 - 1.0 * y / down

plane(k) = sprintf("< awk -F '\t' '!/^#/ && $1 == \"%s\" { if ($2 != last) print \"\"; last = $2; print $2, $3, $4 }' %s", word(names, k), planes)
unset datafile columnheaders
stats plane(1) using 1 name 'I' nooutput
stats plane(1) using 2 name 'S' nooutput
set xrange [I_min:I_max]
set yrange [S_min:S_max]
set cbrange [0:1]
set tics scale 0.5 font tiny
set xtics I_min, (I_max - I_min) / 2, I_max offset 0, 0.5
set ytics S_min, (S_max - S_min) / 2, S_max offset 0.6, 0
set border linewidth 0.5 * points
set key off
unset colorbox

set format '%g'
set multiplot
do for [k = 1:words(names) + 1] {
	tissue = k > words(names)
	# Its place in its group, and whether another panel is beneath it.
	i = k > with ? k - with : k
	last = k > with ? i + columns > without + 1 : i + columns > with
	x = left + ((i - 1) % columns) * (wide + gap)
	y = (k > with ? top_without : top_with) + title \
		+ (i - 1) / columns * (high + title)
	set lmargin at screen across_of(x)
	set rmargin at screen across_of(x + wide)
	set tmargin at screen down_of(y)
	set bmargin at screen down_of(y + high)
	set format x (last ? '%g' : '')
	set format y ((i - 1) % columns ? '' : '%g')
	unset label
	name = tissue ? 'healthy tissue' : word(names, k)
	fitting = sized(strlen(name) > 17 ? 11 * 17.0 / strlen(name) : 11)
	set label 1 name noenhanced \
		at screen across_of(x), down_of(y - 23) font fitting
	set label 2 (tissue ? 'pixels by intensity' : \
		sprintf('blind %.0f %%, least %.2f', \
		100 * real(word(area, k)), real(word(least, k)))) \
		at screen across_of(x), down_of(y - 8) font tiny \
		textcolor rgb '#444444'
	if (i == 1 && !tissue) {
		set label 3 (k > with ? 'Without a reconstruction' : \
			'With the blurred reconstruction') \
			at screen across_of(left), down_of(y - title - 2) \
			font bold
	}
	if (k == 1) {
		set label 4 sprintf('blind: the share of the plane with AP below %g; least: the lowest AP', below) \
			at screen across_of(across - gap), \
			down_of(y - title - 2) right font tiny \
			textcolor rgb '#444444'
	}
	# A plane that is blind all over, or nowhere, has no line.
	contour = sprintf('%s/contour-%d.tsv', lines, k)
	lined = tissue ? 0 : \
		int(system('grep -c "^[-0-9]" '.contour.' || true')) > 0
	if (lined) {
		plot plane(k) using 1:2:3 with image, \
			contour using 1:2 with lines \
			linewidth 1.5 * points linecolor 'white'
	}
	if (!tissue && !lined) {
		plot plane(k) using 1:2:3 with image
	}
	if (tissue) {
		set yrange [0:*]
		unset ytics
		set style fill solid
		plot histogram every ::1 using 1:2 with boxes \
			linecolor rgb '#777777'
	}
}

# What all panels share, around them and beneath.
unset label
unset border
unset tics
set yrange [0:1]
set tmargin at screen down_of(end + 70)
set bmargin at screen down_of(end + 82)
set lmargin at screen across_of(left)
set rmargin at screen 1
middle = across_of(left + (columns * (wide + gap) - gap) / 2)
set label 1 'Intensity of the anomaly' center \
	at screen middle, down_of(end + 30) font label
set label 2 'Blur, {/Symbol s} (pixels)' center \
	rotate at screen across_of(11), down_of(end / 2) font label
set label 3 sprintf('Average precision, mean over %d images; %g on the white lines', n, below) \
	center at screen middle, down_of(end + 56) font label
set cbtics 0.2 offset 0, 0.6 font tiny
set colorbox horizontal user origin screen middle - 0.2, down_of(end + 80) \
	size screen 0.4, down_of(0) - down_of(12)
plot '+' using (I_min - 1):(0):(0) with points palette
unset multiplot
