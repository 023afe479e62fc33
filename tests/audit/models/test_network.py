"""Networks: all outputs by name, one picture at a time, whatever the batch, the further inputs or the nesting."""

from __future__ import annotations

import json
from collections import OrderedDict, namedtuple

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from audit.frame import Frame
from audit.models import Network, TorchNetwork, as_classifier, load_model, open_gradient, open_network
from audit.models.preprocess import preprocess
from camsim.errors import CamsimError

FLOAT = TensorProto.FLOAT


def info(name: str, shape, dtype: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def two_outputs(assemble, batch, named=True, rows="boxes") -> onnx.ModelProto:
    """Channel means (N, 3), and the pixels brighter than 0.5 as rows (K, 4) without a batch axis, as NonZero has it."""
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Greater", ["image", "half"], ["bright"]),
        helper.make_node("NonZero", ["bright"], ["found"]),
        helper.make_node("Transpose", ["found"], ["places"], perm=[1, 0]),
    ]
    half = numpy_helper.from_array(np.array(0.5, np.float32), "half")
    outputs = [info("means", [batch if named else "other", 3]), info("places", [rows, 4], TensorProto.INT64)]
    return assemble(nodes, [info("image", [batch, 3, 4, 4])], outputs, [half])


@pytest.mark.parametrize(("batch", "named"), [(1, True), ("n", True), ("n", False), (1, False)])
def test_outputs_of_onnx_without_the_batch_axis(assemble, write, batch, named: bool) -> None:
    network = open_network(write(two_outputs(assemble, batch, named)))
    assert network.output_names == ("means", "places")
    dark, spot = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    spot[1, 2, 0] = 255
    first, second = network.run([dark, spot])
    np.testing.assert_allclose(first["means"], [0, 0, 0])
    np.testing.assert_allclose(second["means"], [1 / 16, 0, 0], rtol=1e-6)
    assert first["places"].shape == (0, 4)
    # One row alone is not taken for a batch of one.
    assert second["places"].tolist() == [[0, 0, 1, 2]]
    assert network.frame((10, 20)) == Frame((10, 20), (4, 4), (4, 4), 0, 0)


def test_a_result_does_not_depend_on_its_neighbours(assemble, write, images) -> None:
    network = open_network(write(two_outputs(assemble, "n")))
    together = network.run(images)
    for image, expected in zip(images, together, strict=True):
        (alone,) = network.run([image])
        for name in network.output_names:
            np.testing.assert_array_equal(alone[name], expected[name])


def test_a_fixed_batch_is_filled_and_its_first_part_taken(assemble, write, images) -> None:
    node = helper.make_node("Relu", ["image"], ["same"])
    one, four = (
        open_network(write(assemble([node], [info("image", [n, 3, 8, 8])], [info("same", [n, 3, 8, 8])]), f"m{n}.onnx"))
        for n in (1, 4)
    )
    for a, b in zip(one.run(images), four.run(images), strict=True):
        assert a["same"].shape == (3, 8, 8)
        np.testing.assert_array_equal(a["same"], b["same"])


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_an_input_without_a_batch_axis(assemble, write, images, layout: str) -> None:
    """As torchvision exports its detectors: (3, H, W) in, (K, ...) out."""
    node = helper.make_node("Relu", ["image"], ["same"])
    shape = [3, "h", "w"] if layout == "NCHW" else ["h", "w", 3]
    network = open_network(write(assemble([node], [info("image", shape)], [info("same", shape)])))
    (found,) = network.run(images[:1])
    expected = images[0] / np.float32(255)
    np.testing.assert_allclose(found["same"], expected.transpose(2, 0, 1) if layout == "NCHW" else expected, rtol=1e-6)
    assert network.describe()["input"]["batched"] is False
    with pytest.raises(CamsimError, match="camsim audits classifiers"):
        as_classifier(network)


def test_an_output_that_loses_the_batch_is_refused(assemble, write, images) -> None:
    nodes = [helper.make_node("ReduceMean", ["image"], ["m"], axes=[0], keepdims=0)]
    network = open_network(write(assemble(nodes, [info("image", ["n", 3, 8, 8])], [info("m", ["n", 8, 8])])))
    with pytest.raises(CamsimError, match=r"output 'm' gave \(3, 8, 8\), which does not begin with the batch of 1"):
        network.run(images)


