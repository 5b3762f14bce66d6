"""Safetensors: the state dict by name, with the metadata in the file's header. Data only, nothing is run."""

import copy
import json
from pathlib import Path

from safetensors.torch import load_file, save
from torch import nn

from engine.export.parity import Reader, answers_of

SUFFIX = ".safetensors"


def write(
    module: nn.Module,
    path: Path,
    metadata: dict[str, str],
    input_shape: tuple[int, int, int],
    answers: tuple[str, ...],
) -> None:
    """Writes the module's tensors; the same module gives the same bytes."""
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    data = save(tensors, metadata=metadata)
    # The library writes metadata in a random order: put it in a fixed one. Length, header, tensors follow
    # each other in the file.
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(metadata.items()))
    encoded = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    encoded += b" " * (-len(encoded) % 8)
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + data[8 + length :])


def reader(path: Path, module: nn.Module) -> Reader:
    """Runs a copy of the module with the file's tensors."""
    twin = copy.deepcopy(module).cpu().eval()
    for tensor in (*twin.parameters(), *twin.buffers()):
        tensor.data.zero_()
    twin.load_state_dict(load_file(path), strict=True)
    return lambda images: answers_of(twin, images)
