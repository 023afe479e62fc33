"""The report of an audit: one HTML file for people, a summary for the terminal."""

from __future__ import annotations

from audit.report.html import render_html
from audit.report.terminal import print_summary
from audit.report.thumbnail import data_uri, thumbnail

__all__ = ["data_uri", "print_summary", "render_html", "thumbnail"]
