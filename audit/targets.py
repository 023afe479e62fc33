"""Which class of the model's output each labelled sample should get."""

from __future__ import annotations

import numpy as np

from audit.data import Dataset
from audit.models import Model
from camsim.errors import CamsimError, did_you_mean


def output_size(model: Model) -> int:
    """Number of classes, by one inference on plain grey, so that a model that cannot run is found out at once."""
    grey = np.full((224, 224, 3), 128, dtype=np.uint8)
    return int(model.log_probabilities([grey]).shape[1])


def class_targets(model: Model, data: Dataset, classes: int) -> dict[str, int] | None:
    """Index of each sample's class in the model's output."""
    names = class_indices(model.classes, data, classes)
    if names is None:
        return None
    return {sample.id: names[sample.target] for sample in data.samples if sample.target is not None}


def class_indices(known: tuple[str, ...] | None, data: Dataset, classes: int) -> dict[str, int] | None:
    """Index of each of the data's classes in the model's output.

    Args:
        known: the model's class names, where they are.
        data: None comes back where they have no classes.
        classes: how many the model has.

    Raises:
        CamsimError: the model does not know a class.
    """
    if data.class_names is None:
        return None
    if known is not None:
        names = {name: index for index, name in enumerate(known)}
        unknown = [name for name in data.class_names if name not in names]
        if unknown:
            hint = did_you_mean(unknown[0], names)
            raise CamsimError(
                f"{data.name}: its classes {', '.join(map(repr, unknown[:5]))} are not classes of the model{hint}"
                "; rename them, or correct the model's class names"
            )
    elif len(data.class_names) == classes:
        names = {name: index for index, name in enumerate(data.class_names)}
    else:
        raise CamsimError(
            f"{data.name} has {len(data.class_names)} classes but the model has {classes}: name the "
            "model's classes with --classes FILE or in its sidecar, or use --labels none"
        )
    return names
