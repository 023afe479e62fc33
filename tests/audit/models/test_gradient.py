"""Gradients against finite differences of the audit's own pipeline, and every check that can refuse them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from audit.models import NoGradient, TorchModel, load_model, open_gradient
from audit.models.gradient_check import input_gradient, output_difference, slope_difference
from camsim.errors import CamsimError

FLOAT, FLOAT16 = TensorProto.FLOAT, TensorProto.FLOAT16


def info(name: str, shape: list[int | str], dtype: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def conv_net(assemble, end: list[onnx.NodeProto], dtype: int = FLOAT, shape: tuple = (1, 3, 8, 8)) -> onnx.ModelProto:
    """Convolution, ReLU, mean of each channel -> "pooled" (N, 5), then ``end`` to "scores"."""
    w = np.random.default_rng(0).normal(0, 1, (5, 3, 3, 3))
    inner = FLOAT16 if dtype == FLOAT16 else FLOAT
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=inner),
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("ReduceMean", ["r"], ["pooled"], axes=[2, 3], keepdims=0),
    ]
    weights = numpy_helper.from_array(w.astype(np.float16 if inner == FLOAT16 else np.float32), "w")
    scores = info("scores", [shape[0], 5], inner)
    return assemble([*nodes, *end], [info("image", list(shape), dtype)], [scores], [weights])


def scaled(factor: float, dtype: type = np.float32) -> list[onnx.NodeProto]:
    constant = helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(np.array(factor, dtype)))
    return [constant, helper.make_node("Mul", ["pooled", "k"], ["scores"])]


def as_images(image: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(image.transpose(2, 0, 1).copy())[None].float() / 255


@pytest.mark.parametrize(
    ("dtype", "declared"),
    [
        (FLOAT, {}),
        (FLOAT, {"resize": "crop", "filter": "lanczos", "color": "BGR", "std": 0.3}),
        (FLOAT, {"resize": "pad", "filter": "box", "pad_value": 114}),
        (FLOAT, {"resize": "pad", "filter": "inter_area", "pad_value": 114}),
        (FLOAT16, {"filter": "bicubic"}),
        (TensorProto.UINT8, {"filter": "nearest"}),
        (TensorProto.DOUBLE, {}),
    ],
)
@pytest.mark.parametrize("batch", [1, "n", 3])
def test_same_output_and_a_gradient(write, images, assemble, dtype: int, declared: dict, batch: int | str) -> None:
    factor = 0.05 if dtype == TensorProto.UINT8 else 4.0
    proto = conv_net(assemble, scaled(factor, np.float16 if dtype == FLOAT16 else np.float32), dtype, (batch, 3, 8, 8))
    model = load_model(write(proto), overrides=declared)
    gradient = open_gradient(model, images[:2])
    assert not isinstance(gradient, NoGradient), gradient.reason
    pictures = torch.cat([as_images(image) for image in images[:3]]).requires_grad_()
    log_p = gradient.log_probabilities(pictures)
    tolerance = 2e-2 if dtype == FLOAT16 else 1e-5
    np.testing.assert_allclose(log_p.detach().numpy(), model.log_probabilities(images[:3]), rtol=0, atol=tolerance)
    log_p.sum().backward()
    assert pictures.grad is not None
    assert pictures.grad.isfinite().all()
    assert (pictures.grad != 0).flatten(1).any(1).all()


def test_gradient_tells_what_a_change_of_the_picture_does(write, assemble) -> None:
    """A change by whole levels, through onnxruntime; far from any kink."""
    model = load_model(write(conv_net(assemble, scaled(4.0))))
    image = np.random.default_rng(0).integers(60, 200, (8, 8, 3), dtype=np.uint8)
    change = np.random.default_rng(1).integers(-1, 2, image.shape)
    gradient = open_gradient(model, [image])
    assert not isinstance(gradient, NoGradient)
    slopes = input_gradient(lambda x: gradient.log_probabilities(x)[0, 2], as_images(image))
    promised = float((slopes[0].permute(1, 2, 0).numpy() * change / 255).sum())
    above, below = ((image + sign * change).astype(np.uint8) for sign in (1, -1))
    high, low = model.log_probabilities([above, below])[:, 2]
    assert (high - low) / 2 == pytest.approx(promised, rel=0.02)


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
def test_probabilities_and_their_logarithms(write, images, assemble, kind: str) -> None:
    end = [*scaled(3.0)[:1], helper.make_node("Mul", ["pooled", "k"], ["s"]), helper.make_node(kind, ["s"], ["scores"])]
    model = load_model(write(conv_net(assemble, end)))
    gradient = open_gradient(model, images[:1])
    assert not isinstance(gradient, NoGradient), gradient.reason
    got = gradient.log_probabilities(as_images(images[1])).numpy()
    np.testing.assert_allclose(got, model.log_probabilities(images[1:2]), rtol=1e-5)


def test_images_do_not_depend_on_each_other(write, images, assemble) -> None:
    gradient = open_gradient(load_model(write(conv_net(assemble, scaled(4.0), shape=("n", 3, 8, 8)))), images[:1])
    assert not isinstance(gradient, NoGradient)
    assert gradient.together  # type: ignore[attr-defined]
    both = gradient.log_probabilities(torch.cat([as_images(image) for image in images[:2]]))
    alone = gradient.log_probabilities(as_images(images[1]))
    torch.testing.assert_close(both[1:], alone, rtol=1e-5, atol=1e-6)


def test_a_network_that_mixes_its_pictures_is_fed_one_at_a_time(write, images, assemble) -> None:
    """Its scores are divided by the largest of the batch."""
    end = [
        helper.make_node("ReduceMax", ["pooled"], ["most"], keepdims=0),
        helper.make_node("Div", ["pooled", "most"], ["scores"]),
    ]
    gradient = open_gradient(load_model(write(conv_net(assemble, end, shape=("n", 3, 8, 8)))), images[:1])
    assert not isinstance(gradient, NoGradient), gradient.reason
    assert not gradient.together  # type: ignore[attr-defined]
    both = gradient.log_probabilities(torch.cat([as_images(image) for image in images[:2]]))
    assert torch.equal(both[1:], gradient.log_probabilities(as_images(images[1])))


def test_quantised_models(write, images, assemble) -> None:
    """Rounding inside the model: the gradient is that of the numbers that the quantised ones stand for."""
    constants = {"k": np.float32(1), "s": np.float32(0.02), "z": np.uint8(20)}
    end = [
        helper.make_node("Constant", [], [n], value=numpy_helper.from_array(np.array(v))) for n, v in constants.items()
    ]
    end += [
        helper.make_node("Mul", ["pooled", "k"], ["y"]),
        helper.make_node("QuantizeLinear", ["y", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["scores"]),
    ]
    model = load_model(write(conv_net(assemble, end)))
    gradient = open_gradient(model, images)
    assert not isinstance(gradient, NoGradient), gradient.reason
    slopes = input_gradient(lambda x: gradient.log_probabilities(x)[0, 1], as_images(images[0]))
    smooth = load_model(write(conv_net(assemble, scaled(1.0)), "smooth.onnx"))
    exact = open_gradient(smooth, images[:1])
    assert not isinstance(exact, NoGradient)
    expected = input_gradient(lambda x: exact.log_probabilities(x)[0, 1], as_images(images[0]))
    assert float((slopes - expected).norm() / expected.norm()) < 0.05


def test_unknown_operators_are_named(write, images, assemble) -> None:
    branch = helper.make_graph([helper.make_node("Identity", ["pooled"], ["b"])], "b", [], [info("b", [1, 5])])
    nodes = [
        helper.make_node("ReduceSum", ["pooled"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["yes"], to=TensorProto.BOOL),
        helper.make_node("If", ["yes"], ["scores"], then_branch=branch, else_branch=branch),
    ]
    found = open_gradient(load_model(write(conv_net(assemble, nodes))), images[:1])
    assert found == NoGradient("operator without a differentiable form: If")


def test_gradients_of_nan_are_refused(write, images, assemble) -> None:
    """The root of 0 has an infinite slope, which cancels to NaN."""
    end = [
        helper.make_node("Sub", ["pooled", "pooled"], ["zero"]),
        helper.make_node("Sqrt", ["zero"], ["root"]),
        helper.make_node("Add", ["pooled", "root"], ["scores"]),
    ]
    found = open_gradient(load_model(write(conv_net(assemble, end))), images[:1])
    assert isinstance(found, NoGradient)
    assert "NaN or infinity" in found.reason


def test_a_file_that_gives_something_else_fails_parity(write, images, assemble) -> None:
    model = load_model(write(conv_net(assemble, scaled(4.0))))
    write(conv_net(assemble, scaled(4.01)))
    found = open_gradient(model, images[:1])
    assert isinstance(found, NoGradient)
    assert found.reason.startswith("parity check: its log-probabilities in torch differ from the model's by ")


def test_other_models_have_none(images) -> None:
    class Constant:
        name, sha256, classes = "constant", "0", None

        def log_probabilities(self, images):
            return np.log(np.full((len(images), 2), 0.5))

        def describe(self):
            return {}

    found = open_gradient(Constant(), images[:1])
    assert found == NoGradient("is neither an ONNX model nor a PyTorch module, but Constant")
    with pytest.raises(CamsimError, match="none were given"):
        open_gradient(Constant(), [])


class Wrong(torch.autograd.Function):
    """The identity, whose gradient is a tenth too large."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 1.1


