"""Times Gonio beside its peers, each in its own environment; see ``python -m benchmarks.peers --help``."""
