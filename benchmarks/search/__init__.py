"""How good the search for the worst camera is: strategies side by side, against dense grids, and the seed's ladder.

``python -m benchmarks.search`` trains the models it needs (and keeps them outside the checkout), runs what is not yet
in results.json, and with ``--write-docs`` writes the figures of docs/search-strategies.md.
"""
