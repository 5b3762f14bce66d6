"""What a network says about a few test images, beside the truth: for people to look at; nothing is decided by it."""

import copy
import json
from pathlib import Path

import torch
from torch import nn

from engine.data.dataset import sample_rows
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
    images = []
    for row in sample_rows(len(test), IMAGES).tolist():
        pixels = test.images[row]
        answers = answers_of(module, torch.from_numpy(pixels[None]).float().div(255).numpy())
        images.append(
            {
                "image": picture(pixels),
                "truth": task.drawn_truth(test.labels[row], class_colours),
                "prediction": task.drawn(tuple(part[0] for part in answers), class_colours),
            }
        )
    _, height, width = dataset.image_shape
    found = {
        "task": dataset.task, "classes": dataset.class_names, "colours": class_colours, "width": width,
        "height": height, "images": images,
    }  # fmt: skip
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(found))
    return draft.replace(path)
