"""The three tasks of the benchmark."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

import camsim
from audit.camera import open_camera
from audit.data import Sample
from audit.models import Model, load_model
from audit.models.gradient import GradientModel, NoGradient, open_gradient
from audit.task import ClassTask, DisagreementTask, PixelTask
from benchmarks.launch import ROOT
from benchmarks.search import networks, vehicles
from benchmarks.search.cache import trained
from benchmarks.search.case import Case, Picture, named, narrowed, samples, widened
from benchmarks.search.text_lines import lines
from camsim.atomic import atomic_path
from camsim.spec import Range
from examples.train_tree_classifier import SIDE, network, patches

PHOTOS = ROOT.parent / "shared" / "data" / "aerial_trees"
"""Aerial photographs with tree-crown boxes; see examples/train_tree_classifier.py."""
HIDDEN = NoGradient("kept from the search, to see what it does without")
WIDE = {
    "isp.black_level.level": Range(relative=1.0),
    "isp.white_balance.gains": Range(relative=0.5),
    "isp.color_matrix.matrix": Range(absolute=0.5),
    "isp.sharpen.kernel": Range(absolute=0.5),
    "isp.denoise.kernel": Range(absolute=0.1),
    "isp.gamma.gamma": Range(interval=(1.0, 4.0)),
    "isp.additive_layer.offsets": Range(absolute=0.3),
}
"""Of the ladder: so far apart that the price, not the range, says where a search ends."""
HELD_OUT = 256
"""Samples that found cases are judged on, where they are generated."""


def trees(search: int, quick: bool = False) -> Case:
    """Tree crown or background, on aerial photographs split by region; the model is ONNX."""
    return _trees("trees", narrowed(camsim.load("board/rpi-hq-imx477"), 0.4), search, quick)


def ladder_trees(search: int, quick: bool = False, seed: int = 0) -> Case:
    """The same through the parametrised pipeline of the seed system, whose knobs go as far as the price lets them.

    Another ``seed`` is another network, from other initial weights, and other samples to search on.
    """
    profile = widened(camsim.load("seed/drone/parametrised"), WIDE)
    torch.manual_seed(seed)
    return _trees(f"ladder-{seed}", profile, search, quick, seed)


def _trees(name: str, profile: camsim.Profile, search: int, quick: bool, seed: int = 0) -> Case:
    rng = np.random.default_rng(0)
    photos = sorted(PHOTOS.glob("*.png"))
    if not photos:
        raise FileNotFoundError(f"{PHOTOS}: no photographs there")
    # Rows of each photograph: none is trained on and searched or judged on, and a strip between them is left out.
    training, searched, held = (
        [patch for photo in photos for patch in patches(photo, rows, rng)]
        for rows in ((0.0, 0.60), (0.65, 0.77), (0.79, 1.0))
    )
    net, epochs = network(), 2 if quick else 25
    weights = trained(
        net,
        name,
        f"{_code(networks.fit)} {epochs} {_chain(profile)} {[photo.name for photo in photos]}",
        lambda module: networks.fit(
            module,
            profile,
            [picture for picture, _ in training],
            torch.tensor([label for _, label in training]),
            epochs,
            2e-3,
        ),
    )
    path = weights.with_suffix(".onnx")
    if not path.exists():
        with atomic_path(path) as temporary, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter that needs no further package announces its successor
            torch.onnx.export(
                net,
                (torch.zeros(1, 3, SIDE, SIDE),),
                str(temporary),
                dynamo=False,
                opset_version=17,
                input_names=["image"],
                dynamic_axes={"image": {0: "batch"}},
            )
    model = load_model(path, overrides={"output_kind": "logits", "classes": ["background", "tree"]})
    if seed:
        rng = np.random.default_rng(seed)
    order = rng.permutation(len(searched))[:search]
    labelled = {f"search/{i:04d}": searched[i] for i in order} | {f"held/{i:04d}": p for i, p in enumerate(held)}
    pictures = {name: picture for name, (picture, _) in labelled.items()}
    aims = {name: label for name, (_, label) in labelled.items()}
    gradient = _gradient(model, pictures)
    return Case(
        name,
        "tree crown or background (ONNX)",
        "accuracy",
        profile,
        ClassTask(model, aims, gradient),
        ClassTask(model, aims, HIDDEN),
        "ONNX",
        *_parts(pictures),
        model.sha256,
    )


def vehicle_masks(search: int, quick: bool = False) -> Case:
    """Vehicles on generated ground, pixel by pixel; the model is torch."""
    profile = narrowed(camsim.load("phone/google-pixel-imx378"), 0.6)
    net = networks.UNet()
    scenes, epochs = (64, 1) if quick else (800, 20)
    training = vehicles.scenes(scenes, seed=1)
    weights = trained(
        net,
        "vehicles",
        f"{_code(networks)} {_code(vehicles)} {scenes} {epochs} {_chain(profile)}",
        lambda module: networks.fit(
            module,
            profile,
            [picture for picture, _ in training],
            torch.from_numpy(np.stack([mask for _, mask in training])),
            epochs,
            4e-3,
        ),
    )
    drawn = {
        f"{part}/{i:04d}": scene
        for part, count, seed in (("search", search, 2), ("held", HELD_OUT, 3))
        for i, scene in enumerate(vehicles.scenes(count, seed))
    }
    masks = {name: mask for name, (_, mask) in drawn.items()}
    module = networks.folded(net)
    return Case(
        "vehicles",
        "vehicles, pixel by pixel (torch)",
        "mean IoU",
        profile,
        PixelTask(module, masks),
        PixelTask(module, masks, differentiable=False),
        "torch",
        *_parts({name: picture for name, (picture, _) in drawn.items()}),
        hashlib.sha256(weights.read_bytes()).hexdigest(),
    )


def text_lines(search: int, quick: bool = False) -> Case:
    """Which way up a text line is, by PP-OCR's classifier as it comes, without labels."""
    profile = narrowed(camsim.load("phone/google-pixel-imx378"), 0.75)
    model = load_model(
        ppocr("ch_ppocr_mobile_v2.0_cls_infer.onnx"),
        overrides={
            "color": "BGR",
            "input_size": [48, 192],
            "mean": 0.5,
            "std": 0.5,
            "output_kind": "probabilities",
            "classes": ["0", "180"],
        },
    )
    pictures = named("search", lines(search, seed=2)) | named("held", lines(HELD_OUT, seed=3))
    camera = open_camera(camsim.load("reference/srgb"))
    seen = [camera.shoot(sample.load(), 0, sample.id) for sample in samples(pictures)]
    reference = dict(zip(pictures, model.log_probabilities(seen), strict=True))
    gradient = _gradient(model, pictures)
    return Case(
        "text",
        "text line upside down or not, PP-OCR (ONNX, label-free)",
        "agreement",
        profile,
        DisagreementTask(model, reference, gradient),
        DisagreementTask(model, reference, HIDDEN),
        "ONNX",
        *_parts(pictures),
        model.sha256,
    )


