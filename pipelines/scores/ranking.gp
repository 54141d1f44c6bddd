# What each score misses, in each study: a row a score, a column a study; left the
# share that is blind, right mean AP.  The score with the least mean share of all
# studies is at the top.
below = real(below)
sheet(value) = sprintf("< awk -F '\t' -v want=%s '!/^#/ { if (!h) { h = 1; for (i = 1; i <= NF; i++) at[$i] = i; next } s = $at[\"images\"] \"\\n\" $at[\"anomaly\"] \"\\nradius \" $at[\"radius\"]; k = $at[\"score\"]; if (!(s in c)) { c[s] = ++cs } if (!(k in r)) { r[k] = ++rs; name[rs] = k } v[r[k], c[s]] = $at[want]; b[r[k]] += $at[\"blind\"] } END { for (i = 1; i <= rs; i++) o[i] = i; for (i = 1; i <= rs; i++) for (j = i + 1; j <= rs; j++) if (b[o[j]] < b[o[i]]) { t = o[i]; o[i] = o[j]; o[j] = t } for (i = 1; i <= rs; i++) for (j = 1; j <= cs; j++) print j, i, v[o[i], j], name[o[i]] }' %s", value, table)
heads = system(sprintf("awk -F '\t' '!/^#/ { if (!h) { h = 1; next } s = $1 \"|\" $2 \"|radius \" $3; if (!(s in c)) { c[s]; printf \"%%s%%s\", gap, s; gap = \";\" } }' %s", table))
longest = int(system(sprintf("awk -F '\t' '!/^#/ && length($4) > n { n = length($4) } END { print n }' %s", table)))
stats sheet('blind') using 1 name 'C' nooutput
stats sheet('blind') using 2 name 'R' nooutput

# In points.
cell = 68
row = 19
left = 14 + 8.4 * longest
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
set xrange [0.5:C_max + 0.5]
set yrange [R_max + 0.5:0.5]
set cbrange [0:1]
unset colorbox
unset xtics
set border linewidth 0.5 * points
set key off
set tmargin at screen down_of(top)
set bmargin at screen down_of(top + R_max * row)
part(text, k) = system(sprintf("printf '%%s' '%s' | cut -d ';' -f %d | tr '|' '\n'", text, k))
set multiplot
do for [panel = 0:1] {
	value = panel == 0 ? 'blind' : 'mean_ap'
	x = left + panel * (C_max * cell + gap)
	set lmargin at screen across_of(x)
	set rmargin at screen across_of(x + C_max * cell)
	unset label
	set label 100 (panel == 0 ? sprintf('Share with AP below %g', below) : \
		'Mean AP') at screen across_of(x), down_of(14) font bold
	do for [k = 1:int(C_max)] {
		set label k part(heads, k) center noenhanced \
			at screen across_of(x + (k - 0.5) * cell), \
			down_of(36) font small
	}
	if (panel == 0) {
		set ytics scale 0 font names noenhanced
	} else {
		unset ytics
	}
	# Bright is good: little that is blind, a high mean.
	plot sheet(value) using 1:2:(panel == 0 ? 1 - $3 : $3):ytic(4) \
		with image, \
		sheet(value) using 1:2:(sprintf('%.2f', $3)):((panel == 0 ? \
		1 - $3 : $3) < 0.6 ? 0xffffff : 0x000000) with labels \
		font values textcolor rgb variable
}
unset multiplot
