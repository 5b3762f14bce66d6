"""What a network says about a few test images, beside the truth: for people to look at; nothing is decided by it."""

import copy
import json
from pathlib import Path

import numpy as np
from torch import nn

from engine.export.parity import answers_of
from engine.setting import Setting
from engine.tasks.drawing import colours, picture

SUFFIX = ".predictions.json"
IMAGES = 8


def write_predictions(module: nn.Module, setting: Setting, path: Path) -> Path:
    """Write a network's predictions as JSON.

    It holds ``task``, ``classes``, ``colours`` (one a class), ``width``, ``height``, and ``images`` with ``image`` (a
    ``data:`` URL of a PNG), ``truth`` and ``prediction`` as the task draws them
    (:meth:`~engine.tasks.base.Task.drawn_truth`, :meth:`~engine.tasks.base.Task.drawn`).

    Args:
        module: A drawn network's module.
        setting: Of the run.
        path: Where to write; it appears whole.
    """
    module = copy.deepcopy(module).cpu().eval()
    dataset, task, test = setting.dataset, setting.task, setting.dataset.splits["test"]
    class_colours = colours(len(dataset.class_names))
    shown = test.part(IMAGES)
    answers = answers_of(module, shown.images.astype(np.float32) / 255)
    images = [
        {
            "image": picture(pixels),
            "truth": task.drawn_truth(labels, class_colours),
            "prediction": task.drawn(answer, class_colours),
        }
        for pixels, labels, *answer in zip(shown.images, shown.labels, *answers, strict=True)
    ]
    _, height, width = dataset.image_shape
    found = {
        "task": dataset.task, "classes": dataset.class_names, "colours": class_colours, "width": width,
        "height": height, "images": images,
    }  # fmt: skip
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(found))
    return draft.replace(path)
