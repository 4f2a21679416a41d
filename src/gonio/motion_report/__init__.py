"""The report of a motion analysis: one HTML page or PDF that holds film, curves, numbers and method; and progress."""