CASES: Mapping[str, tuple[Callable[[int, bool], Case], int]] = {
    "trees": (trees, 40),
    "vehicles": (vehicle_masks, 12),
    "text": (text_lines, 48),
}
"""How each task is made, and on how many samples it is searched."""


def ppocr(file: str) -> Path:
    """A model of PP-OCR from the wheel of rapidocr-onnxruntime, which is not imported.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    found = importlib.util.find_spec("rapidocr_onnxruntime")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("needs PP-OCR's models: pip install --no-deps rapidocr-onnxruntime")
    return Path(found.origin).parent / "models" / file


def _parts(pictures: Mapping[str, Picture]) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """What is searched, and what is held out, by the beginning of the ids."""
    searched, held = (
        samples({key: picture for key, picture in pictures.items() if key.startswith(part)})
        for part in ("search/", "held/")
    )
    return searched, held


def _gradient(model: Model, pictures: Mapping[str, Picture]) -> GradientModel:
    gradient = open_gradient(model, list(pictures.values())[:4])
    if isinstance(gradient, NoGradient):
        raise RuntimeError(f"{model.name}: {gradient.reason}")
    return gradient


def _chain(profile: camsim.Profile) -> str:
    """What decides the pictures; ranges and choices do not."""
    return profile.model_dump_json(include={"sensor", "isp"})


def _code(part: Callable[..., object] | object) -> str:
    return inspect.getsource(part)  # type: ignore[arg-type]
