"""Image classification: cross-entropy with distillation from the prototype (Hinton et al. 2015), top-1 accuracy."""

import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 2.0
DISTILLED = 0.9  # share of the distillation term


class Classification:
    """Outputs are logits N × classes, targets int64 N."""

    metric = "accuracy"

    def loss(self, outputs: Tensor, targets: Tensor, teacher: Tensor | None) -> Tensor:
        hard = F.cross_entropy(outputs, targets)
        if teacher is None:
            return hard
        soft = F.kl_div(
            F.log_softmax(outputs / TEMPERATURE, 1), F.log_softmax(teacher / TEMPERATURE, 1),
            reduction="batchmean", log_target=True,
        )  # fmt: skip
        return (1 - DISTILLED) * hard + DISTILLED * TEMPERATURE**2 * soft

    def score(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets).float()
