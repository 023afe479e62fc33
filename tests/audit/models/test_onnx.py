"""ONNX classifiers against the same network written in numpy, in every form of input that is taken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from scipy.special import log_softmax

from audit.models import Model, load_model
from audit.models.graph import ClassOutput
from audit.models.output import SMALLEST, ClassScores
from camsim.errors import CamsimError

FLOAT = TensorProto.FLOAT
W = np.random.default_rng(7).normal(0, 4, (5, 3)).astype(np.float32)
"""The weights of the fixture's linear model."""


def info(name: str, shape: list[int | str] | None, dtype: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def expected(images: list[NDArray[np.uint8]], size: tuple[int, int] | None = (8, 8)) -> NDArray[np.float64]:
    """Log-softmax of W @ (mean of each channel of the resized image / 255)."""
    rows = []
    for image in images:
        picture = Image.fromarray(image)
        if size is not None:
            picture = picture.resize(size[::-1], Image.Resampling.BILINEAR)
        scores = W.astype(np.float64) @ (np.asarray(picture).reshape(-1, 3).mean(axis=0) / 255)
        rows.append(scores - np.log(np.exp(scores).sum()))
    return np.array(rows)


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("NCHW", (1, 3, 8, 8)),
        ("NHWC", (1, 8, 8, 3)),
        ("NCHW", ("n", 3, 8, 8)),
        ("NHWC", ("n", 8, 8, 3)),
        ("NCHW", (4, 3, 8, 8)),
        ("NHWC", (4, 8, 8, 3)),
    ],
)
def test_against_numpy(write, images, dtype: str, layout: str, shape: tuple[int | str, ...]) -> None:
    model: Model = load_model(write(shape=shape, dtype=dtype, layout=layout))
    got = model.log_probabilities(images)
    tolerance = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-6}[dtype]
    np.testing.assert_allclose(got, expected(images), atol=tolerance)
    np.testing.assert_allclose(np.exp(got).sum(axis=1), 1, atol=1e-12)
    described = json.loads(json.dumps(model.describe()))
    assert described["input"]["layout"] == layout
    assert described["input"]["dtype"] == dtype
    assert described["input"]["batch"] == (None if shape[0] == "n" else shape[0])
    assert described["class_count"] == 5
    assert described["output"]["kind"] == "logits"
    assert described["assumed"] == [
        "resize stretch",
        "filter bilinear",
        "color RGB",
        "scale 1/255",
        "mean 0",
        "std 1",
        "output_kind logits",
    ]


