"""`python -m reports.cli`: the same as `batchlaw`."""

from reports.cli import app

if __name__ == "__main__":
    app()
