"""Masks come to the picture as torch samples them, and both mask heads give the masks that were written into them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter
from torch.nn.functional import grid_sample, interpolate

from audit.decoders import AnyDecoder
from audit.decoders.masks import box_mask, map_mask
from audit.frame import Frame

WHOLE = np.array([0.0, 0.0, 64.0, 48.0])


def decoder(**fields: Any) -> Any:
    return TypeAdapter(AnyDecoder).validate_python(fields)


def test_a_map_over_the_input_is_enlarged_as_torch_does() -> None:
    values = np.random.default_rng(0).normal(size=(12, 16))
    frame = Frame.unchanged((48, 64))
    large = interpolate(torch.from_numpy(values)[None, None], (48, 64), mode="bilinear", align_corners=False)[0, 0]
    np.testing.assert_array_equal(map_mask(values, WHOLE, frame, 0.1), large.numpy() > 0.1)
    inside = map_mask(values, np.array([10.0, 5.0, 40.0, 30.0]), frame, 0.1)
    np.testing.assert_array_equal(inside[5:30, 10:40], large.numpy()[5:30, 10:40] > 0.1)
    assert inside.sum() == inside[5:30, 10:40].sum()


def test_a_map_follows_the_letterbox() -> None:
    # A bright square of the picture, 20..30 x 40..60, seen at half its size with bars of 8 rows.
    values = np.zeros((48, 64))
    values[8 + 10 : 8 + 15, 20:30] = 1
    frame = Frame(shape=(64, 128), fed=(48, 64), resized=(32, 64), top=8, left=0)
    mask = map_mask(values, np.array([0.0, 0.0, 128.0, 64.0]), frame, 0.5)
    expected = np.zeros((64, 128), dtype=bool)
    expected[20:30, 40:60] = True
    assert (mask & expected).sum() / (mask | expected).sum() > 0.9


def test_a_mask_is_pasted_into_its_box_as_detectron2_does() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        values = rng.random((28, 28))
        left, top = rng.uniform(-20, 40, 2)
        box = np.array([left, top, left + rng.uniform(2, 60), top + rng.uniform(2, 60)])
        # Detectron2's _do_paste_mask.
        x = (torch.arange(64) + 0.5 - box[0]) / (box[2] - box[0]) * 2 - 1
        y = (torch.arange(48) + 0.5 - box[1]) / (box[3] - box[1]) * 2 - 1
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], dim=2)[None].double()
        expected = grid_sample(torch.from_numpy(values)[None, None], grid, align_corners=False)[0, 0] >= 0.5
        mask = box_mask(values, box, Frame.unchanged((48, 64)), 0.5)
        inside = np.zeros((48, 64), dtype=bool)  # beyond the box, Detectron2 lets half a mask pixel fade out
        rows, columns = np.arange(48) + 0.5, np.arange(64) + 0.5
        inside[np.ix_((rows >= box[1]) & (rows < box[3]), (columns >= box[0]) & (columns < box[2]))] = True
        np.testing.assert_array_equal(mask, expected.numpy() & inside)


def discs() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rows, columns = np.mgrid[:96, :128]
    centres, radii = [(30, 40), (60, 90)], [15, 25]
    masks = np.array(
        [(rows - y) ** 2 + (columns - x) ** 2 < r * r for (y, x), r in zip(centres, radii, strict=True)], dtype=bool
    )
    corners = np.array([[x - r, y - r, x + r, y + r] for (y, x), r in zip(centres, radii, strict=True)], dtype=float)
    return corners, masks


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return float((first & second).sum() / (first | second).sum())


def test_prototypes_and_coefficients() -> None:
    corners, masks = discs()
    prototypes = np.where(masks[:, ::4, ::4], 4.0, -4.0).astype(np.float32)
    prototypes = np.concatenate([prototypes, np.random.default_rng(0).normal(size=(2, 24, 32))])
    table = np.zeros((4 + 3 + 4, 1500), dtype=np.float32)
    for place, (box, label) in enumerate(zip(corners, (2, 0), strict=True)):
        table[:4, 100 * place] = [*(box[:2] + box[2:]) / 2, *(box[2:] - box[:2])]
        table[4 + label, 100 * place] = 0.9 - place / 10
        table[7 + place, 100 * place] = 1.0
    read = decoder(kind="yolov8_masks")
    assert read.class_count({"output0": table, "output1": prototypes}) == 3
    found = read.decode({"output0": table, "output1": prototypes}, Frame.unchanged((96, 128)))
    assert found.labels.tolist() == [2, 0]
    assert [mask.shape for mask in found.masks] == [(96, 128)] * 2
    assert min(overlap(mine, theirs) for mine, theirs in zip(found.masks, masks, strict=True)) > 0.85


def test_mask_rcnn_with_masks_of_boxes_and_of_the_whole_input() -> None:
    corners, masks = discs()
    outputs = {"boxes": corners[::-1].copy(), "scores": np.array([0.4, 0.9]), "labels": np.array([1, 3])}
    whole = outputs | {"masks": masks[::-1, None].astype(np.float32)}
    frame = Frame.unchanged((96, 128))
    fields = {"kind": "maskrcnn", "boxes": "boxes", "scores": "scores", "labels": "labels", "first_label": 1}
    found = decoder(**fields, mask_extent="input").decode(whole, frame)
    # The surest first, and its mask with it.
    assert found.labels.tolist() == [2, 0]
    assert min(overlap(mine, theirs) for mine, theirs in zip(found.masks, masks, strict=True)) > 0.95
    small = np.stack(
        [
            interpolate(torch.from_numpy(mask[int(y0) : int(y1), int(x0) : int(x1)]).float()[None, None], (28, 28),
                        mode="bilinear", antialias=True)[0].numpy()
            for mask, (x0, y0, x1, y1) in zip(masks[::-1], corners[::-1], strict=True)
        ]
    )  # fmt: skip
    found = decoder(**fields).decode(outputs | {"masks": small}, frame)
    assert min(overlap(mine, theirs) for mine, theirs in zip(found.masks, masks, strict=True)) > 0.9
    none = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "labels": np.zeros(0), "masks": np.zeros((0, 1, 28, 28))}
    assert decoder(**fields).decode(none, frame).masks == ()