def test_a_fixed_batch_of_one_may_come_second(assemble, write, images) -> None:
    """As ddddocr's reader: (1, T) is stated, (T, 1, C) is given."""
    node = helper.make_node("Transpose", ["image"], ["m"], perm=[2, 0, 1, 3])
    network = open_network(write(assemble([node], [info("image", [1, 3, 8, 8])], [info("m", [1, "t"])])))
    (found,) = network.run(images[:1])
    fed = preprocess(images[0], network.prepared)
    np.testing.assert_array_equal(found["m"], fed.transpose(1, 0, 2)[:, None])


def sized_model(assemble, shape=(1, 3, 8, 8), size_shape=(1, 2), dtype=TensorProto.INT64) -> onnx.ModelProto:
    """Gives the size that it is told, and the channel means."""
    nodes = [
        helper.make_node("Identity", ["orig_target_sizes"], ["told"]),
        helper.make_node("ReduceMean", ["image"], ["means"], axes=[2, 3], keepdims=0),
    ]
    inputs = [info("image", shape), info("orig_target_sizes", size_shape, dtype)]
    return assemble(nodes, inputs, [info("told", size_shape, dtype), info("means", [shape[0], 3])])


@pytest.mark.parametrize(("size_shape", "dtype"), [((1, 2), TensorProto.INT64), ((2,), TensorProto.FLOAT)])
def test_a_second_input_takes_the_size_of_the_first(assemble, write, images, size_shape, dtype: int) -> None:
    path = write(sized_model(assemble, (1, 3, 8, 12), size_shape, dtype))
    with pytest.raises(CamsimError, match=r"has 2 inputs.*'orig_target_sizes' takes its size, declare 'size_input"):
        open_network(path)
    with pytest.raises(CamsimError, match="size_order: must be declared, as the image input is not square"):
        open_network(path, overrides={"size_input": "orig_target_sizes"})
    for order, expected in (("height_width", [8, 12]), ("width_height", [12, 8])):
        network = open_network(path, overrides={"size_input": "orig_target_sizes", "size_order": order})
        (outputs,) = network.run(images[:1])
        assert np.ravel(outputs["told"]).tolist() == expected
    with pytest.raises(CamsimError, match="size_input: the model has no input 'sizes'"):
        open_network(path, overrides={"size_input": "sizes"})
    with pytest.raises(CamsimError, match=r"size_input: input 'image' \(1, 3, 8, 12\) takes float; \(N, 2\)"):
        open_network(path, overrides={"size_input": "image"})


def test_a_classifier_with_a_second_input_has_no_gradient(assemble, write, images) -> None:
    declared = {"size_input": "orig_target_sizes", "output": "means", "output_kind": "logits"}
    model = load_model(write(sized_model(assemble)), overrides=declared)
    assert model.log_probabilities(images).shape == (11, 3)
    assert "second input 'orig_target_sizes'" in open_gradient(model, images[:1]).reason


def test_free_size_tells_the_size_of_each_picture(assemble, write, images) -> None:
    path = write(sized_model(assemble, ("n", 3, "h", "w"), ("n", 2)))
    network = open_network(path, overrides={"size_input": "orig_target_sizes", "size_order": "height_width"})
    assert network.run([images[0], images[0][:5]])[1]["told"].tolist() == [5, 9]


def test_a_classifier_on_a_network_is_the_classifier_of_the_file(write, images) -> None:
    path = write()
    model, again = load_model(path), as_classifier(open_network(path))
    assert model.sha256 == again.sha256
    np.testing.assert_array_equal(model.log_probabilities(images), again.log_probabilities(images))
    assert model.describe() == again.describe()
    assert open_network(path).sha256 != model.sha256, "the network's has no class names or output"


