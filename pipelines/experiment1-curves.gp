# Mean AP over intensity, a curve for each of at most six sigmas.
load 'pipelines/figure.gp'
unset datafile columnheaders

set xlabel 'Intensity of the anomaly'
set ylabel 'Average precision (mean over images)'
set yrange [0:1.02]
set key outside right top vertical title '{/Symbol s} (pixels)' samplen 2
set grid linecolor '#dddddd'

sigmas = system("grep -v '^#' ".table." | awk -F '\t' 'NR > 1 { print $2 }' | sort -gu | tr '\n' ' '")
n = words(sigmas)
shown = n < 6 ? n : 6
sigma(k) = word(sigmas, shown == 1 ? 1 : 1 + int((k - 1) * (n - 1) / (shown - 1.0) + 0.5))
# Okabe and Ito's colours, told apart with any colour vision.
colours = '#000000 #0072B2 #D55E00 #009E73 #CC79A7 #E69F00'
plot for [k = 1:shown] sprintf("< awk -F '\t' '!/^#/ && $2 == \"%s\"' %s", sigma(k), table) \
	using 1:3 with linespoints linewidth 3 pointtype 3 + 2 * k pointsize 1 \
	linecolor rgb word(colours, k) title sprintf('%.3g', real(sigma(k)))
