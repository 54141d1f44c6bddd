# A line of text as a PNG on standard output, black on white, in the middle.
# usage: gnuplot -c pipelines/common/caption.gp TEXT WIDTH HEIGHT POINTS [bold]
set terminal pngcairo size ARG2 + 0, ARG3 + 0 \
	font sprintf('DejaVu Sans%s,%s', ARG5 eq 'bold' ? ':Bold' : '', ARG4)
set margins 0, 0, 0, 0
unset border
unset tics
unset key
set label 1 ARG1 at screen 0.5, 0.5 center noenhanced
plot [0:1] [0:1] 2
