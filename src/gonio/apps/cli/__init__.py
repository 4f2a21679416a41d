"""The command ``gonio``: one file per verb; a verb parses, calls one library function and reports."""

import sys


def main() -> None:
    """Run the command; Ctrl-C ends it quietly even while it is still being loaded."""
    try:
        from gonio.apps.cli.main import main as run  # slow: time in which a person may change their mind

        run()
    except KeyboardInterrupt:
        sys.exit(130)
