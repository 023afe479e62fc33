"""A model is read only within bounds and only from its own folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from audit.models import load_model
from audit.models.onnx import load_onnx
from audit.models.safety import Limits, read_onnx
from camsim.errors import CamsimError, UnsafeError

IMAGE = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])
SCORES = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 5])


def with_external(proto: onnx.ModelProto, path: Path, location: str, **entries: object) -> Path:
    """Write a model whose weights are said to lie in ``location``."""
    (weights,) = proto.graph.initializer
    data = weights.raw_data
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": 0, "length": len(data), **entries}.items():
        weights.external_data.add(key=key, value=str(value))
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.fixture
def folder(tmp_path: Path, build: Callable[..., onnx.ModelProto]) -> Path:
    """A folder for the model, with the bytes of its weights in ``secret`` outside it."""
    (tmp_path / "secret").write_bytes(build().graph.initializer[0].raw_data)
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


def test_external_data_inside_the_folder(folder: Path, build, write, images) -> None:
    (folder / "data").mkdir()
    weights = folder / "data" / "weights.bin"
    weights.write_bytes((folder.parent / "secret").read_bytes())
    path = with_external(build(), folder / "model.onnx", "data/weights.bin")
    model = load_model(path)
    np.testing.assert_array_equal(model.log_probabilities(images), load_model(write()).log_probabilities(images))
    assert read_onnx(path).external == (weights,)

    weights.write_bytes(bytes(weights.stat().st_size))
    assert load_model(path).sha256 != model.sha256, "the weights are part of the hash"
    with pytest.raises(UnsafeError, match="at most 10 are read"):
        load_onnx(path, limits=Limits(file_bytes=10))


def test_external_data_elsewhere(folder: Path, build) -> None:
    secret = folder.parent / "secret"
    for location in (
        "../secret",
        str(secret),
        "data/../../secret",
        "./weights.bin",
        "data//weights.bin",
        "..\\secret",
        "C:weights.bin",
        "*/_ORT_MEM_ADDR_/*",
        "weights\n.bin",
        "",
    ):
        path = with_external(build(), folder / "model.onnx", location)
        with pytest.raises(UnsafeError, match="not a plain path inside the model's folder"):
            load_model(path)


def test_external_data_through_links(folder: Path, build) -> None:
    (folder / "soft.bin").symlink_to(folder.parent / "secret")
    (folder / "softdir").symlink_to(folder.parent)
    os.link(folder.parent / "secret", folder / "hard.bin")
    for location, word in {"soft.bin": "a link", "softdir/secret": "a link", "hard.bin": "a hard link"}.items():
        path = with_external(build(), folder / "model.onnx", location)
        with pytest.raises(UnsafeError, match=word):
            load_model(path)


def test_external_data_missing_or_short(folder: Path, build) -> None:
    path = with_external(build(), folder / "model.onnx", "weights.bin")
    with pytest.raises(CamsimError, match=r"is missing; it belongs at .*weights\.bin"):
        load_model(path)
    (folder / "weights.bin").mkdir()
    with pytest.raises(CamsimError, match="not a regular file"):
        load_model(path)
    (folder / "weights.bin").rmdir()
    (folder / "weights.bin").write_bytes(b"1234")
    with pytest.raises(CamsimError, match="needs 60 bytes, the file has 4"):
        load_model(path)
    for entries in ({"offset": -4}, {"length": "9" * 30}, {"offset": "x"}):
        with pytest.raises(CamsimError, match="is not a number"):
            load_model(with_external(build(), folder / "model.onnx", "weights.bin", **entries))


def test_external_data_in_constants_subgraphs_and_functions(folder: Path, assemble) -> None:
    """Wherever a tensor can stand."""

    def hidden() -> onnx.TensorProto:
        tensor = TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="../secret")
        return tensor

    constant = helper.make_node("Constant", [], ["c"], value=hidden())
    branch = helper.make_graph([constant], "b", [], [helper.make_tensor_value_info("c", 1, [1])])
    choice = helper.make_node("If", ["flag"], ["y"], then_branch=branch, else_branch=branch)
    function = helper.make_function("mine", "F", [], ["c"], [constant], [helper.make_opsetid("", 17)])
    sparse = onnx.SparseTensorProto(values=hidden(), indices=numpy_helper.from_array(np.array([0])), dims=[1])
    for model in (
        assemble([constant], [IMAGE], [SCORES]),
        assemble([choice], [IMAGE], [SCORES]),
        assemble([helper.make_node("F", [], ["y"], domain="mine")], [IMAGE], [SCORES], [], [function], ["mine"]),
        assemble([helper.make_node("Constant", [], ["c"], sparse_value=sparse)], [IMAGE], [SCORES]),
    ):
        path = folder / "model.onnx"
        path.write_bytes(model.SerializeToString())
        with pytest.raises(UnsafeError, match="not a plain path"):
            load_model(path)


def test_size_and_node_limits(write) -> None:
    path = write()
    with pytest.raises(UnsafeError, match="at most 100 are read"):
        load_onnx(path, limits=Limits(file_bytes=100))
    with pytest.raises(UnsafeError, match="more than 3 operators"):
        load_onnx(path, limits=Limits(nodes=3))


def test_nesting_limit(assemble, write) -> None:
    out = helper.make_tensor_value_info("y", 1, [1])
    graph = leaf = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [], [out])
    for _ in range(20):
        choice = helper.make_node("If", ["flag"], ["y"], then_branch=graph, else_branch=leaf)
        graph = helper.make_graph([choice], "g", [], [out])
    path = write(assemble(list(graph.node), [IMAGE], [SCORES]))
    with pytest.raises(UnsafeError, match="nested deeper than 16"):
        read_onnx(path)
    assert read_onnx(path, Limits(depth=21)).external == ()


def chain(assemble, length: int, calls: int) -> onnx.ModelProto:
    """Functions F0 .. F(length-1), each of which calls the next one ``calls`` times."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    functions = [
        helper.make_function(
            "mine",
            f"F{i}",
            ["x"],
            ["y"],
            [
                helper.make_node(f"F{i + 1}", ["x"], [f"y{j}" if j else "y"], domain="mine")
                if i + 1 < length
                else helper.make_node("Relu", ["x"], [f"y{j}" if j else "y"])
                for j in range(calls)
            ],
            opsets,
        )
        for i in range(length)
    ]
    node = helper.make_node("F0", ["image"], ["scores"], domain="mine")
    return assemble([node], [IMAGE], [SCORES], [], functions, ["mine"])


