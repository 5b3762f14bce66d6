"""``inspect``: what a prototype costs, what can shrink, and what can't and why. ``zoo``, ``devices``: what there is."""

from pathlib import Path
from typing import Any

import torch

from engine.elastic.space import Space
from engine.elastic.trace import trace
from engine.errors import RequestError
from engine.measure.device import cpu_name
from engine.measure.energy import why_unmeasurable
from engine.measure.profiles import THIS_MACHINE, profiles
from engine.prototypes import ZOO, build_prototype, input_of, prototype_name, task_of, zoo_entry
from engine.requirements import MEASURED_ON
from engine.spec import parse_prototype, read_spec

REFERENCE_CLASSES = 1000  # ImageNet's, for networks that the zoo doesn't list


def inspect_path(path: Path) -> dict[str, Any]:
    """Inspect a model file or the prototype of a spec.

    Args:
        path: ``.onnx``, ``.pt2``, or a JSON spec that holds a prototype (and possibly a dataset).

    Raises:
        RequestError: It can't be used as a prototype.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        raw = read_spec(path)
        prototype = parse_prototype(raw if isinstance(raw, dict) else {})
        if "dataset" in raw:
            return _inspect_for(prototype, raw, path)
        return inspect_prototype(prototype)
    if suffix in (".onnx", ".pt2"):
        if not path.exists():
            raise RequestError("bad_prototype", f"{path} doesn't exist; give the path of a model file.", "prototype")
        return inspect_prototype({suffix[1:]: str(path)})
    raise RequestError(
        "bad_prototype", f"{path.name} is neither an .onnx or .pt2 model nor a .json spec; export the model as ONNX.",
        "prototype",
    )  # fmt: skip


def _inspect_for(prototype: dict[str, Any], raw: dict[str, Any], path: Path) -> dict[str, Any]:
    from tempfile import TemporaryDirectory

    from engine.data import load_dataset

    with TemporaryDirectory() as cache:
        dataset = load_dataset(raw["dataset"], Path(cache))
        return inspect_prototype(prototype, dataset.image_shape, len(dataset.class_names))


def inspect_prototype(
    spec: dict[str, Any], shape: tuple[int, int, int] | None = None, classes: int | None = None
) -> dict[str, Any]:
    """Inspect a prototype at its reference input, or at a dataset's.

    Args:
        spec: The ``prototype`` field of a spec.
        shape: (C, H, W), or None for the reference input.
        classes: Number of classes, or None for the reference data's.
    """
    shape = shape or input_of(spec)
    entry = zoo_entry(spec)
    classes = classes or (entry.classes if entry else REFERENCE_CLASSES)
    model = build_prototype(spec, shape[0], classes, shape[1])
    graph = trace(model, shape)
    outputs = next(n for n in graph.graph.nodes if n.op == "output").args[0].meta["value"]
    space = Space(graph, shape)
    params, macs = space.cost(space.full)
    block_params = _params_by_leaf(graph)
    return {
        "name": prototype_name(spec),
        "task": task_of(spec),
        "params": params,
        "macs": macs,
        "input": list(shape),
        "outputs": outputs.shape[1] if isinstance(outputs, torch.Tensor) and outputs.dim() in (2, 4) else None,
        "groups": [
            {"name": k.name, "width": k.width, "min_width": int(low), "layers": list(k.layers)}
            for k, low in zip(space.knobs, space.min_widths, strict=True)
        ],
        "blocks": [
            {"name": b.name, "params": sum(block_params.get(leaf, 0) for leaf in b.leaves)} for b in space.blocks
        ],
        "frozen": [{"name": name, "reason": reason} for name, reason in space.frozen.items()],
        "space": space.summary(),
    }


def _params_by_leaf(graph: torch.fx.GraphModule) -> dict[str, int]:
    names = {str(n.target) for n in graph.graph.nodes if n.op == "call_module"}
    return {name: sum(p.numel() for p in graph.get_submodule(name).parameters()) for name in names}


def zoo() -> list[dict[str, Any]]:
    """The built-in prototypes with their costs at the reference input."""
    rows = []
    for entry in ZOO:
        found = inspect_prototype({"zoo": entry.name}, entry.input)
        rows.append(
            {
                "name": entry.name,
                "title": entry.title,
                "description": entry.description,
                "task": entry.task,
                "params": found["params"],
                "macs": found["macs"],
                "input": list(entry.input),
            }  # fmt: skip
        )
    return rows


def devices() -> list[dict[str, Any]]:
    """What a requirement's ``device`` may say: this machine's devices, and the profiles with their figures and sources.

    Each metric that depends on the device is ``measured``, ``estimated`` or ``unavailable``; ``reason`` says why energy
    isn't measurable.
    """
    rows: list[dict[str, Any]] = []
    for name in THIS_MACHINE:
        reason = why_unmeasurable(name)
        title = cpu_name() if name == "cpu" else "NVIDIA GPU"
        if name == "cuda" and torch.cuda.is_available():
            title = torch.cuda.get_device_name()
        measured = {metric: "measured" if name in MEASURED_ON[metric] else "unavailable" for metric in MEASURED_ON}
        energy = {} if reason is None else {"energy_mj": "unavailable"}
        rows.append({"name": name, "title": title, **measured, **energy, "reason": reason})
    estimated = dict.fromkeys(MEASURED_ON, "estimated")
    rows += [{**profile.as_dict(), **estimated, "reason": None} for profile in profiles().values()]
    return rows
