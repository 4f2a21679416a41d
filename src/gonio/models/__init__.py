"""The shelf: cards that describe models, the weights that ship, and what runs them on an image."""
