"""The small networks of the benchmark, and how they are trained: on one core, in about a minute each."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.search.case import Picture, take
from camsim import Profile


class UNet(nn.Module):
    """A small U-Net that computes at half the resolution: (B, 3, H, W) in [0, 1] -> (B, 1, H, W) logits; H and W
    divisible by 8."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.down3 = _block(3, 12, 2), _block(12, 24, 2), _block(24, 48, 2)
        self.up2, self.up1 = _block(24 + 48, 24), _block(12 + 24, 16)
        self.logits = nn.Conv2d(16, 4, 1)

    def forward(self, images: Tensor) -> Tensor:
        half = self.down1(images - 0.5)
        quarter = self.down2(half)
        eighth = self.down3(quarter)
        quarter = self.up2(torch.cat([quarter, _twice(eighth)], dim=1))
        half = self.up1(torch.cat([half, _twice(quarter)], dim=1))
        return nn.functional.pixel_shuffle(self.logits(half), 2)


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs), nn.ReLU())


def _twice(image: Tensor) -> Tensor:
    return nn.functional.interpolate(image, scale_factor=2.0)


def fit(
    network: nn.Module, profile: Profile, pictures: list[Picture], targets: Tensor, epochs: int, rate: float
) -> None:
    """Train on what the device makes of the pictures, each turned and mirrored at random.

    Args:
        network: gives one logit a pixel for masks, or one a class.
        profile: the camera that the model is to work with.
        pictures: of one size, square.
        targets: (N,) classes, or (N, H, W) masks of 0 and 1.
        epochs: passes over the data.
        rate: highest learning rate, of AdamW on one cycle.
    """
    torch.manual_seed(0)
    images = take(profile, pictures, seed=0)
    network.train()
    size = 16 if targets.ndim == 3 else 32
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    steps = epochs * -(-len(images) // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps + 1)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(size):  # type: ignore[no-untyped-call]
            seen, wanted = _turned(images[batch], targets[batch])
            loss = _loss(network(seen), wanted)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


def _turned(images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    turns, mirror = int(torch.randint(4, ())), bool(torch.randint(2, ()))

    def turn(array: Tensor) -> Tensor:
        array = torch.rot90(array, turns, (-2, -1))
        return array.flip(-1) if mirror else array

    return turn(images), turn(targets) if targets.ndim == 3 else targets


def _loss(logits: Tensor, wanted: Tensor) -> Tensor:
    if wanted.ndim == 1:
        return nn.functional.cross_entropy(logits, wanted, label_smoothing=0.05)
    mask = wanted.to(logits.dtype)
    said = logits[:, 0].sigmoid()
    dice = 1 - (2 * (said * mask).sum() + 1) / (said.sum() + mask.sum() + 1)
    return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], mask) + dice


def folded(network: nn.Module) -> nn.Module:
    """The same network in evaluation mode with each batch norm folded into the convolution before it: quicker."""
    network.eval()
    for module in network.modules():
        if isinstance(module, nn.Sequential):
            for index in range(len(module) - 1):
                convolution, norm = module[index], module[index + 1]
                if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[index] = nn.utils.fusion.fuse_conv_bn_eval(convolution, norm)
                    module[index + 1] = nn.Identity()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network
