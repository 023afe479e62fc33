"""Where a chain is cut, so that as much of it as possible is fused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from camsim.errors import CamsimError
from camsim.kernels.adjoint.program import adjoint
from camsim.lowering.chain import Chain
from camsim.lowering.lowering import Lowering, LoweringError
from camsim.spec import Stage


def split(
    stages: Sequence[Stage], cfas: Sequence[str | None], *, backwards: bool = False
) -> Iterator[tuple[range, bool]]:
    """Cut a chain into runs of stages that can be one program each, as long as possible, and what lies in between.

    Args:
        stages: in order.
        cfas: of the mosaic that each of them reads; None: it reads an image of three planes.
        backwards: whether each program has to have an adjoint.

    Yields:
        The indices of neighbouring stages, and whether they are to be a program.
    """
    plain = start = 0
    while start < len(stages):
        count = _longest(stages[start:], cfas[start], backwards)
        if count > 0:
            if plain < start:
                yield range(plain, start), False
            yield range(start, start + count), True
            plain = start + count
        start += max(count, 1)
    if plain < len(stages):
        yield range(plain, len(stages)), False


def _longest(stages: Sequence[Stage], cfa: str | None, backwards: bool) -> int:
    """How many of them one program can do."""
    chain, known = Chain(Lowering(), cfa), 0
    for stage in stages:
        try:
            chain.add(stage)
        except (NotImplementedError, LoweringError):
            break
        known += 1
    return next((count for count in range(known, 0, -1) if _is_program(stages[:count], cfa, backwards)), 0)


def _is_program(stages: Sequence[Stage], cfa: str | None, backwards: bool) -> bool:
    """Whether it reaches no further than a program may, and has an adjoint where that is asked for."""
    lowering = Lowering()
    chain = Chain(lowering, cfa)
    for stage in stages:
        chain.add(stage)
    chain.store()
    try:
        lowering.program()
        if backwards:
            adjoint(lowering.graph).program()
    except CamsimError:
        return False
    return True
