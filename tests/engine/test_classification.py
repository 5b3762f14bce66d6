"""The loss of classification: labels and the teacher, weighed by how often the teacher is right."""

import pytest
import torch
import torch.nn.functional as F

from engine.data import Dataset
from engine.tasks.classification import Classification

OUTPUTS, TEACHER = torch.randn(2, 12, 5, generator=torch.Generator().manual_seed(0))
DATASET = Dataset("none", "classification", tuple("abcde"), {}, (0.5,), (0.5,))
LABELS = torch.arange(12) % 5


@pytest.mark.parametrize(("accuracy", "share"), [(1.0, 0.9), (0.9, 0.45), (0.5, 0.3)])
def test_the_less_the_teacher_is_right_the_more_labels_count(accuracy: float, share: float) -> None:
    task = Classification(DATASET)
    task.trust(accuracy)
    hard = F.cross_entropy(OUTPUTS, LABELS)
    student, teacher = F.log_softmax(OUTPUTS / 2, 1), F.log_softmax(TEACHER / 2, 1)
    soft = (teacher.exp() * (teacher - student)).sum(1).mean()
    assert task.loss(OUTPUTS, LABELS, TEACHER) == pytest.approx(float((1 - share) * hard + share * 4 * soft), rel=1e-5)


def test_the_prototype_itself_learns_from_labels_alone() -> None:
    assert torch.equal(Classification(DATASET).loss(OUTPUTS, LABELS, None), F.cross_entropy(OUTPUTS, LABELS))
