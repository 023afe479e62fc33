"""What the terminal shows at the end of a search."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit.report.rows import FLIPS, Metric
from audit.report.search_words import caveats, gradient_text, is_classification, metric_of
from audit.report.terminal import STYLES, printable
from audit.search.certificate import Certificate
from audit.stats import Interval


def print_search(results: Mapping[str, Any], console: Console, path: str | Path) -> None:
    """Print the verdict if there is one, the worst cases and where the report lies; ``path`` is the report.

    ``results`` is results.json (schema 1). Its strings are printed as they are, never as markup or terminal codes.
    """
    metric, data, strategy = metric_of(results), results["data"], results["strategy"]

    def say(text: str, style: str = "") -> None:
        console.print(Text(printable(text, console), style=style), highlight=False)

    if results["verdict"]:
        headline = Text(results["verdict"], style=STYLES[results["verdict"]])
        headline.append(printable(f"  {results['reasons'][0]}", console), style="not bold default")
        console.print(headline, highlight=False)
    say(
        f"{results['model']['name']} on {results['device']['profile']}: searched {data['search_samples']} scenes with "
        f"{strategy['evaluations']:g} evaluations ({strategy['name']}), judged on {data['judged_samples']} others."
    )
    say(f"Gradients: {gradient_text(strategy)}.")
    console.print()
    console.print(_table(results, metric, console), highlight=False)
    console.print()
    for caveat in caveats(results):
        say(f"Note: {caveat.headline}.", "dim")
    # Not wrapped: a path cut in two can be neither clicked nor copied.
    console.print(Text(printable(f"Report: {path}", console)), highlight=False, soft_wrap=True)


def print_certificate(certificate: Certificate, console: Console) -> None:
    """Print the figures of a case that was measured again, to the last digit."""
    for name, value in (
        ({"drop": "drop of the score", "flips": FLIPS.title}[certificate.measure], _digits(certificate.harm)),
        ("the device as it is", _digits(certificate.harm_of_device)),
        ("beyond the device", _digits(certificate.excess)),
        ("score", f"{certificate.score!r} (reference {certificate.score_of_reference!r})"),
        ("loss", repr(certificate.loss)),
        ("samples", f"{certificate.samples}, noise seeds {', '.join(map(str, certificate.seeds))}"),
        ("JPEG", "none" if certificate.jpeg is None else f"quality {certificate.jpeg}"),
    ):
        console.print(Text.assemble((f"{name:<20}", "dim"), value), highlight=False, soft_wrap=True)


def _digits(interval: Interval) -> str:
    return f"{interval.value!r} [{interval.low!r}, {interval.high!r}]"


def _table(results: Mapping[str, Any], metric: Metric, console: Console) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("setting", overflow="fold")
    table.add_column(f"{metric.key}, {'pts' if metric.unit == 'points' else metric.unit} [95%]", justify="right")
    table.add_column(_loss_title(results), justify="right", no_wrap=True)
    first = results["cases"][0]["certificate"]
    table.add_row("the device as it is", _text(first["harm_of_device"], metric), f"{first['loss_of_device']:.4f}")
    for case in results["cases"]:
        certificate = case["certificate"]
        table.add_row(
            Text(printable(case["profile"], console)), _text(certificate["harm"], metric), f"{certificate['loss']:.4f}"
        )
    return table


def _loss_title(results: Mapping[str, Any]) -> str:
    """What was raised, as a column's title."""
    return str(results["loss"]).replace("_", " ") if is_classification(results) else "loss"


def _text(entry: Mapping[str, float], metric: Metric) -> str:
    return f"{metric.text(entry['value'])} [{metric.text(entry['low'])}, {metric.text(entry['high'])}]"
