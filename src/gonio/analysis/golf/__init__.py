"""A golf swing from the keypoints of the golfer: events, tempo, hand plane, head, spine and turns."""

from gonio.analysis.golf.analysis import analyse_golf

__all__ = ["analyse_golf"]
