"""A worst case measured again, from nothing but its profile."""

from __future__ import annotations

from pathlib import Path

from audit.given import Given, Subject, check_given, one_profile
from audit.progress import Progress, Silent
from audit.search.certificate import Certificate
from audit.searching.aims import LossName
from audit.searching.ground import prepare
from audit.threads import one_torch_thread
from camsim import Profile


def replay(
    model: Subject,
    data: Given = None,
    *,
    case: str | Path | Profile,
    device: str | Path | Profile,
    reference: str | Path | Profile = "reference/srgb",
    loss: LossName = "soft_error",
    jpeg: int | None = None,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Certificate:
    """The certificate of a case, to the last digit what `search_cameras` reported with the same arguments.

    Args:
        model, data, reference, loss, jpeg, seed, limit: as for `search_cameras`.
        case: the profile that a search found, or its YAML file.
        device: what it was searched around.
        progress: told how far it has come.

    Raises:
        CamsimError: anything about what was given; NoDataError when there is nothing to measure.
    """
    check_given(data, limit)
    show = progress or Silent()
    with one_torch_thread():
        found, before = one_profile(case), one_profile(device)
        ground = prepare(model, data, reference, loss, limit=limit, seed=seed, show=show)
        bench = ground.bench(jpeg, None, show)
        show.start(f"Certificate of {found.name}", 3 * bench.cells)
        return bench.certify(found, before)
