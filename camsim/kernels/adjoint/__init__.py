"""Adjoint row functions: gradients flow from the rows of an image back to the mosaic and to the numbers of operations.

A chain treats the mirror image of its borders as if it were there. Backwards the same holds, if the gradient that
comes in is mirrored with its edge pixels doubled, and whatever is summed or handed out counts edge pixels half
(derived in docs/performance.md). Sums go to eight float64 for each number, ``sums``, in the order of the coefficients;
``weights`` is a row that is 1 inside the tile, 1/2 at the edges of the image and 0 in the halo, ``share`` the same
for the row itself.
"""
