"""`python -m reports`: the site, as `batchlaw report` makes it."""

import typer

from reports.cli.report_command import StoredResults, report

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command(cls=StoredResults)(report)
    app(prog_name="python -m reports")
