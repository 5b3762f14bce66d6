"""Several processes train together, one for each GPU of a machine (or for each core, without one).

    torchrun --nproc-per-node N -m engine synthesize SPEC.json --out DIR

Every process runs the same synthesis. A training step is shared: each computes on its part of the same batch, with
batch-norm statistics of the whole batch, and the gradients are summed; so the result is that of one process, but for
rounding. What depends on the clock or a signal is the leader's word, and at the end of each cycle its generator and
weights become everybody's. The leader alone reports and writes to the run's folder; the others have a folder of
their own that is thrown away.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from engine.errors import RequestError

MESSAGE_BYTES = 4096


class Workers:
    """The processes of a run; alone by default.

    Attributes:
        rank: This process's number; 0 leads.
        size: How many there are.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size

    @classmethod
    def join(cls, largest: int) -> "Workers":
        """Join the processes that torchrun started; alone when it didn't.

        Args:
            largest: Most processes that can take part: each needs at least one image of a batch.

        Raises:
            RequestError: ``bad_request`` when there are more.
        """
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        if size > largest:
            raise RequestError(
                "bad_request", f"At most {largest} processes can share a step, not {size}; lower --nproc-per-node."
            )
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        return cls(dist.get_rank(), size)

    def leave(self) -> None:
        if self.size > 1:
            dist.destroy_process_group()

    @property
    def leads(self) -> bool:
        return self.rank == 0

    @contextmanager
    def folder(self, out_dir: Path) -> Iterator[Path]:
        """Where this process writes: the run's folder, or for others than the leader one that shows what is there and
        is thrown away."""
        if self.leads:
            yield out_dir
            return
        (out_dir / "data").mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="fermiforge-") as own:
            for path in out_dir.iterdir():
                (Path(own) / path.name).symlink_to(path.resolve())
            yield Path(own)

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """The leader runs what is inside before the others do: they find the files that it makes."""
        if not self.leads:
            dist.barrier()
        try:
            yield
        finally:
            if self.leads and self.size > 1:
                dist.barrier()

    # --- one step, shared ----------------------------------------------------------------------------------------

    def part(self, rows: np.ndarray) -> np.ndarray:
        """This process's part of a batch's rows."""
        return np.array_split(rows, self.size)[self.rank]

    def share(self, size: int) -> float:
        """Of a batch of that size, the share that :meth:`part` gives."""
        return len(self.part(np.empty(size))) / size

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    @contextmanager
    def whole_batch(self) -> Iterator[None]:
        """Batch norms inside use the statistics of the whole batch."""
        if self.size == 1:
            yield
        else:
            with _WholeBatchNorms():
                yield

    # --- the leader's word ---------------------------------------------------------------------------------------

    def agree(self, value: Any) -> Any:
        """The leader's value (anything that JSON holds, up to 4 KB)."""
        if self.size == 1:
            return value
        message = np.zeros(MESSAGE_BYTES, np.uint8)
        if self.leads:
            text = json.dumps(value).encode()
            message[: len(text)] = np.frombuffer(text, np.uint8)
        dist.broadcast(torch.from_numpy(message), 0)
        return json.loads(message.tobytes().rstrip(b"\0"))

    def follow(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite tensors with the leader's."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, 0)

    def hand_out(self, path: Path) -> None:
        """Give everybody the leader's file, each in the folder that is its own."""
        if self.size > 1:
            data = path.read_bytes() if self.leads else b""
            content = torch.zeros(self.agree(len(data)), dtype=torch.uint8)
            if self.leads:
                content.copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))
            self.follow([content])
            if not self.leads:
                path.unlink(missing_ok=True)  # it may be a link to the leader's own
                path.write_bytes(content.numpy().tobytes())


class _Sum(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        total = tensor.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total


class _WholeBatchNorms(TorchFunctionMode):
    """``F.batch_norm`` in training mode, over the parts of a batch that lie in several processes."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is F.batch_norm:
            return _batch_norm(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))


def _batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if not training:
        return F.batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    wide = x.float()
    dims, shape = [0, *range(2, x.dim())], [1, -1, *[1] * (x.dim() - 2)]
    sums = _Sum.apply(torch.cat([wide.sum(dims), wide.new_full((1,), x.numel() // x.shape[1])]))
    count = sums[-1].detach()
    mean = sums[:-1] / count
    centred = wide - mean.reshape(shape)
    variance = _Sum.apply(centred.square().sum(dims)) / count
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            running_mean.lerp_(mean, momentum)
            running_var.lerp_(variance * count / (count - 1), momentum)
    normal = centred * (variance + eps).rsqrt().reshape(shape)
    if weight is not None:
        normal = normal * weight.reshape(shape)
    if bias is not None:
        normal = normal + bias.reshape(shape)
    return normal.to(x.dtype)
