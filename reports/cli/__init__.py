"""The command line `batchlaw`: one module for each command, `variance_command` and its siblings, which are put together here.

Bad input is one line and exit code 2. All that is printed goes through `reports.text.terminal`, help texts too, plainly: nothing is
cropped, whatever the terminal or pipe.
"""

import typer

from reports.cli.engines_command import engines
from reports.cli.errors import Group
from reports.cli.measure_command import measure
from reports.cli.mnist_command import simulate_mnist
from reports.cli.regression_command import regression
from reports.cli.report_command import StoredResults, report
from reports.cli.run_options import ManyValues
from reports.cli.simulate_command import simulate
from reports.cli.variance_command import variance
from reports.cli.verify_command import verify
from reports.cli.yelp_command import simulate_yelp

__all__ = ["app"]

app = typer.Typer(
    cls=Group,
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="How the noise of SGD depends on the mini-batch size: var(g_t) as an exact polynomial in 1/b.",
)

app.command(short_help="The exact polynomial var(g_t | w_0) of a network in hand.")(variance)
app.command(cls=ManyValues, short_help="Linear regression on a table of numbers, exactly, at any step.")(regression)
app.command(short_help="Check claims of the ledger now.")(verify)
app.command(short_help="What can be computed for which networks and inputs.")(engines)
app.command(cls=StoredResults, short_help="Write the ledger as a web site.")(report)
app.command(cls=ManyValues, short_help="Run many replicas of SGD, and estimate what the theory computes.")(simulate)
app.command("simulate mnist", cls=ManyValues, short_help="Train the MLP of the paper's figures 2 and 3 on digits, many times.")(
    simulate_mnist
)
app.command("simulate yelp", cls=ManyValues, short_help="Train the XLNet of the paper's figure 4 on reviews, many times.")(simulate_yelp)
app.command(cls=ManyValues, short_help="Measure the gradient noise of a torch model of your own.")(measure)