def test_functions_that_explode_or_call_themselves(assemble, write) -> None:
    with pytest.raises(UnsafeError, match="operators with its functions written out"):
        read_onnx(write(chain(assemble, 10, 10)))
    with pytest.raises(UnsafeError, match="functions call each other deeper than 16"):
        read_onnx(write(chain(assemble, 40, 1)))
    assert len(read_onnx(write(chain(assemble, 3, 3))).proto.functions) == 3
    circular = chain(assemble, 3, 1)
    circular.functions[2].node[0].op_type = "F0"
    circular.functions[2].node[0].domain = "mine"
    with pytest.raises(UnsafeError, match="calls itself"):
        read_onnx(write(circular))


def test_a_model_with_a_function_runs(assemble, write, images) -> None:
    opsets = [helper.make_opsetid("", 17)]
    body = [helper.make_node("GlobalAveragePool", ["x"], ["p"]), helper.make_node("Flatten", ["p"], ["y"])]
    function = helper.make_function("mine", "Pool", ["x"], ["y"], body, opsets)
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3])
    node = helper.make_node("Pool", ["image"], ["scores"], domain="mine")
    model = load_model(write(assemble([node], [IMAGE], [scores], [], [function], ["mine"])))
    assert model.log_probabilities(images[:2]).shape == (2, 3)


def test_sparse_tensors_are_bounded(assemble, write) -> None:
    sparse = onnx.SparseTensorProto(
        values=numpy_helper.from_array(np.ones(1, np.float32), "w"),
        indices=numpy_helper.from_array(np.zeros((1, 2), np.int64), "i"),
        dims=[1_000_000, 1_000_000],
    )
    model = assemble([helper.make_node("Identity", ["w"], ["scores"])], [IMAGE], [SCORES])
    model.graph.sparse_initializer.append(sparse)
    with pytest.raises(UnsafeError, match="sparse tensors would take"):
        load_model(write(model))


def test_custom_operators_are_named(assemble, write) -> None:
    node = helper.make_node("Evil\x1b[2J", ["image"], ["scores"], domain="my.ops")
    with pytest.raises(CamsimError, match=r"uses 1 custom operator: .*of 'my\.ops'") as error:
        load_model(write(assemble([node], [IMAGE], [SCORES], domains=["my.ops"])))
    assert error.value.exit_code == 2
    assert "\x1b" not in str(error.value)


def test_very_long_names_are_refused(assemble, write) -> None:
    node = helper.make_node("Identity", ["image"], ["s" * 5000])
    scores = helper.make_tensor_value_info("s" * 5000, TensorProto.FLOAT, [1, 5])
    with pytest.raises(UnsafeError, match="5000 characters long"):
        load_model(write(assemble([node], [IMAGE], [scores])))


@pytest.mark.parametrize("name", [b"scores", b"image", b"Identity"])
def test_names_that_are_not_text(write, name: bytes) -> None:
    path = write()
    path.write_bytes(path.read_bytes().replace(name, b"\xf1" + name[1:]))
    with pytest.raises(CamsimError, match="damaged"):
        load_model(path)


def test_damage_is_never_a_crash(write, images, capfd) -> None:
    """Bytes of a model changed at random: it is refused in one way or another, or still runs."""
    path = write(end="Softmax")
    content = path.read_bytes()
    rng = np.random.default_rng(11)
    ran, messages = 0, []
    for _ in range(300):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            load_model(path).log_probabilities(images[:1])
            ran += 1
        except CamsimError as error:
            messages.append(str(error))
    assert 0 < ran < 200
    assert not [message for message in messages if "\n" in message or len(message) > 1000]
    assert capfd.readouterr().out == "", "stdout belongs to --json"


def test_not_onnx_given_to_the_adapter(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text('{"graph": {}}')
    with pytest.raises(CamsimError, match="is not an ONNX model"):
        load_onnx(path)
    with pytest.raises(CamsimError, match="cannot be read"):
        load_onnx(tmp_path / "none.onnx")
