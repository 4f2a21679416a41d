"""The figures of the analysis of motion, each printed by ``python -m benchmarks.motion.<name>``."""
