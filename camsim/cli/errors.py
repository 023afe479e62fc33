"""Errors as the command line shows them: the message and nothing else, with the exit code that scripts rely on."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer

from camsim.errors import CamsimError

P = ParamSpec("P")
R = TypeVar("R")

INTERNAL_ERROR = 5
INTERRUPTED = 130
DEBUG = "CAMSIM_TRACEBACK"
"""Set this variable to see where an internal error comes from."""


def handled(command: Callable[P, R]) -> Callable[P, R]:
    """Turn exceptions of a command into a message on stderr and an exit code."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except CamsimError as error:
            say(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # The reader (such as `head`) has seen enough; nothing may be flushed to it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except Exception as error:
            if os.environ.get(DEBUG):
                traceback.print_exc()
            lines = str(error).splitlines() or [""]
            say(f"internal error: {type(error).__name__}: {lines[0]} (please report it; {DEBUG}=1 shows more)")
            raise typer.Exit(INTERNAL_ERROR) from None

    return wrapper


def say(message: str) -> None:
    """One message on stderr, each of its lines marked."""
    for line in message.splitlines():
        # Files and models may smuggle terminal codes into messages.
        print("camsim: " + "".join(c if c.isprintable() else "?" for c in line), file=sys.stderr)
