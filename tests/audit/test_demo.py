"""The demonstration's model is the real one."""

from __future__ import annotations

from pathlib import Path

import pytest
import skimage.data

from audit.demo import CLASSES, export_efficientnet
from audit.models import load_model

CAT, ESPRESSO = {281, 282, 285}, {504, 967, 968}


@pytest.mark.filterwarnings("ignore")  # of the exporter
def test_the_exported_model_knows_a_cat_and_a_coffee(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite_pytorch", reason="needs the extra 'demo'")
    model = load_model(export_efficientnet(tmp_path / "demo"))
    pictures = [skimage.data.chelsea(), skimage.data.coffee()]
    cat, coffee = model.log_probabilities(pictures).argmax(axis=1)
    assert cat in CAT
    assert coffee in ESPRESSO
    assert model.describe()["assumed"] == []


def test_the_names_of_the_classes_are_those_of_the_examples() -> None:
    examples = Path(__file__).parents[2] / "examples" / "sidecars" / CLASSES.name
    names = CLASSES.read_text().splitlines()
    assert names == examples.read_text().splitlines()
    assert len(set(names)) == 1000
