"""Text recognition: convolutions, then recurrence along the line (Shi et al. 2015, arXiv:1507.05717)."""

from __future__ import annotations

from torch import Tensor, nn

from benchmarks.zoo.networks.cnn import layer


class Recurrent(nn.Module):
    """(1, 3, 32, W) -> log-probabilities (W / 4, 1, 30) of characters."""

    def __init__(self, kind: type[nn.RNNBase] = nn.LSTM) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *layer(3, 16), nn.ReLU(), nn.MaxPool2d(2), *layer(16, 32), nn.ReLU(), nn.MaxPool2d(2), *layer(32, 32)
        )
        self.along = kind(8 * 32, 24, num_layers=2, bidirectional=True)
        self.last = nn.Linear(48, 30)

    def forward(self, x: Tensor) -> Tensor:
        features = self.features(x).flatten(1, 2).permute(2, 0, 1)
        return self.last(self.along(features)[0]).log_softmax(-1)
