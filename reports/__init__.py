"""What `theory` proves and `empirics` measures, for readers: the ledger as a web site, and the `batchlaw` command.

    python -m reports           writes the site, as `batchlaw report` and `make report` do
    batchlaw --help             the commands; `batchlaw COMMAND --help` their options

    cli        the commands: what they ask, what they print, how they end; bad input is one line and exit code 2
    site       an index and a page for each claim, each a single file with its style and drawings inside; pages of measurements
    figures    the drawings, one file a subject, from the numbers that a claim's evidence holds
    text       numbers, names and problems as plain text, HTML, LaTeX and MathML; the terminal

What it costs: a minute or two for the whole site on two cores, most of it for the pages of measurements, which need the extra
`experiments`; `batchlaw report --only A.7` makes one page. Nothing is computed here but what a picture needs: verdicts and evidence are
those of `theory.claims`, estimates those of `empirics`. Nobody imports `reports`.
"""
