"""What to mend in a dataset that could be used as it is: copies, stray files, rare classes, small splits."""

from collections import defaultdict

import numpy as np

from engine.data.annotations import Annotations
from engine.data.class_folders import ClassFolders
from engine.data.dataset import SPLIT_NAMES
from engine.data.problems import Problem, counted, warning
from engine.data.selection import Placed, Selection

IMBALANCE = 5
CERTIFIABLE_IMAGES = 200


def file_warnings(annotations: Annotations, digests: list[bytes | None]) -> list[Problem]:
    """Files that aren't used, and images that occur more than once (by the digests of the usable ones)."""
    problems = []
    if annotations.ignored:
        what = "not an image, or not in a class folder"
        if annotations.task != "classification":
            what = "images that belong to no split, or that no annotation names"
        problems.append(
            warning(
                "ignored_files",
                f"{counted(len(annotations.ignored), 'file')} will be ignored: {what}; the first is "
                f"{min(annotations.ignored)}.",
                annotations.ignored,
            )
        )
    return problems + _copy_warnings(annotations, digests)


def _copy_warnings(annotations: Annotations, digests: list[bytes | None]) -> list[Problem]:
    problems = []
    copies: dict[bytes, list[Placed]] = defaultdict(list)
    labels: dict[bytes, set[int]] = defaultdict(set)
    for row, digest in enumerate(digests):
        if digest is not None:
            copies[digest].append(annotations.items[row])
            if isinstance(annotations, ClassFolders):
                labels[digest].add(annotations.items[row].label)
    repeated = [items for items in copies.values() if len(items) > 1]
    leaks = [items for items in repeated if len({item.split for item in items}) > 1]
    clashes = [copies[digest] for digest, found in labels.items() if len(found) > 1]
    if leaks:
        problems.append(
            warning(
                "leakage",
                f"{counted(len(leaks), 'image')} lies in more than one split; each will be used once, in test "
                "before val before train, so that accuracy is measured on unseen images.",
                (item.path for items in leaks for item in items),
            )
        )
    if clashes:
        problems.append(
            warning(
                "conflicting_labels",
                f"{counted(len(clashes), 'image')} lies in the folders of two classes; only one copy will be "
                "used: delete the wrong one.",
                (item.path for items in clashes for item in items),
            )
        )
    plain = [items for items in repeated if items not in leaks and items not in clashes]
    if plain:
        problems.append(
            warning(
                "duplicates",
                f"{counted(len(plain), 'image')} occurs more than once; each will be used once.",
                (item.path for items in plain for item in items[1:]),
            )
        )
    return problems


def balance_warnings(annotations: Annotations, selection: Selection, rows: dict[str, np.ndarray]) -> list[Problem]:
    """Classes and splits of a usable dataset with few images; ``rows``: the samples of each of the four splits."""
    problems = _imbalance(annotations, selection) if annotations.task == "classification" else []
    problems += _absent(annotations, rows, "train", "class_not_trained", "no network can learn them")
    problems += _absent(annotations, rows, "test", "class_not_tested", "the test accuracy will not speak for them")
    for split in SPLIT_NAMES[2:]:
        count = len(rows[split])
        if count < CERTIFIABLE_IMAGES:
            effect = "so scores on it are known only roughly"
            if annotations.task == "classification":
                points = 196 * (0.9 * 0.1 / max(1, count)) ** 0.5
                effect = f"so an accuracy near 90 % is known only to about ±{points:.0f} points"
            problems.append(
                warning(
                    f"few_{split}_images",
                    f"The {split} split has {count} images, {effect}; add images to certify closer.",
                )
            )
    return problems


def _imbalance(annotations: Annotations, selection: Selection) -> list[Problem]:
    train = annotations.images_of(selection.given_rows()["train"])
    if train.max() <= IMBALANCE * train.min():
        return []
    most, least = annotations.class_names[train.argmax()], annotations.class_names[train.argmin()]
    return [
        warning(
            "imbalance",
            f"{most!r} has {train.max()} images to train on, {least!r} {train.min()}; accuracy will "
            "speak mostly for the large classes: add images of the small ones.",
        )
    ]


def _absent(
    annotations: Annotations, rows: dict[str, np.ndarray], split: str, code: str, consequence: str
) -> list[Problem]:
    absent = np.flatnonzero(annotations.images_of(rows[split]) == 0)
    if not len(absent):
        return []
    more = f" and {len(absent) - 1} more classes" if len(absent) > 1 else ""
    first = annotations.class_names[absent[0]]
    return [warning(code, f"{split.capitalize()} holds no images of {first!r}{more}; {consequence}.")]