@pytest.mark.parametrize(("layout", "shape"), [("NCHW", (1, 3, 8, 8)), ("NHWC", (1, 8, 8, 3))])
def test_uint8_input_takes_pixels(write, images, layout: str, shape: tuple[int, ...]) -> None:
    model = load_model(write(shape=shape, dtype="uint8", layout=layout))
    dark = [(image // 200).astype(np.uint8) for image in images]  # scores are 255 times larger: keep them small
    rows = []
    for image in dark:
        resized = np.asarray(Image.fromarray(image).resize((8, 8), Image.Resampling.BILINEAR))
        scores = W.astype(np.float64) @ resized.reshape(-1, 3).mean(axis=0)
        rows.append(scores - np.log(np.exp(scores).sum()))
    np.testing.assert_allclose(model.log_probabilities(dark), rows, atol=1e-5)
    assert not [part for part in model.describe()["assumed"] if part.startswith(("scale", "mean", "std"))]


def test_free_size_takes_images_at_their_own(write, images) -> None:
    path = write(shape=("n", 3, "h", "w"))
    mixed = [*images, images[0][:5, :7], images[1][:2]]
    np.testing.assert_allclose(load_model(path).log_probabilities(mixed), expected(mixed, None), atol=1e-5)
    sized = load_model(path, overrides={"input_size": [6, 4]})
    np.testing.assert_allclose(sized.log_probabilities(mixed), expected(mixed, (6, 4)), atol=1e-5)


def test_free_size_with_a_fixed_batch(write, images) -> None:
    model = load_model(write(shape=(4, 3, "h", "w")))
    mixed = [images[0], images[1][:5], *images]
    np.testing.assert_allclose(model.log_probabilities(mixed), expected(mixed, None), atol=1e-5)


def deep_model(assemble, batch: int | str) -> onnx.ModelProto:
    """Convolutions and a large matrix product, whose rounding could depend on the batch."""
    rng = np.random.default_rng(5)
    parts = {"k1": (16, 3, 3, 3), "k2": (33, 16, 3, 3), "w": (33 * 16, 101)}
    weights = [numpy_helper.from_array(rng.normal(0, 0.2, s).astype(np.float32), n) for n, s in parts.items()]
    nodes = [
        helper.make_node("Conv", ["image", "k1"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "k2"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("MatMul", ["d", "w"], ["scores"]),
    ]
    return assemble(nodes, [info("image", [batch, 3, 16, 16])], [info("scores", [batch, 101])], weights)


@pytest.mark.parametrize("batch", [1, 4, "n"])
def test_grouping_does_not_change_a_bit(assemble, write, images, batch: int | str) -> None:
    model = load_model(write(deep_model(assemble, batch)))
    together = model.log_probabilities(images)
    alone = np.concatenate([model.log_probabilities([image]) for image in images])
    backwards = model.log_probabilities(images[::-1])[::-1]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(together, backwards)
    assert len(np.unique(together[:, 0])) == len(images)


def test_a_fixed_batch_is_filled_up(assemble, write, images) -> None:
    one = load_model(write(deep_model(assemble, 1), "one.onnx"))
    four = load_model(write(deep_model(assemble, 4), "four.onnx"))
    for count in (1, 3, 4, 5, 11):
        got = four.log_probabilities(images[:count])
        assert got.shape == (count, 101)
        np.testing.assert_allclose(got, one.log_probabilities(images[:count]), atol=1e-4)


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("", "logits"),
        ("Relu", "logits"),
        ("Softmax", "probabilities"),
        ("Softmax Identity Flatten", "probabilities"),
        ("LogSoftmax", "log_probabilities"),
        ("Softmax Log", "log_probabilities"),
    ],
)
def test_kind_of_output_is_read_from_the_graph(write, images, end: str, kind: str) -> None:
    model = load_model(write(end=end))
    assert model.describe()["output"]["kind"] == kind
    assert ("output_kind logits" in model.describe()["assumed"]) == (kind == "logits")
    if end != "Relu":
        np.testing.assert_allclose(model.log_probabilities(images), expected(images), atol=1e-4)


def quantised_softmax(assemble, step: float, classes: int = 200) -> onnx.ModelProto:
    constants = {"w": np.random.default_rng(0).normal(0, 3, (3, classes)).astype(np.float32)}
    constants |= {"step": np.float32(step), "zero": np.uint8(0)}
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["a"]),
        helper.make_node("Flatten", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w"], ["c"]),
        helper.make_node("Softmax", ["c"], ["d"]),
        helper.make_node("QuantizeLinear", ["d", "step", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "step", "zero"], ["scores"]),
    ]
    weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    return assemble(nodes, [info("image", [1, 3, 8, 8])], [info("scores", [1, classes])], weights)


def test_quantised_probabilities_need_not_sum_to_one_exactly(assemble, write, images) -> None:
    model = load_model(write(quantised_softmax(assemble, 1 / 256)))
    assert model.describe()["output"]["kind"] == "probabilities"
    got = model.log_probabilities(images)
    assert np.isfinite(got).all()
    np.testing.assert_allclose(np.exp(got).sum(axis=1), 1, atol=1e-9)


def test_probabilities_that_do_not_sum_to_one(write, images) -> None:
    with pytest.raises(CamsimError, match=r"read as probabilities, but for 11 of 11 .*'output_kind: logits'"):
        load_model(write(), overrides={"output_kind": "probabilities"}).log_probabilities(images)
    with pytest.raises(CamsimError, match="read as log_probabilities, but"):
        load_model(write(), overrides={"output_kind": "log_probabilities"}).log_probabilities(images)
    with pytest.raises(CamsimError, match="read as log_probabilities, but"):
        load_model(write(end="Softmax"), overrides={"output_kind": "log_probabilities"}).log_probabilities(images)


def hidden_softmax(assemble) -> onnx.ModelProto:
    """Softmax written out: exp(x) / sum(exp(x))."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["a"]),
        helper.make_node("Flatten", ["a"], ["b"]),
        helper.make_node("Exp", ["b"], ["e"]),
        helper.make_node("ReduceSum", ["e"], ["s"], keepdims=1),
        helper.make_node("Div", ["e", "s"], ["scores"]),
    ]
    return assemble(nodes, [info("image", [1, 3, 8, 8])], [info("scores", [1, 3])])


def test_probabilities_taken_for_logits_are_noticed(assemble, write, images) -> None:
    path = write(hidden_softmax(assemble))
    message = r"taken for logits, .* all of 8 images .* sum to 1; declare"
    with pytest.raises(CamsimError, match=message):
        load_model(path).log_probabilities(images[:8])
    model = load_model(path)
    for image in images[:7]:
        model.log_probabilities([image])
    with pytest.raises(CamsimError, match=message):
        model.log_probabilities(images[7:8])
    assert load_model(path, overrides={"output_kind": "logits"}).log_probabilities(images).shape == (11, 3)
    declared = load_model(path, overrides={"output_kind": "probabilities"})
    means = np.array([np.asarray(Image.fromarray(i).resize((8, 8), 2)).reshape(-1, 3).mean(0) / 255 for i in images])
    np.testing.assert_allclose(
        np.exp(declared.log_probabilities(images)), np.exp(means) / np.exp(means).sum(1, keepdims=True), atol=1e-6
    )


def test_independent_scores_are_asked_about(write, images) -> None:
    with pytest.raises(CamsimError, match="ends in a sigmoid"):
        load_model(write(end="Sigmoid"))
    declared = load_model(write(end="Sigmoid"), overrides={"output_kind": "logits"})
    assert declared.log_probabilities(images).argmax(1).tolist() == expected(images).argmax(1).tolist()


def test_nan_is_never_a_result(assemble, write, images) -> None:
    """log(mean - 0.3): NaN for dark images only."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["a"]),
        helper.make_node("Flatten", ["a"], ["b"]),
        helper.make_node("Sub", ["b", "c"], ["d"]),
        helper.make_node("Sqrt", ["d"], ["scores"]),
    ]
    third = numpy_helper.from_array(np.float32(0.3), "c")
    proto = assemble(nodes, [info("image", [1, 3, 8, 8])], [info("scores", [1, 3])], [third])
    model = load_model(write(proto))
    dark = np.zeros_like(images[0])
    assert np.isfinite(model.log_probabilities(images[:3])).all()
    with pytest.raises(CamsimError, match=r"NaN or infinity for 2 of 5 images \(first: number 2 "):
        model.log_probabilities([images[0], dark, images[1], dark, images[2]])


