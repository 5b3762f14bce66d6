"""Average precision of detections: COCO's matching and its 101-point interpolation (Lin et al. 2014, *Microsoft COCO*).

Observations of an image are laid out in a row, so that whole images can be resampled: for each of up to
:data:`DETECTIONS` detections its score (0 where there is none), its class and, for each IoU threshold, whether it found
an object; and then the number of objects of each class.
"""

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_iou

DETECTIONS = 100  # of an image, the best
THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).round(2).tolist())  # IoU
RECALLS = np.linspace(0, 1, 101)
ENTRY = 2 + len(THRESHOLDS)


def observe_image(boxes: Tensor, scores: Tensor, classes: Tensor, objects: Tensor, class_count: int) -> Tensor:
    """Match an image's detections with its objects.

    Args:
        boxes: D × 4 as x1, y1, x2, y2 in pixels, the best first.
        scores: D, in (0, 1].
        classes: D, int64.
        objects: G × 5: class, x1, y1, x2, y2.
        class_count: Number of classes.

    Returns:
        float64, shape (DETECTIONS · ENTRY + class_count,).
    """
    boxes, scores, classes = boxes[:DETECTIONS], scores[:DETECTIONS], classes[:DETECTIONS]
    found = np.zeros((DETECTIONS, ENTRY))
    found[: len(scores), 0] = scores.cpu().numpy()
    found[: len(scores), 1] = classes.cpu().numpy()
    if len(boxes) and len(objects):
        overlap = box_iou(boxes, objects[:, 1:]) * (classes[:, None] == objects[None, :, 0])
        found[: len(scores), 2:] = _matched(overlap.double().cpu().numpy())
    counts = np.bincount(objects[:, 0].long().cpu().numpy(), minlength=class_count)
    return torch.from_numpy(np.concatenate([found.ravel(), counts]))


def _matched(overlap: np.ndarray) -> np.ndarray:
    """For each detection (rows, the best first) and threshold: whether it takes an object that is still free."""
    limits = np.minimum(np.array(THRESHOLDS), 1 - 1e-10)
    free = np.ones((len(limits), overlap.shape[1]), dtype=bool)
    result = np.zeros((len(overlap), len(limits)), dtype=bool)
    each = np.arange(len(limits))
    for detection, row in enumerate(overlap):
        open_to = np.where(free & (row >= limits[:, None]), row, -1.0)
        best = open_to.argmax(1)
        result[detection] = open_to[each, best] > 0
        free[each[result[detection]], best[result[detection]]] = False
    return result


def average_precision(observed: np.ndarray, class_count: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Average precision by IoU threshold, the mean over the classes that have objects.

    Args:
        observed: images × counts, from :func:`observe_image`.
        class_count: Number of classes.
        weights: resamples × images, how often each image is there; all once by default.

    Returns:
        resamples × thresholds.
    """
    weights = np.ones((1, len(observed))) if weights is None else weights
    entries = observed[:, : DETECTIONS * ENTRY].reshape(len(observed), DETECTIONS, ENTRY)
    objects = weights @ observed[:, DETECTIONS * ENTRY :]
    image, place = np.nonzero(entries[:, :, 0] > 0)
    rows = entries[image, place]
    order = np.argsort(-rows[:, 0], kind="stable")
    image, rows = image[order], rows[order]
    found = np.zeros((len(weights), len(THRESHOLDS), class_count))
    for c in range(class_count):
        mine = rows[:, 1] == c
        for t in range(len(THRESHOLDS)):
            found[:, t, c] = _interpolated(rows[mine, 2 + t], weights[:, image[mine]], objects[:, c])
    there = objects > 0
    return (found * there[:, None]).sum(2) / np.maximum(there.sum(1), 1)[:, None]


def _interpolated(hits: np.ndarray, weights: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """Precision at :data:`RECALLS`, the mean over them.

    Args:
        hits: D, 0 or 1, by falling score.
        weights: resamples × D.
        objects: resamples.
    """
    if not hits.size:
        return np.zeros(len(weights))
    right, all_of_them = np.cumsum(weights * hits, 1), np.cumsum(weights, 1)
    recall = right / np.maximum(objects, 1e-9)[:, None]
    precision = right / np.maximum(all_of_them, 1e-9)
    envelope = np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]
    result = np.empty(len(weights))
    for i, (r, e) in enumerate(zip(recall, envelope, strict=True)):
        at = np.searchsorted(r, RECALLS, side="left")
        result[i] = e[at[at < len(e)]].sum() / len(RECALLS)
    return result
