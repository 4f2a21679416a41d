"""Walking and running: heel strikes and toe-offs, and the numbers that follow from them."""

from gonio.analysis.gait.analysis import analyse_gait

__all__ = ["analyse_gait"]
