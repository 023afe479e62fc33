"""From a model and data to a task: the readable list of tasks, and which of them is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from torch import nn
from typing_extensions import TypeIs

from audit.camera import open_camera
from audit.data import Dataset, Sample
from audit.data.truth import TruthKind
from audit.decoders import (
    AnyDecoder,
    ClassMapDecoder,
    Decoder,
    EmbeddingDecoder,
    LabelChancesDecoder,
    ValuesDecoder,
)
from audit.models import Model, Network, Trust, as_classifier, open_network, understand
from audit.models.factory import is_place, make
from audit.models.load import NOBODY
from audit.models.model import is_classifier
from audit.progress import Progress
from audit.tasks.classification import Classification
from audit.tasks.decoded import DecodedTask
from audit.tasks.depth import DepthTask
from audit.tasks.detection import Detection
from audit.tasks.instances import Instances
from audit.tasks.keypoints import KeypointsTask
from audit.tasks.multilabel import Multilabel
from audit.tasks.poses import PosesTask
from audit.tasks.regression import Regression
from audit.tasks.retrieval import Retrieval
from audit.tasks.segmentation import Segmentation
from audit.tasks.text import TextTask
from audit.tasks.vision_task import VisionTask
from camsim import Profile
from camsim.errors import CamsimError, did_you_mean

DECODED: Mapping[str, Callable[[Network, Any, Dataset], DecodedTask[Any]]] = MappingProxyType(
    {
        "multilabel": Multilabel,
        "detection": Detection,
        "instances": Instances,
        "segmentation": Segmentation,
        "regression": Regression,
        "keypoints": KeypointsTask,
        "poses": PosesTask,
        "depth": DepthTask,
        "retrieval": Retrieval,
        "text": TextTask,
    }
)
"""Tasks whose answers a decoder reads."""

TASKS = ("classification", *DECODED)
"""Everything that ``--task`` takes, besides auto."""

_PLAIN: Mapping[str, Decoder] = MappingProxyType(
    {
        "multilabel": LabelChancesDecoder(),
        "segmentation": ClassMapDecoder(),
        "regression": ValuesDecoder(),
        "retrieval": EmbeddingDecoder(),
    }
)
"""What reads the outputs where nothing is declared and one decoder is usual; it is reported as assumed."""

_KINDS: tuple[type[Decoder], ...] = get_args(get_args(AnyDecoder)[0])

_BY_TRUTH: Mapping[TruthKind, str] = MappingProxyType(
    {
        "class": "classification",
        "labels": "multilabel",
        "boxes": "detection",
        "class_map": "segmentation",
        "values": "regression",
        "keypoints": "keypoints",
        "poses": "poses",
        "depth": "depth",
        "text": "text",
    }
)


def open_task(
    model: Model | Network | VisionTask[Any] | nn.Module | str | Path,
    data: Dataset,
    task: str = "auto",
    trust: Trust = NOBODY,
) -> VisionTask[Any]:
    """Bind a model to data.

    Args:
        model: a file, a module or network, a classifier with the methods of `audit.models.Model`, or a task.
        data: what it is asked about.
        task: one of `TASKS`; auto: as the model or its sidecar says, else as the data are labelled, else as the
            outputs look, else classification. Or ``module:function``, which is called with the network and the data
            and gives a task, such as an `audit.tasks.custom.CustomTask`.
        trust: whether code may run: that which comes with a model's file, and that of ``module:function``.

    Raises:
        UnsafeError: code that is not trusted.
        CamsimError: no such task, a model that cannot do it, or data that do not fit.
    """
    if is_place(task):
        return _own(task, model, data, trust)
    if task not in ("auto", *TASKS):
        raise CamsimError(f"--task: unknown {task!r}{did_you_mean(task, TASKS)} (auto, {', '.join(TASKS)})")
    if _is_task(model):
        if task not in ("auto", model.key):
            raise CamsimError(f"--task {task}: the model is given as a task already, {model.key}")
        return model
    if is_classifier(model):
        if task not in ("auto", "classification"):
            raise CamsimError(f"--task {task}: {model.name} is given as a classifier")
        return Classification(model, data)
    network = open_network(model, trust=trust)
    key = _key(network, data) if task == "auto" else task
    if key == "classification":
        return Classification(as_classifier(network), data)
    if key not in DECODED:
        raise CamsimError(f"{network.name}: is for the task {key!r}; camsim audits {', '.join(TASKS)}")
    decoder, assumed = _decoder(network, key)
    opened = DECODED[key](network, decoder, data)
    opened.guesses = (*([] if task == key or network.task == key else [f"task {key}"]), *assumed)
    return opened


def _own(place: str, model: Any, data: Dataset, trust: Trust) -> VisionTask[Any]:
    """The task that a function of the user's own makes."""
    source = open_network(model, trust=trust) if isinstance(model, str | Path | nn.Module) else model
    made = make(place, trust, source, data).value
    if not _is_task(made):
        raise CamsimError(
            f"--task {place}: gave {type(made).__name__}, which is no task; return an audit.tasks.custom.CustomTask, "
            "or something with the methods of audit.tasks.vision_task.VisionTask"
        )
    return made


def _is_task(model: object) -> TypeIs[VisionTask[Any]]:
    return hasattr(model, "mark")


def seen_by(task: VisionTask[Any], reference: Profile, seed: int) -> VisionTask[Any]:
    """The same task where it compares with pictures of the reference camera themselves: retrieval's gallery."""
    if not isinstance(task, Retrieval):
        return task
    camera = open_camera(reference)

    def show(sample: Sample) -> Any:
        return camera.shoot(sample.load(), seed, sample.id)

    return task.through(show)


def prepare(task: VisionTask[Any], progress: Progress) -> None:
    """What a task needs before its first mark, where that takes long: retrieval's gallery.

    Raises:
        CamsimError: it cannot be made.
    """
    if isinstance(task, Retrieval):
        task.fill_gallery(progress)


def _key(network: Network, data: Dataset) -> str:
    if network.task is not None:
        return network.task
    if data.truth is not None:
        return _BY_TRUTH[data.truth]
    if data.class_names is not None:
        return "classification"
    return understand(network).task or "classification"


def _decoder(network: Network, key: str) -> tuple[Decoder, list[str]]:
    """The decoder that is declared, or the usual one, and what of it nobody declared."""
    if network.decoder is not None:
        return network.decoder, []
    found = understand(network)
    read = (key, *Detection.also) if key == Detection.key else (key,)
    decoder = found.decoder if found.decoder is not None and found.decoder.task in read else _PLAIN.get(key)
    if decoder is None:
        kinds = ", ".join(one.model_fields["kind"].default for one in _KINDS if one.task in read)
        raise CamsimError(
            f"{network.name}: what reads its outputs {', '.join(network.output_names[:6])} has to be declared for "
            f"{key}: in a sidecar as 'decoder: {{kind: KIND}}', or with --decoder KIND; kinds: {kinds}"
        )
    settings = decoder.model_dump(mode="json", exclude_none=True)
    stated = ", ".join(f"{name} {value}" for name, value in settings.items())
    return decoder, [] if found.source == "model" else [f"decoder {stated}"]
