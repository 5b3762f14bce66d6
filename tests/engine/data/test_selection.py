"""Strata of samples that hold several classes."""

import numpy as np

from engine.data.selection import rarest_class


def test_a_sample_belongs_to_its_rarest_class():
    amounts = np.zeros((60, 3), int)
    amounts[:, 0] = 500
    amounts[:30, 1] = 1
    amounts[:10, 2] = 90
    assert rarest_class(amounts).tolist() == [2] * 10 + [1] * 20 + [0] * 30


def test_samples_without_any_class_are_a_stratum():
    amounts = np.array([[1, 0]] * 20 + [[0, 0]] * 10)
    assert rarest_class(amounts).tolist() == [0] * 20 + [2] * 10


def test_small_strata_join_the_largest():
    amounts = np.array([[1, 0, 0]] * 20 + [[0, 1, 0]] * 9 + [[0, 0, 1]] * 7)
    assert rarest_class(amounts).tolist() == [0] * 20 + [1] * 9 + [0] * 7


def test_no_classes_at_all():
    assert rarest_class(np.zeros((3, 0), int)).tolist() == [0, 0, 0]
