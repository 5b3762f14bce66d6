"""What a single-shot detector says about default boxes: targets, loss and boxes.

SSD (Liu et al. 2016, *SSD: Single shot multibox detector*) as torchvision's SSDLite320 has it: of each default box the
offsets to an object's box and the logits of the background and of the classes; smooth L1 over the boxes that match an
object, and cross-entropy over these and the hardest of the others.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

from engine.tasks.grid import BOX_VALUES, TAUGHT_FROM
from engine.tasks.suppression import best_boxes

BACKGROUND = 1  # logits of it, before those of the classes
FIRST_STRIDE, MAPS = 16, 6
RATIOS, SCALES = [2, 3], (0.2, 0.95)  # torchvision's
MATCHED = 0.5  # IoU with an object from which a default box is its own
HARD = 3  # others that count, for each one that matches
SCALING = (10.0, 10.0, 5.0, 5.0)  # of the offsets, so that they vary by about one
LARGEST = math.log(1000 / 16)  # of a logarithm of sides' ratio


@dataclass(frozen=True)
class Anchors:
    """The default boxes of a detector's output.

    Attributes:
        classes: Without the background.
        boxes: A × 4: centre x and y, width, height, in pixels.
    """

    classes: int
    boxes: Tensor

    @classmethod
    def read(cls, outputs: tuple[int, ...], classes: int, image: tuple[int, int]) -> "Anchors | None":
        """The default boxes of outputs of this shape for an image of (height, width); None when there are none."""
        generator = DefaultBoxGenerator([RATIOS] * MAPS, *SCALES)
        strides = [FIRST_STRIDE * 2**k for k in range(MAPS)]
        maps = [torch.zeros(1, 1, *(math.ceil(side / stride) for side in image)) for stride in strides]
        (corners,) = generator(ImageList(torch.zeros(1, 1, *image), [image]), maps)
        if outputs != (len(corners), BOX_VALUES + BACKGROUND + classes):
            return None
        return cls(classes, torch.cat([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], 1))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the outputs for an image."""
        return len(self.boxes), BOX_VALUES + BACKGROUND + self.classes

    def corners(self, offsets: Tensor) -> Tensor:
        """N × A × 4 offsets -> N × A × 4 corners, in pixels."""
        own = self.boxes.to(offsets.device)
        offsets = offsets / offsets.new_tensor(SCALING)
        centre = own[:, :2] + offsets[..., :2] * own[:, 2:]
        half = offsets[..., 2:].clamp(max=LARGEST).exp() * own[:, 2:] / 2
        return torch.cat([centre - half, centre + half], 2)

    def offsets(self, corners: Tensor) -> Tensor:
        """Inverse of :meth:`corners`."""
        own = self.boxes.to(corners.device)
        centre, size = (corners[..., :2] + corners[..., 2:]) / 2, corners[..., 2:] - corners[..., :2]
        found = torch.cat([(centre - own[:, :2]) / own[:, 2:], (size.clamp_min(1e-3) / own[:, 2:]).log()], 2)
        return found * found.new_tensor(SCALING)

    def targets(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """(classes N × A with 0 for the background, corners N × A × 4).

        Args:
            labels: N × M × 5: class (−1 where there is no object), x1, y1, x2, y2 in pixels.
        """
        labels = F.pad(labels, (0, 0, 0, 1), value=-1.0)  # one row at least
        there = labels[..., 0] >= 0
        own = self.boxes.to(labels.device)
        mine = torch.cat([own[:, :2] - own[:, 2:] / 2, own[:, :2] + own[:, 2:] / 2], 1)
        overlap = torch.where(there[..., None], box_iou(labels[..., 1:], mine.expand(len(labels), -1, -1)), -1.0)
        best, owner = overlap.max(1)
        # Each object has the default box that fits it best, however badly.
        image, which = there.nonzero(as_tuple=True)
        place = overlap.argmax(2)[image, which]
        best[image, place], owner[image, place] = 1.0, which
        owned = labels.gather(1, owner[..., None].expand(-1, -1, 5))
        return torch.where(best >= MATCHED, owned[..., 0].long() + BACKGROUND, 0), owned[..., 1:]

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Mean over the default boxes that match."""
        classes, corners = self.targets(labels)
        matched = classes > 0
        count = matched.sum().clamp_min(1)
        offsets, logits = outputs[..., :BOX_VALUES].float(), outputs[..., BOX_VALUES:].float()
        away = F.smooth_l1_loss(offsets[matched], self.offsets(corners)[matched], reduction="sum")
        wrong = F.cross_entropy(logits.transpose(1, 2), classes, reduction="none")
        hardness = torch.where(matched, -1.0, wrong.detach())
        rank = hardness.argsort(1, descending=True).argsort(1)
        counts = matched | (rank < HARD * matched.sum(1, keepdim=True).clamp_min(1))
        return (away + wrong[counts].sum()) / count

    def lesson_loss(self, outputs: Tensor, lesson: Tensor) -> Tensor:
        """How far outputs are from the prototype's: its probabilities where either sees an object, and its boxes where
        it does."""
        taught = lesson[..., BOX_VALUES:].float().log_softmax(2)
        said = outputs[..., BOX_VALUES:].float().log_softmax(2)
        sure = 1 - taught[..., 0].exp()
        seen = sure > TAUGHT_FROM
        count = sure[seen].sum().clamp_min(1)
        either = torch.maximum(sure, 1 - said[..., 0].exp().detach())
        found = (either * F.kl_div(said, taught, reduction="none", log_target=True).sum(2)).sum()
        away = F.smooth_l1_loss(outputs[..., :BOX_VALUES][seen], lesson[..., :BOX_VALUES][seen], reduction="none").sum(
            1
        )
        return (found + (sure[seen] * away).sum()) / count

    def detections(self, outputs: Tensor, image: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """What :func:`~engine.tasks.suppression.best_boxes` leaves of N × A × (4 + 1 + classes)."""
        scores = outputs[..., BOX_VALUES:].float().softmax(2)[..., BACKGROUND:].transpose(1, 2).flatten(1)
        boxes = self.corners(outputs[..., :BOX_VALUES].float())
        return best_boxes(scores, boxes, image, self.classes, len(self.boxes))
