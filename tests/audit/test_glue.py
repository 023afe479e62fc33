"""A camera in front of a model gives what the audit's own steps give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import camsim
from audit.glue import frame_and_crop, glue
from audit.models import ResolvedPreprocess, preprocess
from camsim import CamsimError, Emulator
from camsim.isp import HalfSize

PROFILE = "machine-vision/imx250"
TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def camera() -> Emulator:
    return camsim.compile(PROFILE)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A model that gives the mean of each of its channels, called ``means``, and its input as float32, ``seen``."""

    def write(
        shape: Sequence[int | str], dtype: str = "float32", sidecar: str = "", opset: int = 18, name: str = "raw"
    ) -> Path:
        axes = [1, 2] if shape[3] in (1, 3) else [2, 3]
        mean = helper.make_node("ReduceMean", ["seen"], ["means0"], axes=axes, keepdims=0)
        weights = [numpy_helper.from_array(np.float32([2.0]), "w")]
        if opset >= 18:
            mean = helper.make_node("ReduceMean", ["seen", "axes"], ["means0"], keepdims=0)
            weights.append(numpy_helper.from_array(np.int64(axes), "axes"))
        graph = helper.make_graph(
            [
                helper.make_node("Cast", [name], ["seen"], to=TensorProto.FLOAT),
                mean,
                helper.make_node("Mul", ["means0", "w"], ["means"]),
            ],
            "g",
            [helper.make_tensor_value_info(name, TYPES[dtype], shape)],
            [
                helper.make_tensor_value_info("means", TensorProto.FLOAT, [shape[0], "channels"]),
                helper.make_tensor_value_info("seen", TensorProto.FLOAT, shape),
            ],
            weights,
        )
        path = tmp_path / "model.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
        path.with_suffix(".camsim.yaml").write_text("camsim_model: 1\n" + sidecar)
        return path

    return write


def soft(batch: int, height: int, width: int) -> torch.Tensor:
    coarse = torch.rand(batch, 3, 3, 3, generator=torch.Generator().manual_seed(5))
    return 0.1 + 0.5 * torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "dtype", "sidecar", "opset", "frame", "prepared"),
    [
        pytest.param(
            ["n", 20, 26, 3],
            "uint8",
            "color: BGR",
            18,
            (20, 26),
            ResolvedPreprocess(None, "NHWC", "uint8", "BGR", 1.0, (0.0,), (1.0,), "stretch", "bilinear", None, 0),
            id="NHWC of uint8, BGR",
        ),
        pytest.param(
            [2, 3, "h", "w"],
            "float32",
            "mean: [0.4, 0.5, 0.6]\nstd: [0.2, 0.3, 0.4]",
            13,
            (21, 33),
            ResolvedPreprocess(
                None,
                "NCHW",
                "float32",
                "RGB",
                1 / 255,
                (0.4, 0.5, 0.6),
                (0.2, 0.3, 0.4),
                "stretch",
                "bilinear",
                None,
                0,
            ),
            id="NCHW of any size, mean and std, an older opset",
        ),
        pytest.param(
            [1, 1, 16, 18],
            "float16",
            "color: GRAY\nscale: 0.01\nresize: crop\nresize_shorter: 20",
            20,
            (20, 20),
            ResolvedPreprocess((16, 18), "NCHW", "float16", "GRAY", 0.01, (0.0,), (1.0,), "crop", "bilinear", 20, 0),
            id="grey, float16, the centre of a larger frame",
        ),
    ],
)
def test_agrees_with_the_audits_steps(
    write: Write,
    camera: Emulator,
    shape: Sequence[int | str],
    dtype: str,
    sidecar: str,
    opset: int,
    frame: tuple[int, int],
    prepared: ResolvedPreprocess,
) -> None:
    path = write(shape, dtype, sidecar, opset)
    glued, assumed = glue(camera, path)
    assert ("color RGB" in assumed) == ("color" not in sidecar)
    onnx.checker.check_model(glued, full_check=True)
    session = ort.InferenceSession(glued.SerializeToString(), providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    assert entry.name == "camera_raw"  # the model has a `raw` of its own
    assert [output.name for output in session.get_outputs()] == ["means", "seen"]
    count = shape[0] if isinstance(shape[0], int) else 3
    with torch.no_grad():
        raw = camera.capture(soft(count, *frame), seed=2)
        encoded = camera.isp(raw)
    pictures = (encoded.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    fed = np.stack([preprocess(picture, prepared) for picture in pictures])
    expected = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"raw": fed})
    means, seen = session.run(None, {"camera_raw": raw.numpy()})
    np.testing.assert_allclose(means, expected[0], rtol=1e-4, atol=1e-6)
    # One level where a value lies on the edge between two; elsewhere, exactly the same.
    assert (seen != expected[1]).mean() < 1e-3
    assert seen.std() > 0


@pytest.mark.slow
def test_weights_outside_the_file_come_in(write: Write, camera: Emulator) -> None:
    path = write(["n", 3, 8, 8], name="image")
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights", size_threshold=0)
    glued, _ = glue(camera, path, "image")
    session = ort.InferenceSession(glued.SerializeToString(), providers=["CPUExecutionProvider"])
    means, seen = session.run(None, {"camera_image": np.full((1, 3, 8, 8), 0.5, np.float32)})
    np.testing.assert_allclose(means, 2 * seen.mean((2, 3)), rtol=1e-6)
    about = session.get_modelmeta().custom_metadata_map
    assert about["camsim.profile"] == PROFILE
    assert about["camsim.model"].startswith("model.onnx, sha256 ")


