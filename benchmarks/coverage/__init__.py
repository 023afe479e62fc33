"""Whether the statistics of an audit keep what they promise: how often intervals hold the truth, and verdicts err.

``python -m benchmarks.coverage`` computes rates exactly and simulates the rest, goes on where it was stopped, and with
``--write-docs`` writes the figures of docs/statistics.md. A quarter of an hour on one core; ``--quick`` a few minutes.
"""
