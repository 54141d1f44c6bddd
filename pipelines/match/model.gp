# A model's AP over intensity, and dashed, experiment 1 at its equivalent blur.
load 'pipelines/common/figure.gp'

set xlabel 'Intensity of the anomaly'
set ylabel 'Average precision (mean over images)'
set yrange [0:1.02]
set key outside right top vertical samplen 2
set grid linecolor '#dddddd'

has(name) = int(system(sprintf("grep -v '^#' %s | head -n 1 | tr '\t' '\n' | grep -cx %s || true", table, name)))
axis = has('intensity') ? 'intensity' : 'inject.intensity'
blur = sprintf("< awk -F '\t' '/^#/ { next } $2 == \"%s\" || $1 == \"inject.intensity\"' %s", word(matched, 1), plane)
plot table using axis:'ap' with lines linewidth 4 linecolor rgb '#0072B2' \
	title word(textures, 1), \
	blur using 1:3 with lines linewidth 3 dashtype 2 linecolor 'black' \
	title sprintf('blur, {/Symbol s} = %.2f', real(word(matched, 1)))
