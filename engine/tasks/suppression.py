"""Of all the boxes that a detector gives, the best of those that overlap."""

import torch
from torch import Tensor, fx
from torchvision.ops import box_iou

from engine.tasks.average_precision import DETECTIONS

LEAST_SCORE, CONSIDERED = 0.02, 300
OVERLAP, ROUNDS = 0.5, 6  # IoU above which a box gives way; enough for chains of so many overlapping boxes


fx.wrap("box_iou")  # called as it is by what is traced


def best_boxes(
    scores: Tensor, boxes: Tensor, image: tuple[int, int], classes: int, places: int
) -> tuple[Tensor, Tensor, Tensor]:
    """(boxes N × D × 4 in pixels, scores N × D, classes N × D), the best first; all is 0 where there is no detection.

    Of boxes of one class that overlap, the best stays. That is decided for all pairs at once, so that any runtime can
    do it: rounds of Fast NMS (Bolya et al. 2019) come to what the sequential rule gives (Zheng et al. 2022, *Enhancing
    geometric factors in model learning and inference*).

    Args:
        scores: N × (classes · places), in [0, 1], the places of the first class first.
        boxes: N × places × 4 corners in pixels, which all classes share.
        image: Height and width: boxes are cut off there.
        classes, places: Of an image, as numbers, so that this can be traced.
    """
    height, width = image
    boxes = torch.minimum(boxes.clamp_min(0), boxes.new_tensor([width, height, width, height]))
    considered = min(CONSIDERED, classes * places)
    best, order = scores.topk(considered, 1)
    kind = order.div(places, rounding_mode="floor")
    boxes = boxes.gather(1, (order - kind * places)[:, :, None].expand(-1, -1, 4))
    rank = torch.arange(considered, device=best.device)
    rivals = (kind[:, :, None] == kind[:, None]) & (rank[:, None] < rank) & (box_iou(boxes, boxes) > OVERLAP)
    stays = (best >= LEAST_SCORE) & (boxes[..., 2:] > boxes[..., :2]).all(2)
    candidates = stays
    for _ in range(ROUNDS):
        stays = candidates & ~(rivals & stays[:, :, None]).any(1)
    kept, place = (best * stays).topk(min(DETECTIONS, considered), 1)
    there = kept > 0
    found = boxes.gather(1, place[:, :, None].expand(-1, -1, 4)) * there[:, :, None]
    return found, kept, kind.gather(1, place) * there
