"""Where profiles are found: those that ship with camsim by name, others by file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from camsim.atomic import write_text
from camsim.errors import CamsimError, Problem, ProfileError, did_you_mean
from camsim.profile import Profile
from camsim.profile_file import read_profiles, to_yaml
from camsim.yamlio import MAX_BYTES


def profiles_folder() -> Path:
    """The folder of shipped YAML: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "profiles", package.parent / "profiles"):
        if folder.is_dir():
            return folder
    raise CamsimError(f"the shipped profiles are missing: looked in {package / 'profiles'} and beside {package}")


@cache
def shipped() -> dict[str, Profile]:
    """Every shipped profile by name, sorted; a family's variants are profiles, the family itself is not."""
    folder = profiles_folder()
    found: dict[str, Profile] = {}
    for path in sorted(folder.rglob("*.yaml")):
        for profile in read_file(path):
            found[profile.name] = profile
    return dict(sorted(found.items()))


def kind(profile: Profile) -> str:
    """The first part of a profile's name: ``phone``, ``drone``, ``seed`` ..."""
    return profile.name.split("/")[0]


def read_file(path: Path) -> list[Profile]:
    """The profiles of a YAML file.

    Raises:
        CamsimError: it cannot be read.
        ProfileError: it is not a valid profile.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CamsimError(f"{path}: is larger than {MAX_BYTES} bytes; not a profile")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ProfileError([Problem(str(path), "", "is not UTF-8 text")]) from None
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror}") from None
    return read_profiles(text, _shown(path), path.parent)


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def select(patterns: str | Sequence[str | Profile]) -> list[Profile]:
    """What ``all``, names, families, globs and YAML files stand for, and profiles themselves; each once, in order.

    Raises:
        CamsimError: a pattern that matches nothing (with the nearest names), or two different profiles of one name.
    """
    chosen: dict[str, Profile] = {}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        for profile in [pattern] if isinstance(pattern, Profile) else _matches(pattern):
            other = chosen.setdefault(profile.name, profile)
            if other != profile:
                raise CamsimError(f"two different profiles are named {profile.name!r}; rename one of them")
    return list(chosen.values())


def _matches(pattern: str) -> Iterable[Profile]:
    names = shipped()
    if pattern == "all":
        return names.values()
    if pattern in names:
        return [names[pattern]]
    family = [profile for name, profile in names.items() if name.startswith(pattern.rstrip("/") + "/")]
    if family:
        return family
    if any(sign in pattern for sign in "*?[") and not _is_file(pattern):
        found = [profile for name, profile in names.items() if fnmatchcase(name, pattern)]
        if not found:
            raise CamsimError(f"no profile matches {pattern!r}; `camsim profiles list` shows all {len(names)}")
        return found
    if pattern.endswith((".yaml", ".yml")) or _is_file(pattern):
        return read_file(Path(pattern))
    folders = {name.rpartition("/")[0] for name in names}
    hint = did_you_mean(pattern, [*names, *folders])
    raise CamsimError(
        f"unknown profile {pattern!r}{hint}"
        + ("" if hint else f"; `camsim profiles list` shows all {len(names)}, or give a .yaml file")
    )


def _is_file(pattern: str) -> bool:
    try:
        return Path(pattern).is_file()
    except OSError:  # too long for a file name
        return False


def load(name: str | Path) -> Profile:
    """One profile, by shipped name or YAML file.

    Raises:
        CamsimError: unknown, or a family of several (named in the message).
        ProfileError: the file is not a valid profile.
    """
    found = select([str(name)])
    if str(name) == "all" or len(found) != 1:
        names = ", ".join(profile.name for profile in found[:3])
        raise CamsimError(f"{str(name)!r} stands for {len(found)} profiles; choose one: {names}, ...")
    return found[0]


def save(profile: Profile, path: str | Path) -> None:
    """Write a profile as YAML, atomically; `load` gives the same profile back."""
    write_text(Path(path), to_yaml(profile))
