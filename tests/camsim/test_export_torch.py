"""Emulators under torch.export, torch.compile, functional_call and vmap."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, vmap

import camsim

CHAINS = ["seed/drone/bi-s-ga", "seed/drone/me-u-me", "phone/oneplus-6-imx519"]
each_chain = pytest.mark.parametrize("name", CHAINS)


def mosaic(name: str, batch: int, height: int, width: int) -> Tensor:
    form = camsim.load(name).raw_format
    generator = torch.Generator().manual_seed(height)
    light = 0.2 + 0.6 * torch.rand(batch, 1, height, width, generator=generator)
    return (form.black[0] + light * (form.white[0] - form.black[0])).round()


@each_chain
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch about itself
def test_export_for_any_size(name: str) -> None:
    isp = camsim.compile(name).isp
    any_size = ({0: torch.export.Dim("batch"), 2: torch.export.Dim("height"), 3: torch.export.Dim("width")},)
    with torch.no_grad():
        exported = torch.export.export(isp, (mosaic(name, 2, 38, 44),), dynamic_shapes=any_size).module()
        for shape in ((1, 37, 43), (3, 64, 31), (1, 2, 3)):
            raw = mosaic(name, *shape)
            torch.testing.assert_close(exported(raw), isp(raw), rtol=0, atol=2e-6)


@each_chain
def test_export_keeps_the_gradients_of_the_knobs(name: str) -> None:
    isp, raw = camsim.compile(name).isp, mosaic(name, 1, 20, 22)
    exported = torch.export.export(isp, (raw,)).module()
    exported(raw).square().mean().backward()
    isp(raw).square().mean().backward()
    found = dict(exported.named_parameters())
    for knob, parameter in isp.named_parameters():
        torch.testing.assert_close(found[knob].grad, parameter.grad, rtol=1e-3, atol=1e-6)


def compiled_agrees(name: str, backend: str) -> None:
    torch.compiler.reset()
    isp = camsim.compile(name).isp
    compiled: Callable[[Tensor], Tensor] = torch.compile(isp, backend=backend, fullgraph=True)
    with torch.no_grad():
        for shape in ((1, 32, 40), (2, 37, 43)):
            raw = mosaic(name, *shape)
            torch.testing.assert_close(compiled(raw), isp(raw), rtol=0, atol=1e-5)


@each_chain
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.filterwarnings("ignore")  # torch's tracer warns of torch's own parts
def test_compile_in_one_graph(name: str, backend: str) -> None:
    compiled_agrees(name, backend)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor compiles with g++, which is not there")
@pytest.mark.filterwarnings("ignore")
def test_compile_with_inductor() -> None:
    compiled_agrees("machine-vision/imx250", "inductor")


@each_chain
def test_vmap_over_knobs(name: str) -> None:
    isp, raw = camsim.compile(name).isp, mosaic(name, 2, 19, 24)
    factors = torch.tensor([0.9, 1.0, 1.15])
    knobs = {knob: value.detach() * factors.view(-1, *[1] * value.ndim) for knob, value in isp.named_parameters()}

    def develop(values: dict[str, Tensor]) -> Tensor:
        image: Tensor = functional_call(isp, values, (raw,))
        return image

    together = vmap(develop)(knobs)
    for number in range(3):
        alone = develop({knob: values[number] for knob, values in knobs.items()})
        torch.testing.assert_close(together[number], alone, rtol=0, atol=1e-4)
    assert (together[0] - together[2]).abs().max() > 1e-2
