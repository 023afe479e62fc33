from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.data import Dataset, open_dataset
from audit.data.truth import Boxes, Labels
from camsim.errors import CamsimError, NoDataError, UnsafeError

from .making import picture, voc, voc_object


def boxes(data: Dataset, name: str) -> Boxes:
    truth = next(sample for sample in data.samples if sample.id == name).load_truth((16, 24))
    assert isinstance(truth, Boxes)
    return truth


def test_pixels_counted_from_one_become_edges(tmp_path: Path) -> None:
    """The whole picture is 1, 1, W, H in VOC's own counting."""
    picture(tmp_path / "a.png")
    voc(tmp_path / "a.xml", voc_object("cat", (1, 1, 24, 16)) + voc_object("dog", (3, 4, 5, 6), 1))
    data = open_dataset(tmp_path)
    found = boxes(data, "a.png")
    np.testing.assert_array_equal(found.corners, [[0, 0, 24, 16], [2, 3, 5, 6]])
    assert found.names == ("cat", "dog")
    assert found.crowd.tolist() == [False, True]
    assert data.class_names == ("cat", "dog")
    assert "counted from 1" in data.description


def test_a_zero_says_that_edges_are_counted_from_zero(tmp_path: Path) -> None:
    for name, box in {"a": (0, 0, 24, 16), "b": (3, 4, 5, 6)}.items():
        picture(tmp_path / f"{name}.png")
        voc(tmp_path / f"{name}.xml", voc_object("cat", box))
    data = open_dataset(tmp_path)
    np.testing.assert_array_equal(boxes(data, "b.png").corners, [[3, 4, 5, 6]])
    assert "counted from 0" in data.description


def test_the_folders_of_the_challenge(tmp_path: Path) -> None:
    picture(tmp_path / "JPEGImages" / "a.jpg")
    voc(tmp_path / "Annotations" / "a.xml", voc_object("cat", (1, 1, 5, 5)))
    data = open_dataset(tmp_path)
    assert [sample.id for sample in data.samples] == ["JPEGImages/a.jpg"]
    assert boxes(data, "JPEGImages/a.jpg").names == ("cat",)
    assert open_dataset(tmp_path, truth="labels").samples[0].load_truth((16, 24)) == Labels(frozenset({"cat"}))


def test_what_is_missing_or_bad_is_counted(tmp_path: Path) -> None:
    for name in ("a", "b", "alone"):
        picture(tmp_path / f"{name}.png")
    voc(tmp_path / "a.xml", voc_object("cat", (20, 2, 40, 8)) + voc_object("cat", ("nan", 1, 2, 2)))
    voc(tmp_path / "b.xml", voc_object("cat", ("many", 1, 2, 2)))
    voc(tmp_path / "gone.xml", voc_object("cat", (1, 1, 2, 2)))
    data = open_dataset(tmp_path)
    assert [sample.id for sample in data.samples] == ["a.png", "b.png", "gone.png"]
    np.testing.assert_array_equal(boxes(data, "a.png").corners, [[19, 1, 24, 8]])
    with pytest.raises(CamsimError, match=r"^b\.png: b\.xml: object 1: <xmin> must be a number, got 'many'"):
        boxes(data, "b.png")
    with pytest.raises(CamsimError, match=r"^gone\.png: .*does not exist"):
        data.samples[2].load()
    notes = "\n".join(data.notes)
    assert "1 pictures have no XML file and were left out (first: alone.png)" in notes
    assert "1 pictures of XML files are not there and count as unreadable (first: gone.png)" in notes
    assert "1 pictures have an XML file that cannot be read and count as unreadable (first: b.xml: object 1" in notes
    assert "1 boxes that reach over the border of their picture were cut there" in notes
    assert "1 boxes with a coordinate that is no finite number were left out" in notes


def test_hostile_xml_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    for head in ('<!DOCTYPE a [<!ENTITY x "x">]>', '<!DOCTYPE a SYSTEM "file:///etc/passwd">'):
        (tmp_path / "a.xml").write_text(f"{head}<annotation/>")
        with pytest.raises(UnsafeError, match=r"a\.xml: declares a document type or entities"):
            open_dataset(tmp_path)
    for text, why in (("<annotation>", r"a\.xml:1: is no XML"), ("<a>" * 100 + "</a>" * 100, "nested deeper than 30")):
        (tmp_path / "a.xml").write_text(text)
        assert [note for note in open_dataset(tmp_path).notes if "cannot be read" in note]
        with pytest.raises(CamsimError, match=why):
            open_dataset(tmp_path).samples[0].load_truth((16, 24))


def test_one_sheet_for_two_pictures_and_none_at_all(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "a.jpg")
    with pytest.raises(NoDataError, match="no picture has an XML file"):
        open_dataset(tmp_path, data_format="voc")
    voc(tmp_path / "a.xml", "")
    with pytest.raises(CamsimError, match=r"a\.xml: is beside two pictures of its name"):
        open_dataset(tmp_path)


@pytest.mark.shared
def test_aerial_trees(shared: Path) -> None:
    data = open_dataset(shared / "data" / "aerial_trees", max_side=2048)
    counts = {}
    for sample in data.samples:
        truth = sample.load_truth(tuple(sample.load().shape[1:]))  # type: ignore[arg-type]
        assert isinstance(truth, Boxes)
        counts[sample.id] = len(truth.corners)
    assert len(counts) == 4
    assert sum(counts.values()) == 951