def test_hash_of_a_network_follows_what_decides_its_outputs(write) -> None:
    path = write()
    base = open_network(path).sha256
    assert base == open_network(path, overrides={"classes": list("abcde"), "output_kind": "logits"}).sha256
    assert base != open_network(path, overrides={"mean": 0.5}).sha256
    assert base != open_network(path, overrides={"antialias": False}).sha256


def test_a_network_describes_itself(assemble, write) -> None:
    network = open_network(write(two_outputs(assemble, "n")), overrides={"task": "detection"})
    described = json.loads(json.dumps(network.describe()))
    assert described["outputs"] == ["means", "places"]
    assert described["format"] == "ONNX"
    assert network.task == "detection"
    with pytest.raises(CamsimError, match="its task is detection, not classification"):
        as_classifier(network)


class Gives(nn.Module):
    """A module with a given output."""

    def __init__(self, output: object) -> None:
        super().__init__()
        self.output = output

    def forward(self, x: Tensor) -> object:
        return self.output


Pair = namedtuple("Pair", ["left", "right"])
ONE = torch.ones(1, 2)


@pytest.mark.parametrize(
    ("output", "names"),
    [
        (ONE, ("output",)),
        ((ONE, ONE), ("output0", "output1")),
        ([ONE], ("output0",)),
        ((ONE, [ONE, ONE]), ("output0", "output1.0", "output1.1")),
        ({"logits": ONE, "hidden": None, "maps": (ONE, ONE)}, ("logits", "maps.0", "maps.1")),
        (OrderedDict(out=ONE, aux=ONE), ("out", "aux")),
        (Pair(ONE, ONE), ("left", "right")),
        ([{"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}], ("boxes", "labels")),
        (ONE.bfloat16(), ("output",)),
    ],
)
def test_outputs_of_a_module_have_names(output: object, names: tuple[str, ...]) -> None:
    network: Network = TorchNetwork(Gives(output).eval(), "net")
    assert network.output_names == names
    (found,) = network.run([np.zeros((8, 8, 3), np.uint8)])
    assert tuple(found) == names
    assert found[names[0]].shape == ((0, 4) if names[0] == "boxes" else (2,))
    assert found[names[0]].dtype == np.float32


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (torch.zeros(5, 4), r"gives 'output' of \(5, 4\) for one image; it must begin with the batch axis of 1"),
        (torch.tensor(1.0), r"gives 'output' of \(\) for one image"),
        (None, "gives no tensor, but nothing"),
        ({}, "gives no tensor"),
        ("cat", "gives an object of type str; tensors are wanted"),
        ([[[[[[ONE]]]]]], "nested deeper than 4 levels"),
        ({"a.b": ONE, "a": {"b": ONE}}, "two named 'a.b'"),
    ],
)
def test_other_outputs_of_a_module_are_refused(output: object, message: str) -> None:
    network = TorchNetwork(Gives(output).eval(), "net")
    with pytest.raises(CamsimError, match=message):
        network.run([np.zeros((8, 8, 3), np.uint8)])


def test_a_module_in_training_mode_is_not_run() -> None:
    network = TorchNetwork(Gives(ONE).train(), "net")
    with pytest.raises(CamsimError, match="net: is in training mode"):
        network.run([np.zeros((8, 8, 3), np.uint8)])


def test_one_output_of_several_is_the_classifier(images) -> None:
    output = {"features": torch.zeros(1, 9), "logits": torch.tensor([[0.0, 1.0]])}
    network = TorchNetwork(Gives(output).eval(), "net", {"output": "logits"})
    np.testing.assert_allclose(np.exp(as_classifier(network).log_probabilities(images[:1])).sum(), 1)
    with pytest.raises(CamsimError, match="name the one with the class scores"):
        as_classifier(TorchNetwork(Gives(output).eval(), "net"))
    with pytest.raises(CamsimError, match="has no output 'logit'; did you mean 'logits'"):
        as_classifier(TorchNetwork(Gives(output).eval(), "net", {"output": "logit"}))


def test_no_pictures_is_an_error(write) -> None:
    with pytest.raises(CamsimError, match="no images"):
        open_network(write()).run([])
    with pytest.raises(CamsimError, match="no images"):
        TorchNetwork(Gives(ONE).eval(), "net").run([])
