"""A password as commands take it: asked for, or the first line of a file. Never an argument, which everybody on the machine can see."""

import sys
from pathlib import Path

import typer


def given_password(path: Path | None) -> str:
    """Return the first line of the file, or of standard input for ``-``; asked for twice where there is neither."""
    if path is None:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    if str(path) == "-":
        return sys.stdin.readline().rstrip("\r\n")
    from daguanjia.loading import file_text

    return file_text(path).partition("\n")[0].rstrip("\r")
