"""Live from a camera: what is measured of each frame, and the page on this machine that shows it."""
