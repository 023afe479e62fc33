"""x"""
from __future__ import annotations

import numpy as np

from camsim.kernels.counter import words_row
from camsim.kernels.jit import STAMP, entry_point
from camsim.kernels.normal import normal_row
from camsim.kernels.poisson import poisson_row
from camsim.kernels.simd import LANES, at, put

SHOT, READ = 0, 1
"""Which of a pixel's two random words an effect has."""
BLOCK = 256
"""Pixels that go through a step before the next step begins: their rows stay in the first-level cache."""
TILE = 16384
"""Pixels of a tile."""


def _make(stamp: int):
    @entry_point
    def poisson_tiles(first, last, means, counts, pixels, keys):
        """Tiles [first, last) of the samples at these addresses, each of ``pixels`` >= 16 float32."""
        _ = stamp
        rows = np.empty((5, BLOCK), np.float32)
        base=rows.ctypes.data
        a=base; s=base+4*BLOCK; r=base+8*BLOCK; z=base+12*BLOCK
        per_sample = (pixels + TILE - 1) // TILE
        limit = pixels - LANES
        for tile in range(first, last):
            sample = tile // per_sample
            key = keys[sample]
            tstart = tile % per_sample * TILE
            offset = sample * pixels
            end=min(tstart + TILE, pixels)
            for start in range(tstart, end, BLOCK):
                vectors = (min(end-start, BLOCK)+LANES-1)//LANES
                for v in range(vectors): put(a, v*LANES, at(means, offset+min(start+v*LANES,limit)))
                words_row(start,limit,key,vectors,s,r)
                poisson_row(a,s,SHOT,start,limit,key,vectors,z)
                for v in range(vectors): put(counts, offset+min(start+v*LANES,limit), at(a, v*LANES))
    @entry_point
    def normal_tiles(first, last, counts, pixels, keys):
        """Tiles [first, last) of the samples at these addresses, each of ``pixels`` >= 16 float32."""
        _ = stamp
        rows = np.empty((5, BLOCK), np.float32)
        base=rows.ctypes.data
        a=base; s=base+4*BLOCK; r=base+8*BLOCK; z=base+12*BLOCK
        per_sample = (pixels + TILE - 1) // TILE
        limit = pixels - LANES
        for tile in range(first, last):
            sample = tile // per_sample
            key = keys[sample]
            tstart = tile % per_sample * TILE
            offset = sample * pixels
            end=min(tstart + TILE, pixels)
            for start in range(tstart, end, BLOCK):
                vectors = (min(end-start, BLOCK)+LANES-1)//LANES
                words_row(start,limit,key,vectors,s,r)
                normal_row(r,READ,start,limit,key,vectors,a)
                for v in range(vectors): put(counts, offset+min(start+v*LANES,limit), at(a, v*LANES))
    @entry_point
    def both_tiles(first, last, means, counts, pixels, keys):
        """Tiles [first, last) of the samples at these addresses, each of ``pixels`` >= 16 float32."""
        _ = stamp
        rows = np.empty((5, BLOCK), np.float32)
        base=rows.ctypes.data
        a=base; s=base+4*BLOCK; r=base+8*BLOCK; z=base+12*BLOCK
        per_sample = (pixels + TILE - 1) // TILE
        limit = pixels - LANES
        for tile in range(first, last):
            sample = tile // per_sample
            key = keys[sample]
            tstart = tile % per_sample * TILE
            offset = sample * pixels
            end=min(tstart + TILE, pixels)
            for start in range(tstart, end, BLOCK):
                vectors = (min(end-start, BLOCK)+LANES-1)//LANES
                for v in range(vectors): put(a, v*LANES, at(means, offset+min(start+v*LANES,limit)))
                words_row(start,limit,key,vectors,s,r)
                poisson_row(a,s,SHOT,start,limit,key,vectors,z)
                normal_row(r,READ,start,limit,key,vectors,z)
                for v in range(vectors): put(counts, offset+min(start+v*LANES,limit), at(a, v*LANES)+np.float32(2.5)*at(z, v*LANES))

    return poisson_tiles, normal_tiles, both_tiles


poisson_tiles, normal_tiles, both_tiles = _make(STAMP)
