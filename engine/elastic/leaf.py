"""The base of all elastic layers."""

from torch import Tensor, nn


class ElasticLeaf(nn.Module):
    """Base: holds the active slices by name, outside of the module's parameters."""

    weight: Tensor
    bias: Tensor | None = None

    def set_slice(self, name: str, value: Tensor) -> None:
        self.__dict__[name] = value  # nn.Module's own __setattr__ costs more than a small operation


def copied(tensor: Tensor) -> nn.Parameter:
    """A parameter of its own with a tensor's values."""
    return nn.Parameter(tensor.detach().clone())
