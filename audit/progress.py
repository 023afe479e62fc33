"""How an audit tells how far it has come."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far the work has come."""

    def start(self, what: str, total: int) -> None:
        """A piece of work with ``total`` steps begins."""

    def advance(self, steps: int) -> None:
        """``steps`` more are done."""


class Silent:
    """No progress shown."""

    def start(self, what: str, total: int) -> None: ...

    def advance(self, steps: int) -> None: ...
