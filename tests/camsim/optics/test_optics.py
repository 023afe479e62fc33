"""What the optics must do as a whole: gradients, batches, precision, sizes, refusals."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, get_args

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor
from torch.func import functional_call, vmap

import camsim.optics
from camsim.optics import EFFECTS, Optics, OpticsModule, Vignetting
from camsim.spec import Spec

LENS: dict[str, Any] = {"pixel_pitch": 2.0, "f_number": 2.8, "focal_length": 5.0, "half_diagonal": 3.0}
PIXEL: dict[str, Any] = {"pixel_pitch": 2.0}
FIELD: dict[str, Any] = {"focal_length": 5.0, "half_diagonal": 3.0}

EXAMPLES: dict[str, Optics] = {
    name: Optics.model_validate(given)
    for name, given in {
        "gaussian": PIXEL | {"psf": {"sigma": 1.5}},
        "diffraction": PIXEL | {"f_number": 4.0, "psf": {}},
        "pixel aperture": PIXEL | {"psf": {"fill_factor": 0.8}},
        "all of the psf": PIXEL | {"f_number": 4.0, "psf": {"sigma": 0.7, "defocus": 12.0, "fill_factor": 0.9}},
        "cos4": FIELD | {"vignetting": {"kind": "cos4"}},
        "polynomial": {"vignetting": {"kind": "polynomial", "coefficients": [-0.4, 0.1, -0.05]}},
        "distortion": FIELD | {"distortion": {"k1": -0.11, "k2": 0.02, "p1": 0.003, "p2": -0.002, "k3": 0.01}},
        "bilinear": FIELD | {"interpolation": "bilinear", "distortion": {"k1": 0.08, "p1": 0.02, "p2": 0.03}},
        "chromatic aberration": {"chromatic_aberration": {"red": 1.013, "blue": 0.988}},
        "glare": {"glare": {"uniform": 0.1, "halo": 0.2, "halo_sigma": 0.2}},
        "motion": {"motion": {"length": 3.3, "angle": 35.0}},
        "everything": LENS
        | {
            "distortion": {"k1": -0.1},
            "chromatic_aberration": {"red": 1.01, "blue": 0.99},
            "vignetting": {"kind": "cos4"},
            "glare": {"uniform": 0.05, "halo": 0.1, "halo_sigma": 0.2},
            "motion": {"length": 2.0, "angle": -60.0},
            "psf": {"sigma": 0.5, "defocus": -5.0, "fill_factor": 1.0},
        },
    }.items()
}
HELPERS = {"effect", "field", "frequency", "optics"}
PARTS_OF_THE_PSF = {"measured_spot", "gaussian", "diffraction", "defocus", "pixel_aperture"}

each_lens = pytest.mark.parametrize("spec", EXAMPLES.values(), ids=EXAMPLES)


def light(batch: int, height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_every_file_of_the_folder_is_an_effect_that_is_listed() -> None:
    laws = {law.__name__ for law in get_args(get_args(Vignetting)[0])}
    found = set()
    for module in pkgutil.walk_packages(camsim.optics.__path__, "camsim.optics."):
        name = module.name.rpartition(".")[2]
        if name in HELPERS | PARTS_OF_THE_PSF or module.ispkg:
            continue
        members = vars(importlib.import_module(module.name)).values()
        specs = [m for m in members if isinstance(m, type) and issubclass(m, Spec) and m.__module__ == module.name]
        assert len(specs) == 1, f"{module.name} holds {len(specs)} effects; one effect a file, or list it in HELPERS"
        found.add("vignetting" if specs[0].__name__ in laws else name)
    assert found == set(EFFECTS)
    assert set(EFFECTS) <= set(Optics.model_fields)


@each_lens
def test_parameters_are_exactly_the_knobs(spec: Optics) -> None:
    parameters = {f"optics.{name}": value.tolist() for name, value in OpticsModule(spec).named_parameters()}
    parts = spec.parts().items()
    assert parameters == {f"{path}.{field}": v.tolist() for path, part in parts for field, v in part.knobs().items()}


@each_lens
def test_gradients_of_the_scene_and_of_every_knob(spec: Optics) -> None:
    lens = OpticsModule(spec)
    names = [name for name, _ in lens.named_parameters()]
    knobs = [parameter.detach().clone().requires_grad_() for _, parameter in lens.named_parameters()]
    scene = light(1, 5, 6).requires_grad_()

    def apply(scene: Tensor, *knobs: Tensor) -> Tensor:
        result: Tensor = functional_call(lens, dict(zip(names, knobs, strict=True)), (scene,))
        return result

    assert torch.autograd.gradcheck(apply, (scene, *knobs), atol=1e-7, rtol=1e-5)
    for name, gradient in zip(
        ["scene", *names], torch.autograd.grad(apply(scene, *knobs).square().sum(), [scene, *knobs]), strict=True
    ):
        assert gradient.abs().max() > 1e-5, name


@each_lens
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (17, 20), (18, 21)])
def test_it_is_linear_in_the_light_at_any_size(spec: Optics, size: tuple[int, int]) -> None:
    lens = OpticsModule(spec)
    x, y = light(1, *size, seed=1), light(1, *size, seed=2)
    assert (lens(0.3 * x + 4 * y) - (0.3 * lens(x) + 4 * lens(y))).abs().max() < 1e-12
    assert lens(x).shape == x.shape


@each_lens
def test_a_batch_equals_its_samples_to_the_bit(spec: Optics) -> None:
    lens = OpticsModule(spec).float()
    scenes = light(3, 17, 20).float()
    with torch.no_grad():
        assert torch.equal(lens(scenes), torch.cat([lens(scene[None]) for scene in scenes]))


@each_lens
def test_float32_agrees_with_float64(spec: Optics) -> None:
    scene = light(2, 21, 18)
    single = OpticsModule(spec).float()(scene.float())
    assert single.dtype == torch.float32
    assert (single - OpticsModule(spec)(scene)).abs().max() < 1e-5


@each_lens
def test_an_even_scene_stays_even_but_for_vignetting(spec: Optics) -> None:
    lens = OpticsModule(spec)
    even = lens(torch.full((1, 3, 12, 15), 0.5, dtype=torch.float64))
    assert (bool((even - 0.5).abs().max() < 1e-12)) is (spec.vignetting is None)


@pytest.mark.parametrize("name", ["all of the psf", "glare", "polynomial", "chromatic aberration"])
def test_a_mirrored_scene_gives_the_mirrored_picture(name: str) -> None:
    """Nothing is off by half a pixel."""
    lens, scene = OpticsModule(EXAMPLES[name]), light(1, 16, 19)
    for axis in (-1, -2):
        assert (lens(scene.flip(axis)).flip(axis) - lens(scene)).abs().max() < 1e-12


def test_knobs_can_be_vmapped() -> None:
    lens, scene = OpticsModule(EXAMPLES["everything"]), light(1, 8, 9)
    values = torch.tensor([0.1, 2.0], dtype=torch.float64)
    k1 = torch.tensor([-0.05, 0.1], dtype=torch.float64)
    both = vmap(lambda s, k: functional_call(lens, {"psf.sigma": s, "distortion.k1": k}, (scene,)))(values, k1)
    for one, sigma, k in zip(both, values, k1, strict=True):
        alone = functional_call(lens, {"psf.sigma": sigma, "distortion.k1": k}, (scene,))
        assert (one - alone).abs().max() < 1e-12


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "names no effect"),
        (LENS, "names no effect"),
        ({"psf": {"sigma": 1.0}}, "psf needs pixel_pitch"),
        (PIXEL | {"psf": {}}, "psf blurs nothing"),
        (PIXEL | {"psf": {"defocus": 3.0}}, "psf.defocus needs f_number"),
        ({"f_number": 2.0, "motion": {"length": 1.0}}, "f_number has an effect in a psf alone"),
        ({"focal_length": 2.0, "motion": {"length": 1.0}}, "focal_length has an effect in distortion and in cos4"),
        ({"distortion": {"k1": 0.1}}, "distortion needs focal_length and half_diagonal"),
        ({"focal_length": 2.0, "vignetting": {"kind": "cos4"}}, "vignetting of kind cos4 needs focal_length and half"),
        (FIELD | {"distortion": {"k1": -3.0}}, "distortion folds the picture over"),
        (PIXEL | {"f_number": 1.4, "psf": {"defocus": 900.0}}, "is 124 waves at f/1.4; at most 30 are computed"),
        (PIXEL | {"psf": {"sigma": -1.0}}, "must lie in"),
        (PIXEL | {"psf": {"sigma": 1.0, "wavelengths": [611, 549, 46]}}, "greater than or equal to 200"),
        ({"motion": {"length": 1.0, "speed": 3}}, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Optics.model_validate(given)
