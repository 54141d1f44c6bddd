# What the figures share: terminal, fonts, palettes for every kind of sight.

# Points across and down; a PNG has two pixels a point.
if (!exists('across')) {
	across = 800
	down = 600
}
if (kind eq 'svg') {
	set terminal svg size across,down enhanced font 'DejaVu Sans,16' background 'white'
} else {
	set terminal pngcairo size 2*across,2*down enhanced font 'DejaVu Sans,26' background 'white'
}
set output picture
set datafile commentschars '#'
set datafile missing 'nan'
set datafile columnheaders
set encoding utf8
set border linewidth 1.2
set tics nomirror out
# Perceptually uniform, dark to light (after van der Walt and Smith's viridis).
set palette defined (0 '#440154', 1 '#482878', 2 '#3e4a89', 3 '#31688e', \
	4 '#26828e', 5 '#1f9e89', 6 '#35b779', 7 '#6dcd59', 8 '#b4de2c', \
	9 '#fde725')

# A grid of the table's first two columns and the third, for contours and
# surfaces: a blank line begins a new row.
grid_of(table) = "< awk -F '\t' '!/^#/ { if (NR > 1 && $1 != last) print \"\"; last = $1; print $1, $2, $3 }' ".table
