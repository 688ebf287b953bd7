"""The one error of this package: a sentence for the person at the terminal."""


class ServerError(Exception):
    """A server could not be found, started or kept; the text says in one line what to do."""
