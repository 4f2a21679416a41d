"""People onto a picture, and a picture onto a screen: image in, image out."""