def test_infinite_logits_are_no_result(write, images) -> None:
    with pytest.raises(CamsimError, match="NaN or infinity for 11 of 11"):
        load_model(write(end="Relu Log")).log_probabilities(images)


@pytest.mark.parametrize("classes", [2, 7, 101, 1000, 21841])
@pytest.mark.parametrize("spread", [0.1, 10.0, 1e5])
def test_logits_go_through_scipys_log_softmax_to_the_bit(classes: int, spread: float) -> None:
    scores = ClassScores(ClassOutput("scores", "float32", (1, classes), None, False, 0.0), "logits", None, "model")
    rows = np.random.default_rng(6).normal(0, spread, (20, classes))
    expected = np.stack([log_softmax(row) for row in rows])
    np.testing.assert_array_equal(scores.log_probabilities(rows), np.maximum(expected, np.log(SMALLEST)))


def test_underflow_of_a_softmax_stays_finite(write, images) -> None:
    """Pixels 0..255 as they are make scores so large that float32 probabilities are exactly 0."""
    got = load_model(write(end="Softmax"), overrides={"scale": 10.0}).log_probabilities(images)
    assert np.isfinite(got).all()
    assert got.min() < -60


def test_one_output_of_several(assemble, write, images) -> None:
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["a"]),
        helper.make_node("Flatten", ["a"], ["first"]),
        helper.make_node("LogSoftmax", ["first"], ["second"]),
    ]
    outputs = [info("first", [1, 3]), info("second", [1, 3])]
    path = write(assemble(nodes, [info("image", [1, 3, 8, 8])], outputs))
    with pytest.raises(CamsimError, match=r"has 2 outputs: 'first' \(1, 3\), 'second' \(1, 3\); name the one"):
        load_model(path)
    with pytest.raises(CamsimError, match="no output 'secnd'; did you mean 'second'"):
        load_model(path, overrides={"output": "secnd"})
    kinds = [load_model(path, overrides={"output": name}).describe()["output"]["kind"] for name in ("first", "second")]
    assert kinds == ["logits", "log_probabilities"]


