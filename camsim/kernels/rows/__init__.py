"""Row functions: each makes one row of an image from rows that are already there, sixteen pixels at a time.

Rows are addresses of column 0 of a tile; columns run from ``first`` to ``last`` (exclusive) in steps of sixteen, also
below 0, where the halo lies. ``coefficients`` is the address of this operation's numbers.
"""
