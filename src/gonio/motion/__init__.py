"""From a video or a file of keypoints to one person's measurements, and these as plain data."""