class Half(nn.Module):
    """A module whose output goes through ``function`` first."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function
        self.last = nn.Linear(3, 4)

    def forward(self, x):
        return self.last(self.function(x.mean((2, 3))))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (Wrong.apply, "gradient check: its gradient differs from finite differences by"),
        (lambda x: x.detach(), "gradient check: its gradient differs from finite differences by 1.0e"),
        (lambda x: torch.cat([x[:, :2], x[:, 2:].detach()], 1), "gradient check: its gradient differs"),
        (lambda x: x * 0, "gradient check: its gradient is zero everywhere"),
        (lambda x: x.float(), "the module fails on an input of (1, 3, 6, 7), float64: "),
        (lambda x: x + (x - x).sqrt(), "NaN or infinity"),
    ],
)
def test_each_check_refuses(images, function, reason: str) -> None:
    torch.manual_seed(0)
    found = open_gradient(TorchModel(Half(function).eval(), "m", {"input_size": [6, 7]}), images[:1])
    assert isinstance(found, NoGradient)
    assert reason in found.reason


def test_nan_that_comes_later_is_an_error(images) -> None:
    """sqrt of the mean is fine but for a black picture."""
    torch.manual_seed(0)
    gradient = open_gradient(TorchModel(Half(torch.sqrt).eval(), "m", {"input_size": [6, 7]}), images[:1])
    assert not isinstance(gradient, NoGradient), gradient.reason
    with pytest.raises(CamsimError, match="holds NaN or infinity for one of the pictures"):
        input_gradient(lambda x: gradient.log_probabilities(x)[0, 0], torch.zeros(1, 3, 6, 7))


def test_slope_difference() -> None:
    point = torch.rand(7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert slope_difference(lambda x: x**3, point) < 1e-6
    assert slope_difference(lambda x: x.detach() ** 2 + x, point) > 0.1
    assert slope_difference(lambda x: 0 * x, point) == 0
    assert np.isnan(slope_difference(lambda x: (x - x).sqrt(), point))


def test_output_difference() -> None:
    one = np.array([1.0, -4.0])
    assert output_difference(one, one) == 0
    assert output_difference(np.array([1.0, -3.6]), one) == pytest.approx(0.1)
    assert output_difference(one, np.array([1.0, np.inf])) == np.inf
    assert output_difference(np.array([np.nan, -4.0]), one) == np.inf
    assert output_difference(np.array([1.0, np.inf]), np.array([1.0, np.inf])) == 0
