"""A small reader of digits is trained; as an ONNX file and as a torch module it reads the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from audit.data import Dataset, Sample
from audit.data.truth import Text
from audit.decoders import CtcDecoder
from audit.models import Network, open_network
from audit.tasks.text import TextTask

from .simple import value
from .test_trained import export

GLYPHS = {
    "0": "###|# #|# #|# #|###",
    "1": " # |## | # | # |###",
    "2": "###|  #|###|#  |###",
    "3": "###|  #|###|  #|###",
    "4": "# #|# #|###|  #|  #",
    "7": "###|  #| # | # | # ",
}
DIGITS = "".join(GLYPHS)
SHAPE = (16, 64)
TRAIN, HELD_OUT, STEPS = 512, 60, 180


def written(seed: int) -> tuple[NDArray[np.uint8], str]:
    """One to five digits, dark on noisy grey."""
    rng = np.random.default_rng(seed)
    text = "".join(rng.choice(list(DIGITS), rng.integers(1, 6)))
    picture = rng.normal(190, 15, (*SHAPE, 3))
    left = int(rng.integers(2, 8))
    for digit in text:
        cells = np.array([[cell == "#" for cell in row] for row in GLYPHS[digit].split("|")]).repeat(2, 0).repeat(2, 1)
        top = int(rng.integers(1, 5))
        picture[top : top + 10, left : left + 6][cells] -= 130
        left += int(rng.integers(9, 12))
    return np.clip(picture, 0, 255).astype(np.uint8), text


class Reader(nn.Module):
    """(B, 3, 16, 64) -> (B, 32, 7) logits: a column for every two pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(3, 24, 3, (2, 1), 1), nn.BatchNorm2d(24), nn.ReLU()),
            *(nn.Conv2d(24, 48, 3, 2, 1), nn.BatchNorm2d(48), nn.ReLU()),
            *(nn.Conv2d(48, 64, (4, 5), 1, (0, 2)), nn.BatchNorm2d(64)),
        )
        self.last = nn.Conv1d(64, len(DIGITS) + 1, 3, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(F.relu(self.layers(image - 0.6)[:, :, 0])).transpose(1, 2)


def trained() -> Reader:
    torch.manual_seed(0)
    network = Reader()
    pages = [written(seed) for seed in range(TRAIN)]
    images = torch.stack([torch.from_numpy(picture).permute(2, 0, 1) for picture, _ in pages]).float() / 255
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    rate = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, STEPS)
    for step in range(STEPS):
        chosen = np.random.default_rng(step).choice(TRAIN, 32, replace=False)
        aims = [[DIGITS.index(digit) + 1 for digit in pages[place][1]] for place in chosen]
        chances = network(images[chosen]).log_softmax(dim=2).transpose(0, 1)
        lengths = torch.tensor([len(aim) for aim in aims])
        flat = torch.tensor([index for aim in aims for index in aim])
        optimiser.zero_grad()
        F.ctc_loss(chances, flat, torch.full((32,), chances.shape[0]), lengths).backward()
        optimiser.step()
        rate.step()
    return network.eval()


def measured(network: Network) -> tuple[dict[str, float], list[str]]:
    pages = [written(seed) for seed in range(TRAIN, TRAIN + HELD_OUT)]
    samples = tuple(
        Sample(f"s{place:02}", None, lambda: torch.zeros(3, *SHAPE), lambda text=text: Text(text))
        for place, (_, text) in enumerate(pages)
    )
    data = Dataset("digits", samples, None, "0" * 64, "Digits.", "text")
    task = TextTask(network, CtcDecoder(characters=tuple(DIGITS)), data)
    answers = task.predict([picture for picture, _ in pages])
    marks = [task.mark(a, a, task.truth(s, SHAPE)) for a, s in zip(answers, samples, strict=True)]
    rows: list[Any] = [mark.own for mark in marks]
    figures = {"cer": value(task, "cer", rows), "exact": float(np.mean([row["exact"] for row in rows]))}
    figures["confidence"] = float(np.mean([mark.confidence for mark in marks]))
    return figures, [answer.text for answer in answers]


@pytest.mark.slow
def test_onnx_and_torch_read_the_same(tmp_path: Path) -> None:
    reader = trained()
    by_torch, texts = measured(open_network(reader, overrides={"input_size": list(SHAPE)}))
    by_onnx, same = measured(open_network(export(reader, tmp_path / "reader.onnx", SHAPE)))
    assert same == texts
    assert by_onnx == pytest.approx(by_torch, abs=1e-4)
    assert by_torch["cer"] < 0.05
