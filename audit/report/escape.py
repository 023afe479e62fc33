"""Strings from a model, a dataset or a profile are hostile: what each place that shows them needs beforehand."""

from __future__ import annotations

import html


def visible(text: str) -> str:
    """Spell out what does not print (terminal escapes, bidirectional overrides, lone surrogates) as ``\\x1b``."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut in the middle: both ends of a profile's name tell it apart."""
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return text[:head] + "…" + text[len(text) - (limit - 1 - head) :]


def plotly_text(text: str) -> str:
    """Text for a plotly label or hover, which reads ``<b>``, ``<a href>``, ``<br>`` and entities as markup."""
    return html.escape(visible(text), quote=False)
