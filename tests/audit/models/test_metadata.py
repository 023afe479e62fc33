"""What files say about themselves: read as bounded text, shown as from the model, and never evaluated."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from audit.decoders.yolov8 import YoloV8
from audit.models import load_model, open_network, understand
from audit.models.metadata import read_metadata
from audit.models.preprocess import ImageInput
from camsim.errors import CamsimError

FREE = ImageInput("image", "float32", "NCHW", 1, 3, None, None)
NAMES = {"names": "{0: 'cat', 1: \"dog's\"}", "stride": "32", "task": "detect", "imgsz": "[64, 96]"}


def stated(given: dict[str, object], wanted: ImageInput = FREE, outputs=None) -> dict[str, object]:
    found = read_metadata(given, wanted, outputs or {})
    assert not found.unread, found.unread
    return {name: getattr(found.declaration, name) for name in found.keys}


def yolo(assemble, props: dict[str, str], rows: int = 6, side: int | str = 64) -> onnx.ModelProto:
    """Constant candidates (1, rows, 84) from an image."""
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Squeeze", ["mean", "last"], ["flat"]),
        helper.make_node("Expand", ["flat", "shape"], ["output0"]),
    ]
    weights = [
        onnx.numpy_helper.from_array(np.array([3], np.int64), "last"),
        onnx.numpy_helper.from_array(np.array([1, rows, 84], np.int64), "shape"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])
    scores = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, rows, 84])
    model = assemble(nodes, [image], [scores], weights)
    onnx.helper.set_model_props(model, props)
    return model


def test_ultralytics() -> None:
    found = stated(NAMES)
    assert found["classes"] == ("cat", "dog's")
    assert found["task"] == "detection"
    assert found["input_size"] == (64, 96)
    assert (found["resize"], found["pad_value"], found["antialias"], found["color"]) == ("pad", 114, False, "RGB")
    fixed = ImageInput("image", "uint8", "NCHW", 1, 3, 32, 32)
    known = stated(NAMES, fixed)
    assert not {"input_size", "scale", "mean", "std"} & set(known), "the graph goes first"
    assert stated({**NAMES, "imgsz": "320"})["input_size"] == (320, 320)
    assert stated({key: NAMES[key] for key in ("names", "stride")})["resize"] == "keep"
    assert stated({**NAMES, "task": "classify"})["resize"] == "crop"
    assert set(stated({**NAMES, "task": "pose"})) == {"classes", "input_size"}
    pose = stated({**NAMES, "task": "pose", "kpt_shape": "[5, 2]"})
    assert (pose["task"], pose["resize"]) == ("poses", "pad")
    assert (pose["decoder"].kind, pose["decoder"].points, pose["decoder"].visibility) == ("yolov8_pose", 5, False)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{0: 'a', 1: 'b'}", ("a", "b")),
        ('{"0": "a", "1": "b"}', ("a", "b")),
        ("['a', \"b\"]", ("a", "b")),
        ("{1: 'b', 0: 'a'}", ("a", "b")),
        (r"['a\'s', 'b\n'.strip()]", None),
        (r"{0: 'it\'s', 1: '\u00e9'}", ("it's", "é")),
        ("{0: 'a', 2: 'b'}", None),
        ("{0: ['a']}", None),
        ("{}", None),
        ("__import__('os').mkdir('/tmp/trapped')", None),
        ("{0: 'a'" * 1000, None),
        ("[" * 100_000 + "]" * 100_000, None),
        ("{0: 'a', 'b'}", None),
    ],
)
def test_names_are_parsed_and_never_evaluated(text: str, names: tuple[str, ...] | None) -> None:
    found = read_metadata({**NAMES, "names": text}, FREE, {})
    if names is not None:
        assert found.declaration.classes == names
    else:
        assert found.declaration.classes is None
        assert any("names" in line for line in found.unread)


def test_too_much_is_not_read() -> None:
    found = read_metadata({**NAMES, "names": "x" * (5 << 20)}, FREE, {})
    assert (found.keys, len(found.unread)) == ((), 1)
    assert read_metadata({str(i): "" for i in range(2000)}, FREE, {}).unread


def test_names_that_no_sidecar_could_hold_are_reported() -> None:
    found = read_metadata({**NAMES, "names": "['same', 'same']"}, FREE, {})
    assert found.keys == ()
    assert "names 1 and 2 are both 'same'" in found.unread[0]


def test_paddle_characters() -> None:
    found = stated({"character": "a\nb\n　\n"}, outputs={"softmax": (None, None, 5)})
    decoder = found["decoder"]
    assert (decoder.kind, decoder.characters, decoder.space) == ("ctc", ("a", "b", "　"), True)  # type: ignore[attr-defined]
    assert found["task"] == "text"
    bare = stated({"character": "a\nb"}, outputs={"softmax": (None, None, 3)})
    assert bare["decoder"].space is False  # type: ignore[attr-defined]


def test_the_onnx_standards_image_keys() -> None:
    given = {"Image.BitmapPixelFormat": "Bgr8", "Image.NominalPixelRange": "Normalized_1_1"}
    assert stated(given) == {"color": "BGR", "scale": 1 / 255, "mean": (0.5,), "std": (0.5,)}
    odd = read_metadata({"Image.NominalPixelRange": "NominalRange_16_235"}, FREE, {})
    assert "'NominalRange_16_235' is not understood" in odd.unread[0]


def test_a_yolo_file_needs_no_declaration(assemble, write) -> None:
    network = open_network(write(yolo(assemble, {**NAMES, "imgsz": "[64, 64]"})))
    found = understand(network)
    assert isinstance(found.decoder, YoloV8)
    assert (found.task, found.source, network.classes) == ("detection", "model", ("cat", "dog's"))
    described = json.loads(json.dumps(network.describe()))
    assert {"classes", "resize", "task"} <= set(described["from_model"])
    assert described["assumed"] == []
    guessed = understand(open_network(write(yolo(assemble, {}))))
    assert (guessed.task, guessed.source) == ("detection", "assumed")


def test_what_is_declared_goes_before_what_the_file_says(assemble, write) -> None:
    path = write(yolo(assemble, {**NAMES, "imgsz": "[64, 64]"}))
    network = open_network(path, overrides={"classes": ["x", "y"], "resize": "stretch", "scale": 1.0})
    assert network.classes == ("x", "y")
    assert network.prepared.resize == "stretch"
    assert network.prepared.antialias, "what belongs to the file's resize goes with it"
    assert (network.prepared.scale, network.prepared.mean) == (1.0, (0.0,))
    assert "resize" not in network.describe()["from_model"]
    assert "mean 0" in network.describe()["assumed"]
    other = understand(open_network(path, overrides={"task": "segmentation"}))
    assert (other.task, other.decoder) == ("segmentation", None)


def test_a_file_whose_words_are_not_understood_is_run_and_says_so(assemble, write) -> None:
    network = open_network(write(yolo(assemble, {**NAMES, "names": "?"})))
    assert network.classes is None
    assert any(line.startswith("not metadata 'names'") for line in network.describe()["assumed"])


def test_class_names_of_a_classifier(write, build, images) -> None:
    proto = build()
    names = "{0: 'a', 1: 'b', 2: 'c', 3: 'd', 4: 'e'}"
    onnx.helper.set_model_props(proto, {"names": names, "task": "classify", "stride": "1"})
    model = load_model(write(proto))
    assert model.classes == tuple("abcde")
    assert (model.prepared.resize, model.prepared.size) == ("crop", (8, 8))
    onnx.helper.set_model_props(proto, {"names": "{0: 'a', 1: 'b'}", "task": "classify", "stride": "1"})
    with pytest.raises(CamsimError, match="has 5 classes, but 'classes' lists 2 names"):
        load_model(write(proto))
