"""FermiForge's synthesis engine: a library and a command line (``python -m engine``).

result = synthesize(spec, out_dir, on_event=print)
generator = load_generator(out_dir)
network = generator.draw(seed=7, budget=0.3)
network.module                       # a plain torch.nn.Module
"""

from typing import Any

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
