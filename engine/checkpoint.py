"""How a run is saved and resumed: one safetensors file, replaced atomically. Nothing is ever pickled."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import RequestError

CHECKPOINT = "checkpoint.safetensors"
PROTOTYPE_CHECKPOINT = "prototype-checkpoint.safetensors"  # while the prototype is trained
GENERATOR = "generator.safetensors"


def save_state(path: Path, tensors: dict[str, Tensor], record: dict[str, Any]) -> None:
    """Write tensors and a JSON record; a reader sees the old file or the new one, never half of one."""
    temporary = path.with_suffix(".tmp")
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(plain, temporary, metadata={"record": json.dumps(record)})
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


def load_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`save_state` wrote.

    Raises:
        RequestError: ``bad_checkpoint`` when the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            record = json.loads(file.metadata()["record"])
            return {name: file.get_tensor(name) for name in file.keys()}, record  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError) as error:
        raise RequestError(
            "bad_checkpoint",
            f"{path} can't be read ({error}); start the run again in an empty folder.",
            "out",
        ) from error


def check_same_spec(record: dict[str, Any], spec: dict[str, Any]) -> None:
    """Raises:
    RequestError: ``bad_spec`` when a checkpoint's record is of another spec.
    """
    if record["spec"] != spec:
        raise RequestError(
            "bad_spec", "The folder holds a run of another spec; resume that one, or choose an empty folder.", "out"
        )


def prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def without_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n[len(prefix) + 1 :]: t for n, t in tensors.items() if n.startswith(prefix + ".")}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's state as named tensors."""
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, state in optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }


def load_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Inverse of :func:`optimiser_tensors`."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
