"""What a suite found: rows of figures, subjects left out, and the issue's targets beside what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.stats import Spread

UNITS = {"ms": 1e3, "s": 1.0, "MiB": 1.0, "": 1.0}
"""What a figure in seconds (or MiB) is multiplied by to be shown."""


@dataclass(frozen=True)
class Row:
    """One measured figure."""

    case: str
    subject: str
    figure: Spread
    """In ``unit``."""
    unit: str
    rate: str = ""
    """The same figure as work done in a second, where that says more."""
    ratio: float | None = None
    """This median over that of the table's baseline in the same case."""


@dataclass(frozen=True)
class Skip:
    """A subject that was not measured, and why."""

    subject: str
    reason: str


@dataclass(frozen=True)
class Check:
    """A target of the project held against what was measured."""

    text: str
    value: float
    limit: float
    at_most: bool = True
    """Else at least."""
    unit: str = "x"

    @property
    def met(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    @property
    def target(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}{_spaced(self.unit)}"

    @property
    def measured(self) -> str:
        return f"{number(self.value)}{_spaced(self.unit)}"


@dataclass(frozen=True)
class Table:
    """What one suite found."""

    name: str
    title: str
    quantity: str
    """What the figures are, for the column's head: ``CPU time``, ``peak memory`` ..."""
    baseline: str
    """The subject that ratios are of; empty: no ratios."""
    rows: tuple[Row, ...]
    skips: tuple[Skip, ...] = ()
    checks: tuple[Check, ...] = ()
    note: str = ""

    def json(self) -> dict[str, Any]:
        """JSON-able, with the verdict on each check."""
        checks = [asdict(check) | {"met": check.met} for check in self.checks]
        return asdict(self) | {"checks": checks}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Table:
        """The inverse of ``json``."""
        rows = tuple(Row(**(row | {"figure": Spread(**row["figure"])})) for row in data["rows"])
        skips = tuple(Skip(**skip) for skip in data["skips"])
        checks = tuple(Check(**{k: v for k, v in check.items() if k != "met"}) for check in data["checks"])
        return cls(**(data | {"rows": rows, "skips": skips, "checks": checks}))


def number(value: float) -> str:
    """Three significant digits."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""


HEADS = ("Case", "Subject", "Median", "Quartiles", "Rate", "Ratio")


def cells(row: Row) -> tuple[str, ...]:
    """A row as it is shown, under `HEADS`."""
    spread = row.figure
    return (
        row.case,
        row.subject,
        f"{number(spread.median)}{_spaced(row.unit)}",
        f"{number(spread.low)} – {number(spread.high)}",
        row.rate,
        "" if row.ratio is None else f"{number(row.ratio)}x",
    )


def head(table: Table) -> tuple[str, ...]:
    """`HEADS`, saying what the median and the ratio are of."""
    names = dict(zip(HEADS, HEADS, strict=True))
    names["Median"] = table.quantity
    names["Ratio"] = f"of {table.baseline}" if table.baseline else ""
    return tuple(names.values())


def check_rows(tables: Sequence[Table]) -> list[tuple[str, str, str, str]]:
    """Every target: what, the target, what was measured, whether it is met."""
    return [
        (check.text, check.target, check.measured, "yes" if check.met else "no")
        for table in tables
        for check in table.checks
    ]