def test_scores_with_two_axes_of_one(assemble, write, images) -> None:
    node = helper.make_node("GlobalAveragePool", ["image"], ["scores"])
    model = load_model(write(assemble([node], [info("image", [1, 3, 8, 8])], [info("scores", [1, 3, 1, 1])])))
    assert model.log_probabilities(images).shape == (11, 3)


RELU = [helper.make_node("GlobalAveragePool", ["image"], ["a"]), helper.make_node("Flatten", ["a"], ["scores"])]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([info("a", [1, 3, 224, 224]), info("b", [1, "k"])], r"has 2 inputs: 'a' \(1, 3, 224, 224\), 'b' \(1, \?\); "),
        ([], "has no input; camsim audits models with one"),
        ([info("image", [1, 3, 8, 8], TensorProto.INT32)], "takes int32; camsim feeds images as float32, float16"),
        ([info("image", [1, 3, 8])], "must have 4 axes"),
        ([info("image", None)], "must have 4 axes"),
        ([info("image", [1, 4, 8, 8])], "has no axis of 3 or 1 channels"),
        ([info("image", [1, 3, 8, 3])], "declare 'layout: NCHW' or 'layout: NHWC'"),
        ([info("image", ["n", "c", "h", "w"])], "declare 'layout: NCHW' or 'layout: NHWC'"),
        ([info("image", [1, 3, 8, "w"])], "input_size: must be given"),
        ([info("image", [1, 3, 1 << 20, 1 << 20])], "one batch would take"),
    ],
)
def test_other_inputs_are_refused(assemble, write, inputs: list[onnx.ValueInfoProto], message: str) -> None:
    with pytest.raises(CamsimError, match=message) as error:
        load_model(write(assemble(RELU, inputs, [info("scores", [1, 3])])))
    assert "model.onnx: " in str(error.value)


