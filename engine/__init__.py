"""FermiForge's synthesis engine: a library and a command line (``python -m engine``).

result = synthesize(spec, out_dir, on_event=print)
generator = load_generator(out_dir)
network = generator.draw(seed=7, budget=0.3)
network.module                       # a plain torch.nn.Module
"""

import os
from typing import Any

# oneDNN builds a primitive for each shape and keeps 1,024: the shared networks' ever new shapes push one another out.
# With room for more, a training step on 32×32 images took 45 instead of 60 ms after 300 steps (resnet8, one thread).
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384")

__all__ = ["load_generator", "parse_spec", "synthesize"]


def __getattr__(name: str) -> Any:
    """Deferred imports: asking for the package alone doesn't load PyTorch."""
    if name == "synthesize":
        from engine.synthesis import synthesize

        return synthesize
    if name == "load_generator":
        from engine.draw import load_generator

        return load_generator
    if name == "parse_spec":
        from engine.spec import parse_spec

        return parse_spec
    raise AttributeError(name)
