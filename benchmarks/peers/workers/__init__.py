"""One module per library, run as a process in that library's own environment; Gonio imports none."""
