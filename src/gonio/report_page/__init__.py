"""An evaluation as one HTML page that needs nothing beside it: tables, curves, and the worst cases drawn."""