def prepare(resize: str, size: tuple[int, int] | None, shorter: int | None = None) -> ResolvedPreprocess:
    return ResolvedPreprocess(
        size,
        "NCHW",
        "float32",
        "RGB",
        1.0,
        (0.0,),
        (1.0,),
        resize,
        "bilinear",
        shorter,
        0,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("prepared", "size", "expected"),
    [
        (prepare("stretch", None), None, (None, None)),
        (prepare("stretch", None), (9, 7), ((9, 7), None)),
        (prepare("stretch", (8, 6)), None, ((8, 6), None)),
        (prepare("pad", (8, 6)), (8, 6), ((8, 6), None)),
        (prepare("crop", (8, 6)), None, ((8, 6), (0, 0))),
        (prepare("crop", (8, 6)), (8, 16), ((8, 16), (0, 5))),
        (prepare("crop", (8, 6), 10), None, ((10, 10), (1, 2))),
        (prepare("crop", (8, 6), 10), (10, 15), ((10, 15), (1, 4))),
    ],
)
def test_the_frame_and_where_it_is_cut(prepared: ResolvedPreprocess, size: object, expected: object) -> None:
    found = frame_and_crop(prepared, size)  # type: ignore[arg-type]
    assert found == expected
    frame, crop = found
    if frame is not None and crop is not None and prepared.size is not None:
        picture = np.random.default_rng(1).integers(0, 256, (*frame, 3), dtype=np.uint8)
        inside = picture[crop[0] : crop[0] + prepared.size[0], crop[1] : crop[1] + prepared.size[1]]
        np.testing.assert_array_equal(preprocess(picture, prepared), inside.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("prepared", "size"),
    [
        (prepare("stretch", (8, 6)), (6, 8)),
        (prepare("pad", (8, 6)), (8, 5)),
        (prepare("crop", (8, 6)), (9, 7)),
        (prepare("crop", (8, 6), 10), (11, 11)),
    ],
)
def test_frames_that_would_be_resized_are_refused(prepared: ResolvedPreprocess, size: tuple[int, int]) -> None:
    with pytest.raises(CamsimError, match="would be resized on its way into the model"):
        frame_and_crop(prepared, size)


def test_models_that_resize_frames_of_any_size_need_one_that_stays() -> None:
    free_of_size = ResolvedPreprocess(
        None, "NCHW", "float32", "RGB", 1 / 255, (0.0,), (1.0,), "keep", "bilinear", None, 0, stride=32
    )
    assert frame_and_crop(free_of_size, (64, 96)) == ((64, 96), None)
    for size in (None, (64, 97)):
        with pytest.raises(CamsimError, match="changes frames of most sizes"):
            frame_and_crop(free_of_size, size)


def test_what_cannot_be_glued_is_refused(write: Write, camera: Emulator, tmp_path: Path) -> None:
    text = tmp_path / "notes.onnx"
    text.write_text("not a model")
    with pytest.raises(CamsimError, match=r"notes\.onnx: is text"):
        glue(camera, text)
    path = write(["n", 3, 8, 8])
    with pytest.raises(CamsimError, match=r"model\.onnx: is of opset 18; the glued model can be of 18 \.\.\. 25"):
        glue(camera, path, opset=13)
    with pytest.raises(CamsimError, match=r"model\.onnx: a frame of 9x8"):
        glue(camera, path, size=(9, 8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.glue.MAX_BYTES", 100)
        with pytest.raises(CamsimError, match=r"model\.onnx: takes \d+ bytes with its external data"):
            glue(camera, path)
    two = onnx.load(path)
    two.graph.input.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, [1]))
    onnx.save(two, path)
    with pytest.raises(CamsimError, match=r"model\.onnx: has 2 inputs"):
        glue(camera, path)


@pytest.mark.slow
def test_a_camera_that_halves_its_frame(write: Write, camera: Emulator) -> None:
    halved = tuple(HalfSize() if stage.kind == "demosaic" else stage for stage in camera.profile.isp)
    small = camsim.compile(camera.profile.model_copy(update={"isp": halved, "choices": {}, "orders": ()}))
    path = write(["n", 3, 8, 10])
    with pytest.raises(CamsimError, match=r"the model takes 8x10 \(height x width\); give the --size of a frame"):
        glue(small, path)
    with pytest.raises(CamsimError, match="a frame of 4x5"):
        glue(small, path, size=(8, 10))
    model, _ = glue(small, path, size=(16, 20))
    raw = small.capture(soft(2, 16, 20), seed=1)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (seen,) = session.run(["seen"], {session.get_inputs()[0].name: raw.detach().numpy()})
    expected = small.develop(raw, dtype=torch.uint8).numpy() / 255
    assert seen.shape == (2, 3, 8, 10)
    assert np.abs(seen - expected).max() <= 1.01 / 255  # a level, where a value lies between two
