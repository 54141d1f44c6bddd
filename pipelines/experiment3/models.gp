# What the figures of experiment 3 share: a colour, a dash and a label a model.
n = words(names)
# Okabe and Ito's colours, told apart with any colour vision.
colours = '#999999 #000000 #56B4E9 #0072B2 #E69F00 #D55E00 #CC79A7 #009E73'
colour(k) = word(colours, 1 + (k - 1) % words(colours))
dash(k) = 1 + (k - 1) / words(colours)
label_of(k) = word(names, k)
