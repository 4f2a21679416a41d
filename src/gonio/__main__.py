"""``python -m gonio``: the command, for launchers that want a module."""

from gonio.apps.cli import main

if __name__ == "__main__":
    main()
