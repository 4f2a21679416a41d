"""``mp.solutions.pose_connections``: which landmarks a drawing joins."""

POSE_CONNECTIONS = frozenset(
    (a, b)
    for a, b in (
        *((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10)),  # face
        *((11, 12), (11, 23), (12, 24), (23, 24)),  # trunk
        *((11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19)),  # left arm and hand
        *((12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20)),
        *((23, 25), (25, 27), (27, 29), (29, 31), (27, 31)),  # left leg and foot
        *((24, 26), (26, 28), (28, 30), (30, 32), (28, 32)),
    )
)
"""Pairs of landmarks to draw a line between."""
