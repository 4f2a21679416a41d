"""The nouns: a frame's pixels, its people, people over time, labels, and the skeleton that names their keypoints."""
