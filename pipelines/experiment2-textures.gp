# Mean AP over the blur of the reconstruction, a curve for each texture.
load 'pipelines/figure.gp'
unset datafile columnheaders

set xlabel 'Blur of the reconstruction, {/Symbol s} (pixels)'
set ylabel 'Average precision (mean over images)'
set yrange [0:1.02]
set key outside right top vertical samplen 2
set grid linecolor '#dddddd'

colours = '#0072B2 #D55E00 #009E73 #CC79A7'
plot for [k = 1:words(textures)] \
	sprintf("< awk -F '\t' '!/^#/ && $1 == \"%s\"' %s", word(textures, k), table) \
	using 2:3 with lines linewidth 4 dashtype k \
	linecolor rgb word(colours, k) title word(textures, k)
