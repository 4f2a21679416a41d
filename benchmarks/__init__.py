"""Timings and sizes: every such number in the documentation comes from here. Tests assert none of them."""
