"""``module:function``: code of the user's own that makes a network; found without running it, run if it is trusted."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from audit.models.session import first_line
from audit.models.sidecar import PLACE
from audit.models.trust import Trust
from camsim.errors import CamsimError, did_you_mean


def is_place(text: str) -> bool:
    """Whether this is ``module:function``."""
    return PLACE.fullmatch(text) is not None


@dataclass(frozen=True)
class Made:
    """What a function gave."""

    value: object
    file: Path
    """Of the module that it lies in."""
    sha256: str
    """Of that file."""


def make(place: str, trust: Trust, *given: object) -> Made:
    """Import a module and call its function, or take what lies there if it is no function.

    Args:
        place: ``module:function``; modules are looked for in the working folder first.
        trust: whether the module may be run.
        given: what the function is called with.

    Raises:
        UnsafeError: the code is not trusted, or is another file than the one that is.
        CamsimError: there is no such module or function, or it fails.
    """
    module_name, _, name = place.partition(":")
    with _working_folder():
        file = _file_of(module_name)
        digest = trust.check(f"{place} is code", file)
        try:
            module = importlib.import_module(module_name)
        except (Exception, SystemExit) as error:  # importing runs code, which may raise anything
            raise CamsimError(
                f"{place}: importing {module_name} fails: {type(error).__name__}: {_line(error)}"
            ) from None
        if not hasattr(module, name):
            known = [known for known in vars(module) if not known.startswith("_")]
            raise CamsimError(f"{place}: {file} has no {name!r}{did_you_mean(name, known)}")
        found = getattr(module, name)
        try:
            # A module that is there already is one: calling it would run it on nothing.
            made = found(*given) if isinstance(found, type) or not _is_network(found) else found
        except (Exception, SystemExit) as error:
            raise CamsimError(
                f"{place}: called {_with(given)}, it fails: {type(error).__name__}: {_line(error)}"
            ) from None
    return Made(made, file, digest)


def _with(given: tuple[object, ...]) -> str:
    return f"with {', '.join(type(one).__name__ for one in given)}" if given else "without arguments"


def _is_network(found: object) -> bool:
    from torch import nn

    return isinstance(found, nn.Module) or not callable(found)


def _line(error: BaseException) -> str:
    return first_line(error) if isinstance(error, Exception) else str(error)[:400]


def _file_of(module: str) -> Path:
    """The file of a module, without importing it or the packages that it lies in."""
    places: list[str] | None = None
    spec: ModuleSpec | None = None
    for end in range(len(parts := module.split("."))):
        full = ".".join(parts[: end + 1])
        spec = PathFinder.find_spec(full, places)
        if spec is None:
            where = f"in {places[0]}" if places else f"in {Path.cwd()} or among the installed packages"
            raise CamsimError(f"{module}: there is no module {full!r} {where}")
        places = list(spec.submodule_search_locations or [])
    file = Path(spec.origin) if spec is not None and spec.origin is not None else None
    if file is None or not file.is_file():
        raise CamsimError(f"{module}: is no module with a file of its own; camsim takes functions from files alone")
    loaded = getattr(sys.modules.get(module), "__file__", str(file))
    if loaded is None or Path(loaded).resolve() != file.resolve():
        raise CamsimError(f"{module}: another module of this name is loaded already, from {loaded}; rename {file}")
    return file


@contextmanager
def _working_folder() -> Iterator[None]:
    """Modules beside the user are found, as they are for ``python script.py``."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)
