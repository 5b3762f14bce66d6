"""PyTorch's own exchange format (``torch.export``): the graph and its weights, with a free batch axis."""

import json
from pathlib import Path

import torch
from torch import nn

from engine.export.parity import Reader, answers_of

SUFFIX = ".pt2"
METADATA_FILE = "metadata.json"


def write(
    module: nn.Module,
    path: Path,
    metadata: dict[str, str],
    input_shape: tuple[int, int, int],
    answers: tuple[str, ...],
) -> None:
    """Writes ``module`` as an exported program; the metadata is the extra file ``metadata.json``."""
    batch = torch.export.Dim("batch", min=1)
    with torch.no_grad():
        program = torch.export.export(
            module, (torch.zeros(2, *input_shape),), dynamic_shapes=({0: batch},), strict=False
        )
    facts = json.dumps(dict(sorted(metadata.items())), ensure_ascii=False)
    torch.export.save(program, path, extra_files={METADATA_FILE: facts})


def reader(path: Path, module: nn.Module) -> Reader:
    """Runs the file in PyTorch."""
    program = torch.export.load(path).module()
    return lambda images: answers_of(program, images)
