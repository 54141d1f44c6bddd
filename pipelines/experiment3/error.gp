# Reconstruction error against average precision, both means over all images and
# intensities: of the models that see the healthy image (3.1) and the anomalous
# one (3.2), and of the paper's.
load 'pipelines/common/figure.gp'
load 'pipelines/experiment3/models.gp'
unset datafile columnheaders

# The pair of columns of a model in a table, and nothing where it is not in it.
point(k, file, x, y) = sprintf("< awk -F '\t' '/^#/ { next } !header { header = 1; for (i = 1; i <= NF; i++) at[$i] = i; next } $1 == \"%s\" { print $at[\"%s\"], $at[\"%s\"] }' %s", word(names, k), x, y, file)
ours(k, on) = point(k, table, 'error_'.on, 'ap_'.on)
paper(k) = point(k, table, 'published_error', 'published_ap')
with_paper = system(sprintf("awk -F '\t' '/^#/ { next } $NF ~ /^[0-9.]+$/ { printf \"%%d \", k } { k++ }' %s", table))
both(k) = sprintf("%s; %s", ours(k, 'normal'), ours(k, 'anomalous')[2:])

set xlabel 'Reconstruction error: mean |reconstruction − image|'
set ylabel 'Average precision (mean over images and intensities)'
set yrange [0:1]
# Far enough apart for tics of three decimals; upright ones would meet.
set offsets 0.003, 0.003, 0, 0
set xtics rotate by 30 right
set format x '%g'
set grid linecolor '#dddddd'
set key outside right top vertical samplen 1 reverse Left noenhanced

# A loop over nothing is still read once, so that there is none in its place.
published = words(with_paper) == 0 ? '' : ", \
	for [k in with_paper] paper(int(k)) using 1:2 with points \
	pointtype 12 pointsize 4 linewidth 4 linecolor rgb colour(int(k)) notitle, \
	NaN with points pointtype 12 pointsize 2.5 linewidth 3 \
	linecolor 'black' title 'published'"

# A line joins what one model does in 3.1 and in 3.2.
plot for [k = 1:n] both(k) using 1:2 with lines linewidth 2 \
	linecolor rgb colour(k) notitle, \
	for [k = 1:n] ours(k, 'normal') using 1:2 with points \
	pointtype 6 pointsize 3 linewidth 4 linecolor rgb colour(k) notitle, \
	for [k = 1:n] ours(k, 'anomalous') using 1:2 with \
	points pointtype 7 pointsize 3 linecolor rgb colour(k) notitle, \
	for [k = 1:n] NaN with points pointtype 5 pointsize 2 \
	linecolor rgb colour(k) title label_of(k), \
	NaN with points pointtype 6 pointsize 2 linewidth 3 linecolor 'black' \
	title '3.1', \
	NaN with points pointtype 7 pointsize 2 linecolor 'black' title '3.2' @published
