# Mean AP over intensity, a curve for each of the sigmas; dashed, what theory
# predicts from the histograms of the reconstruction and of its errors.
load 'pipelines/common/figure.gp'
unset datafile columnheaders

set xlabel 'Intensity of the anomaly'
set ylabel 'Average precision (mean over images)'
set yrange [0:1.02]
set key outside right top vertical title '{/Symbol s} (pixels)' samplen 2
set grid linecolor '#dddddd'

curve(file, sigma) = sprintf("< awk -F '\t' '!/^#/ && $2 == \"%s\"' %s", sigma, file)
# Okabe and Ito's colours, told apart with any colour vision.
colours = '#999999 #0072B2 #D55E00 #009E73 #CC79A7 #E69F00'
n = words(sigmas)
plot for [k = 1:n] curve(table, word(sigmas, k)) \
	using 1:3 with lines linewidth 6 linecolor rgb word(colours, k) \
	title sprintf('%.3g', real(word(sigmas, k))), \
	for [k = 1:n] curve(predicted, word(sigmas, k)) \
	using 1:3 with lines linewidth 2 dashtype 2 linecolor 'black' \
	notitle, \
	NaN with lines linewidth 2 dashtype 2 linecolor 'black' \
	title 'predicted'
