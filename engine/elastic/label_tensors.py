"""Tensors of labels: most of their axes merely repeat, and are looked at once."""

from torch import Tensor


def thin(labels: Tensor) -> Tensor:
    """Labels with one entry along every axis along which they merely repeat."""
    thin = labels[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in labels.stride())]
    for axis, size in enumerate(thin.shape):
        if size > 1 and bool((thin == thin.narrow(axis, 0, 1)).all()):
            thin = thin.narrow(axis, 0, 1)
    return thin


def varies(labels: Tensor, axis: int) -> bool:
    """Whether labels differ along an axis."""
    return thin(labels).shape[axis] > 1


def aligned(labels: Tensor, dims: int) -> Tensor:
    """Labels with leading axes of size 1, as broadcasting adds them."""
    return labels.reshape((1,) * (dims - labels.dim()) + tuple(labels.shape))
