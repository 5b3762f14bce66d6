"""What a fully convolutional detector says about the cells of a grid: targets, loss and boxes.

DetectNet (NVIDIA 2016) has a coverage map for each class and the distances from each cell's centre to the edges of the
object that covers it. Coverage is trained with the focal loss (Lin et al. 2017), boxes with the generalised IoU
(Rezatofighi et al. 2019); cells around an object's centre are its own, as in FCOS (Tian et al. 2019).
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

from engine.tasks.suppression import best_boxes

CENTRAL = 0.25  # of an object's width and height, to each side of its centre: cells that are covered
DISTANCE_WEIGHT = 0.2  # of the distances' own loss, which leads boxes of negative size back
BOX_VALUES = 4
TAUGHT_FROM = 0.05  # the prototype's coverage from which its boxes teach


@dataclass(frozen=True)
class Grid:
    """The grid of a detector's output.

    Attributes:
        classes: Coverage maps.
        height, width: Cells.
        stride: Pixels from cell to cell.
    """

    classes: int
    height: int
    width: int
    stride: int

    @classmethod
    def read(cls, outputs: tuple[int, ...], classes: int, image: tuple[int, int]) -> "Grid | None":
        """The grid whose maps have this shape for an image of (height, width); None when there is none."""
        if len(outputs) != 3 or outputs[0] != classes + BOX_VALUES:
            return None
        strides = [s for s in range(1, max(image) + 1) if tuple(math.ceil(side / s) for side in image) == outputs[1:]]
        if not strides:
            return None
        stride = min(strides, key=lambda s: (s.bit_count() > 1, s))  # several may fit: networks halve their maps
        return cls(classes, *outputs[1:], stride)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the outputs for an image."""
        return self.classes + BOX_VALUES, self.height, self.width

    def centres(self, like: Tensor) -> Tensor:
        """x, y of each cell's centre in pixels: height × width × 2."""
        y, x = (self.stride * (torch.arange(n, device=like.device) + 0.5) for n in (self.height, self.width))
        return torch.stack(torch.meshgrid(x, y, indexing="xy"), 2)

    def boxes(self, distances: Tensor) -> Tensor:
        """N × 4 × height × width distances, in strides -> N × height × width × 4 corners, in pixels."""
        left, top, right, bottom = (self.stride * distances).unbind(1)
        x, y = self.centres(distances).unbind(2)
        return torch.stack([x - left, y - top, x + right, y + bottom], 3)

    def targets(self, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(coverage N × classes × height × width, boxes N × height × width × 4, whether a cell is covered).

        Args:
            labels: N × M × 5: class (−1 where there is no object), x1, y1, x2, y2 in pixels.
        """
        there, corners = labels[..., 0] >= 0, labels[..., 1:]
        middle, size = (corners[..., :2] + corners[..., 2:]) / 2, corners[..., 2:] - corners[..., :2]
        reach = (CENTRAL * size).clamp_min(self.stride / 2)  # at least one cell's centre lies that near
        away = (self.centres(labels)[None, None] - middle[:, :, None, None]).abs()  # N × M × height × width × 2
        covers = (away <= reach[:, :, None, None]).all(4) & there[:, :, None, None]
        area = torch.where(covers, size.prod(2)[:, :, None, None], torch.inf)  # a cell belongs to the smallest object
        owner = area.argmin(1) if labels.shape[1] else torch.zeros(len(labels), self.height, self.width).long()
        covered = covers.any(1)
        rows = torch.arange(len(labels), device=labels.device)[:, None, None]
        owned = labels[rows, owner] if labels.shape[1] else labels.new_zeros(*covered.shape, 5)
        classes = F.one_hot(owned[..., 0].clamp_min(0).long(), self.classes).permute(0, 3, 1, 2)
        return classes * covered[:, None], owned[..., 1:], covered

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean over the covered cells."""
        coverage, boxes, covered = self.targets(labels)
        logits, distances = outputs[:, : self.classes].float(), outputs[:, self.classes :].float()
        count = covered.sum().clamp_min(1)
        found = sigmoid_focal_loss(logits, coverage.to(logits), reduction="sum") / count
        mine, wanted = self.boxes(distances)[covered], boxes[covered]
        away = F.smooth_l1_loss(mine / self.stride, wanted / self.stride, reduction="sum") / (4 * count)
        return found + self._overlap_loss(mine, wanted).sum() / count + DISTANCE_WEIGHT * away

    def lesson_loss(self, outputs: Tensor, lesson: Tensor) -> Tensor:
        """How far outputs are from the prototype's: its coverage as soft targets (Li et al. 2020, *Generalized focal
        loss*), and its boxes where it sees an object."""
        logits, taught = outputs[:, : self.classes].float(), lesson[:, : self.classes].sigmoid()
        sure = taught.amax(1)
        count = (sure * (sure > TAUGHT_FROM)).sum().clamp_min(1)
        gap = (logits.sigmoid() - taught).abs().detach()
        found = (gap**2 * F.binary_cross_entropy_with_logits(logits, taught, reduction="none")).sum() / count
        seen = sure > TAUGHT_FROM
        mine, wanted = (self.boxes(t[:, self.classes :].float())[seen] for t in (outputs, lesson))
        away = F.smooth_l1_loss(mine / self.stride, wanted / self.stride, reduction="none").mean(1)
        return found + (sure[seen] * (self._overlap_loss(mine, wanted) + DISTANCE_WEIGHT * away)).sum() / count

    @staticmethod
    def _overlap_loss(mine: Tensor, wanted: Tensor) -> Tensor:
        low, high = mine[:, :2], mine[:, 2:]
        ordered = torch.cat([torch.minimum(low, high), torch.maximum(low, high)], 1)
        return generalized_box_iou_loss(ordered, wanted, reduction="none")

    def detections(self, outputs: Tensor, image: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """What :func:`~engine.tasks.suppression.best_boxes` leaves of N × (classes + 4) × cells."""
        scores = outputs[:, : self.classes].float().sigmoid().flatten(1)
        boxes = self.boxes(outputs[:, self.classes :].float()).flatten(1, 2)
        return best_boxes(scores, boxes, image, self.classes, self.height * self.width)
