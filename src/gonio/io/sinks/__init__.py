"""Where annotated pictures and videos go; a sink receives an image, it does not draw."""
