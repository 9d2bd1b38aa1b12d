"""``python -m pothole``: the same as the ``pothole`` command."""

from pothole.cli import main

if __name__ == "__main__":
    main()
