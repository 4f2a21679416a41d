"""Labelled data sets: what is in them, what is wrong with them, how to divide and how to look at them."""
