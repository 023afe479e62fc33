"""Models of other people, run as they are: through `audit.run`, and beside their makers' own code.

``python -m benchmarks.thirdparty`` downloads them into ``build/thirdparty``, puts the sidecars of ``examples/sidecars``
beside them and prints the table of docs/third-party-models.md, which ``--write-docs`` writes anew.
"""
