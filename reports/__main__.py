"""`python -m reports`: the site, as `batchlaw report` makes it."""

import typer

from reports.cli import report

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(report)
    app(prog_name="python -m reports")
