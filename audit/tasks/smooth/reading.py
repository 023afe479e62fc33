"""Text recognition: how unlikely the aimed text is by connectionist temporal classification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import ctc_loss

from audit.decoders.ctc import CtcDecoder
from audit.frame import Frame
from audit.predictions import Reading
from audit.tasks.text import normal

_LEAST = 1e-12


@dataclass(frozen=True)
class ReadingLoss:
    """1 - p^(1 / L), in [0, 1]: p is the probability of the aimed text, over all ways to align it (Graves et al., ICML
    2006), L its length, at least 1; the root makes it that of a character.

    Characters of the aim that the model does not know are left out of p and count as lost.
    """

    decoder: CtcDecoder
    name: str
    alphabet: tuple[str, ...]
    """All but the blank."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def __call__(
        self, outputs: Mapping[str, Tensor], frame: Frame, truth: str | None, reference: Reading | None
    ) -> Tensor:
        if truth is None:
            assert reference is not None
            truth = normal(reference.text)
        values = outputs[self.name].to(torch.float64)
        values = values.reshape(-1, values.shape[-1])
        log_p = values.clamp(_LEAST, 1).log() if self.decoder.holds == "probabilities" else values.log_softmax(dim=1)
        blank = self.decoder.blank % values.shape[1]
        places = _spelt(truth, self.alphabet)
        known = [place + (place >= blank) for place in places if place is not None]
        targets = torch.tensor([known], dtype=torch.long)
        nll = ctc_loss(
            log_p[:, None], targets, torch.tensor([len(log_p)]), torch.tensor([len(known)]), blank, reduction="none"
        )[0]
        length = max(1, len(places))
        if not torch.isfinite(nll):  # the text has more characters than there are places for them
            return (log_p * 0).sum() + 1
        read = torch.exp(-nll / max(1, len(known)))
        return 1 - read * (len(known) / length if places else 1.0)


def _spelt(text: str, alphabet: tuple[str, ...]) -> list[int | None]:
    """Places in the alphabet of a text's characters, the longest match first; None: not in it."""
    table = {character: place for place, character in reversed(list(enumerate(alphabet)))}
    longest = max(map(len, table), default=1)
    found: list[int | None] = []
    start = 0
    while start < len(text):
        for size in range(min(longest, len(text) - start), 0, -1):
            place = table.get(text[start : start + size])
            if place is not None:
                break
        found.append(place)
        start += size if place is not None else 1
    return found
