"""Cost as work grows: people, pixels, length, streams, batch."""
