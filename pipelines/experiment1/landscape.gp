# Mean AP as a landscape over intensity and sigma: the blind spot is a valley.
load 'pipelines/common/figure.gp'
unset datafile columnheaders

set xlabel 'Intensity of the anomaly' rotate parallel offset 0,-1
set ylabel 'Blur, {/Symbol s} (pixels)' rotate parallel offset 0,-1
set zlabel 'Average precision' rotate offset -1
set cblabel 'Average precision (mean over images)'
set xtics offset 0,-0.3
set ytics offset 0.5,-0.2
set zrange [0:1]
set cbrange [0:1]
set cbtics 0.2
set ztics 0.2
set xyplane at 0
set grid x y z linecolor '#cccccc'
set border 4095 linecolor '#999999'
set view 55, 318, 1, 1.05
set key off
set pm3d depthorder border linecolor rgb '#30000000' linewidth 0.3
set colorbox vertical user origin 0.88,0.25 size 0.02,0.5
splot grid_of(table) using \
	(column(1)):(column(2)):(column(3)) with pm3d
