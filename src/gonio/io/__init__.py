"""Everything that crosses the edge of the program: pictures and videos in, results out."""
