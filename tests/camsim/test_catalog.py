"""Finding profiles by name, family, glob and file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import camsim
from camsim import catalog
from camsim.errors import CamsimError, ProfileError


@pytest.fixture
def lab(tmp_path: Path, profile_text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with one profile of the user's own."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "lab.yaml"
    path.write_text(profile_text)
    return path


@pytest.fixture
def fresh() -> Iterator[None]:
    catalog.shipped.cache_clear()
    yield
    catalog.shipped.cache_clear()


def names(*patterns: str) -> list[str]:
    return [profile.name for profile in camsim.select(patterns)]


def test_all_is_every_shipped_profile_sorted() -> None:
    assert names("all") == sorted(camsim.shipped())
    assert {"reference/srgb", "seed/microscope/bi-s-ga", "seed/drone/me-u-me"} <= set(names("all"))


def test_a_name_is_one_profile() -> None:
    assert names("seed/drone/ma-s-me") == ["seed/drone/ma-s-me"]
    assert camsim.load("seed/drone/ma-s-me").name == "seed/drone/ma-s-me"


@pytest.mark.parametrize("family", ["seed/drone", "seed/drone/"])
def test_a_family_is_all_of_its_variants(family: str) -> None:
    assert len(names(family)) == 13
    assert all(name.startswith("seed/drone/") for name in names(family))
    assert len(names("seed")) == 26


def test_globs() -> None:
    assert names("seed/*/ma-s-me") == ["seed/drone/ma-s-me", "seed/microscope/ma-s-me"]
    assert len(names("seed/drone/b?-[su]-ga")) == 2


def test_patterns_add_up_each_profile_once_in_the_order_given() -> None:
    assert names("seed/microscope/ma-s-me", "reference/srgb", "seed/*/ma-s-me") == [
        "seed/microscope/ma-s-me",
        "reference/srgb",
        "seed/drone/ma-s-me",
    ]
    assert names() == []


def test_files(lab: Path) -> None:
    assert names("lab.yaml", str(lab)) == ["lab/one"]
    assert camsim.load(lab).name == "lab/one"
    lab.rename(lab.with_suffix(".profile"))
    assert names("lab.profile") == ["lab/one"]


def test_a_file_of_variants_is_a_family(lab: Path) -> None:
    lab.write_text(lab.read_text() + "variants:\n  clip:\n    a: {low: 0.0}\n    b: {low: -1.0}\n")
    assert names("lab.yaml") == ["lab/one/a", "lab/one/b"]
    with pytest.raises(CamsimError, match=r"'lab\.yaml' stands for 2 profiles; choose one: lab/one/a, lab/one/b"):
        camsim.load("lab.yaml")


def test_a_shipped_name_goes_before_a_folder_of_that_name(lab: Path) -> None:
    (lab.parent / "seed").mkdir()
    assert len(names("seed")) == 26


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("seed/drone/ma-s-mee", "unknown profile 'seed/drone/ma-s-mee'; did you mean 'seed/drone/ma-s-me'"),
        ("sed/drone", "did you mean 'seed/drone'"),
        ("qqqq", "unknown profile 'qqqq'; `camsim profiles list` shows all"),
        ("", "unknown profile ''"),
        ("seed/*/xx", "no profile matches 'seed/\\*/xx'; `camsim profiles list` shows all"),
        ("missing.yaml", "missing.yaml: cannot be read: No such file or directory"),
        ("x" * 5000, "unknown profile"),
        ("*" * 5000 + "q", "no profile matches"),
    ],
    ids=lambda text: text[:20],
)
def test_what_matches_nothing_is_refused_with_the_nearest(lab: Path, pattern: str, message: str) -> None:
    with pytest.raises(CamsimError, match=message) as error:
        camsim.select(["reference/srgb", pattern])
    assert error.value.exit_code == 2


@pytest.mark.parametrize("name", ["all", "seed", "seed/drone", "*"])
def test_one_profile_is_not_several(name: str) -> None:
    with pytest.raises(CamsimError, match=r"stands for \d+ profiles; choose one: .*, .*, .*, \.\.\."):
        camsim.load(name)


def test_two_profiles_of_one_name_are_refused(lab: Path) -> None:
    other = lab.with_name("other.yaml")
    other.write_text(lab.read_text().replace("read_noise: 3.0", "read_noise: 3.1"))
    with pytest.raises(CamsimError, match="two different profiles are named 'lab/one'; rename one of them"):
        camsim.select(["lab.yaml", "other.yaml"])
    shadow = lab.with_name("shadow.yaml")
    shadow.write_text(lab.read_text().replace("lab/one", "reference/srgb"))
    with pytest.raises(CamsimError, match="two different profiles are named 'reference/srgb'"):
        camsim.select(["all", "shadow.yaml"])


def test_mistakes_in_a_file_name_the_file_as_it_was_given(lab: Path) -> None:
    lab.write_text(lab.read_text().replace("radius: 1.0", "radius: 99"))
    with pytest.raises(ProfileError, match=r"^lab\.yaml:25: isp\[4\].sharpen.radius"):
        camsim.load("lab.yaml")


def test_files_that_are_no_text_are_refused(lab: Path) -> None:
    lab.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError, match=r"lab\.yaml: is not UTF-8 text"):
        camsim.load("lab.yaml")
    lab.write_bytes(b"#" * (catalog.MAX_BYTES + 1))
    with pytest.raises(CamsimError, match="is larger than 2000000 bytes; not a profile"):
        camsim.load("lab.yaml")
    lab.unlink()
    lab.mkdir()
    with pytest.raises(CamsimError, match=r"lab\.yaml: cannot be read: Is a directory"):
        camsim.load("lab.yaml")


def test_what_is_saved_is_loaded_again(lab: Path) -> None:
    profile = camsim.load("seed/drone/ma-u-me")
    camsim.save(profile, "saved.yaml")
    assert camsim.load("saved.yaml") == profile
    turned = profile.with_knobs({"isp.sharpen.amount": 2.0}, name="lab/turned")
    camsim.save(turned, Path("saved.yaml"))
    assert camsim.load("saved.yaml") == turned


def test_the_kind_is_the_first_part_of_the_name() -> None:
    assert {catalog.kind(profile) for profile in camsim.select(["seed", "reference"])} == {"seed", "reference"}


@pytest.mark.parametrize("place", ["camsim/profiles", "profiles"], ids=["in a wheel", "in a checkout"])
def test_the_shipped_folder(
    tmp_path: Path, profile_text: str, place: str, monkeypatch: pytest.MonkeyPatch, fresh: None
) -> None:
    (tmp_path / "camsim").mkdir()
    folder = tmp_path / place / "lab"
    folder.mkdir(parents=True)
    (folder / "one.yaml").write_text(profile_text)
    monkeypatch.setattr(catalog, "__file__", str(tmp_path / "camsim" / "catalog.py"))
    assert catalog.profiles_folder() == tmp_path / place
    assert list(camsim.shipped()) == ["lab/one"]
    shutil.rmtree(tmp_path / place)
    with pytest.raises(CamsimError, match="the shipped profiles are missing"):
        catalog.profiles_folder()
