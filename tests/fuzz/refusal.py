"""How the command line ends, as an exception of the call that ran it."""


class DefectError(Exception):
    """In something else than output or a word on stderr."""


class CliRefusalError(ValueError):
    """With a message and an exit code."""