def test_a_declared_layout_decides(assemble, write, images) -> None:
    path = write(assemble(RELU, [info("image", ["n", "c", "h", "w"])], [info("scores", ["n", "k"])]))
    model = load_model(path, overrides={"layout": "NCHW"})
    assert model.describe()["class_count"] is None, "not stated, and no size to try"
    assert model.log_probabilities(images).shape == (11, 3)
    assert model.describe()["class_count"] == 3
    with pytest.raises(CamsimError, match="has 8 channels"):
        load_model(write(), overrides={"layout": "NHWC"})


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (info("scores", [1, 84, 8400]), r"camsim audits classifiers, \(N, C\)"),
        (info("scores", [1, 21, 64, 64]), r"camsim audits classifiers, \(N, C\)"),
        (info("scores", [1, 1]), "needs at least 2 classes"),
        (info("scores", [1], TensorProto.INT64), "gives int64"),
        (helper.make_tensor_sequence_value_info("scores", FLOAT, None), "gives no tensor"),
    ],
)
def test_other_outputs_are_refused(assemble, write, output: onnx.ValueInfoProto, message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        load_model(write(assemble(RELU, [info("image", [1, 3, 8, 8])], [output])))


def test_shapes_not_stated_are_checked_when_it_runs(assemble, write, images) -> None:
    segmenter = [helper.make_node("Relu", ["image"], ["scores"])]
    with pytest.raises(CamsimError, match=r"gave \(1, 3, 8, 8\); camsim audits classifiers"):
        load_model(write(assemble(segmenter, [info("image", [1, 3, 8, 8])], [info("scores", ["n", "c", "h", "w"])])))
    model = load_model(write(assemble(RELU, [info("image", ["n", 3, "h", "w"])], [info("scores", None)])))
    assert model.log_probabilities(images).shape == (11, 3)


def test_onnxruntimes_refusal_is_one_line(assemble, write) -> None:
    unknown = [helper.make_node("NoSuchOperator", ["image"], ["scores"])]
    with pytest.raises(CamsimError, match=r"onnxruntime cannot load it: .*NoSuchOperator") as error:
        load_model(write(assemble(unknown, [info("image", [1, 3, 8, 8])], [info("scores", [1, 3])])))
    assert "\n" not in str(error.value)
    wrong = [*RELU[:1], helper.make_node("Reshape", ["a", "shape"], ["scores"])]
    shape = numpy_helper.from_array(np.array([1, 7], np.int64), "shape")
    free = info("image", ["n", 3, "h", "w"])
    path = write(assemble(wrong, [free], [info("scores", None)], [shape]))
    with pytest.raises(CamsimError, match="onnxruntime cannot run it") as error:
        load_model(path, overrides={"input_size": [8, 8]})
    assert "\n" not in str(error.value)


def test_class_names(write) -> None:
    names = list("abcde")
    assert load_model(write(), overrides={"classes": names}).classes == tuple(names)
    assert load_model(write()).classes is None
    with pytest.raises(CamsimError, match="has 5 classes, but 'classes' lists 4 names"):
        load_model(write(), overrides={"classes": names[:4]})


def test_hash_covers_weights_and_preprocessing(write, build) -> None:
    base = load_model(write())
    assert base.sha256 == load_model(write(name="renamed.onnx")).sha256
    assert base.sha256 == load_model(write(), overrides={"scale": 1 / 255, "color": "RGB"}).sha256
    other = build()
    other.producer_name = "someone else"
    hashes = {base.sha256, load_model(write(other)).sha256}
    for overrides in ({"color": "BGR"}, {"mean": 0.5}, {"filter": "box"}, {"classes": list("abcde")}):
        hashes.add(load_model(write(), overrides=overrides).sha256)
    assert len(hashes) == 6


def test_sidecar_beside_the_model_is_used(write, images) -> None:
    path: Path = write()
    path.with_name("model.camsim.yaml").write_text("camsim_model: 1\ncolor: BGR\nscale: 0.00392156862745098\n")
    model = load_model(path)
    assert model.describe()["sidecar"] == "model.camsim.yaml"
    assert "color RGB" not in model.describe()["assumed"]
    swapped = [image[:, :, ::-1].copy() for image in images]
    np.testing.assert_allclose(model.log_probabilities(swapped), expected(images), atol=1e-5)
    np.testing.assert_allclose(
        load_model(path, overrides={"color": "RGB"}).log_probabilities(images), expected(images), atol=1e-5
    )


def test_contradictions_between_sidecar_and_model_name_the_file(write) -> None:
    with pytest.raises(CamsimError) as error:
        load_model(write(dtype="uint8"), overrides={"mean": 0.5, "color": "GRAY"})
    lines = str(error.value).splitlines()
    assert len(lines) == 2
    assert all(line.split(": ")[0].endswith("model.onnx") for line in lines)


def test_one_channel_is_grey(write, images) -> None:
    model = load_model(write(shape=(1, 1, 8, 8), channels=1))
    assert model.describe()["preprocessing"]["color"] == "GRAY"
    assert "color GRAY" in model.describe()["assumed"]
    w = np.random.default_rng(7).normal(0, 4, (5, 1))
    got = model.log_probabilities(images)
    grey = [np.asarray(Image.fromarray(i).convert("L").resize((8, 8), Image.Resampling.BILINEAR)) for i in images]
    scores = np.array([w[:, 0] * picture.mean() / 255 for picture in grey])
    np.testing.assert_allclose(got - got[:, :1], scores - scores[:, :1], atol=1e-5)


def test_weights_listed_as_inputs_are_no_inputs(write, build, images) -> None:
    """As ONNX files before IR version 4 do."""
    proto = build()
    proto.graph.input.append(info("w", [3, 5]))
    got = load_model(write(proto)).log_probabilities(images)
    np.testing.assert_allclose(got, expected(images), atol=1e-5)


def test_images_of_another_form_are_refused(write, images) -> None:
    model = load_model(write())
    with pytest.raises(CamsimError, match="no images"):
        model.log_probabilities([])
    with pytest.raises(CamsimError, match=r"\(H, W, 3\) of uint8"):
        model.log_probabilities([images[0].astype(np.float32)])  # type: ignore[list-item]
