# Mean AP over the blur of the reconstruction, a curve for each texture; dashed,
# where `matched' names them, the intensity of experiment 1 nearest to it.
load 'pipelines/common/figure.gp'
unset datafile columnheaders

set xlabel 'Blur of the reconstruction, {/Symbol s} (pixels)'
set ylabel 'Average precision (mean over images)'
set yrange [0:1.02]
set key outside right top vertical samplen 2
set grid linecolor '#dddddd'

colours = '#0072B2 #D55E00 #009E73 #CC79A7'
n = words(textures)
texture(k) = sprintf("< awk -F '\t' '!/^#/ && $1 == \"%s\"' %s", word(textures, k), table)
if (exists('matched')) {
	disk(k) = sprintf("< awk -F '\t' '!/^#/ && $1 == \"%s\"' %s", word(matched, k), plane)
	plot for [k = 1:n] texture(k) using 2:3 with lines linewidth 4 \
		linecolor rgb word(colours, k) title word(textures, k), \
		for [k = 1:n] disk(k) using 2:3 with lines linewidth 3 \
		dashtype 2 linecolor rgb word(colours, k) \
		title sprintf('disk, %.2f', real(word(matched, k)))
} else {
	plot for [k = 1:n] texture(k) using 2:3 with lines linewidth 4 \
		dashtype k linecolor rgb word(colours, k) title word(textures, k)
}
