"""The command ``gonio``: one file per verb; a verb parses, calls one library function and reports."""

from gonio.apps.cli.main import main

__all__ = ["main"]
