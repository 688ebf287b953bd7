"""The command ``daguanjia``: what it finds in ``daguanjia/commands`` and how it fails.

A command fails with one red line and exit code 2 when a person can put it right (a Problem, a ServerError, a server
that does not answer). Anything else is a fault of ours and keeps its traceback, without local values: they may be
personal data.
"""

import asyncio
import functools
import importlib
import inspect
import os
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from daguanjia import commands
from daguanjia.servers import ServerError, running_servers
from daguanjia.servers.addresses import unreachable
from services.platform.errors import Problem

FAILED = 2
STARTS_SERVERS = {"up"}  # commands that start servers themselves


def failure(problem: BaseException) -> str | None:
    """Return the sentence for a failure that a person can put right; None for a fault of ours."""
    if isinstance(problem, Problem):
        lines = [f"{problem.detail} [{problem.code}]", *(f"{fault.pointer}: {fault.detail}" for fault in problem.errors)]
        return "\n".join(lines)
    if isinstance(problem, ServerError):
        return str(problem)
    return unreachable(problem, os.environ)


def say_failure(sentence: str) -> None:
    """Print the sentence in red on standard error."""
    Console(stderr=True, soft_wrap=True).print(Text(sentence, style="bold red"))


def runnable(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a command: async ones get a loop, running embedded servers are found, failures become one line."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        if name not in STARTS_SERVERS:
            _use_running_servers()
        try:
            if inspect.iscoroutinefunction(function):
                return asyncio.run(function(*args, **kwargs))
            return function(*args, **kwargs)
        except Exception as problem:
            sentence = failure(problem)
            if sentence is None:
                raise
            say_failure(sentence)
            raise typer.Exit(FAILED) from None

    return run


def _use_running_servers() -> None:
    """Let a command in a second terminal work on what ``daguanjia up`` runs, unless told otherwise."""
    if os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_URL_FILE"):
        return
    home = Path(os.environ.get("DAGUANJIA_HOME", ".local"))
    for name, url in running_servers(home / "servers").items():
        os.environ.setdefault(name, url)


def build() -> typer.Typer:
    """Return the application with every command of ``daguanjia/commands``, in alphabetical order."""
    application = typer.Typer(
        name="daguanjia",
        help="大管家: run, load and look after the grassroots service of one county or city.",
        no_args_is_help=True,
        pretty_exceptions_enable=sys.stderr.isatty(),
        pretty_exceptions_show_locals=False,
        add_completion=False,
    )
    application.callback()(_nothing)
    for found in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"{commands.__name__}.{found.name}")
        name = found.name.replace("_", "-")
        application.command(name)(runnable(name, getattr(module, found.name)))
    return application


def _nothing() -> None:
    """Keep subcommands even where there is only one."""


app = build()
