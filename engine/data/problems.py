"""What a user should know of a dataset: problems, and the findings in single files that they sum up."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

LISTED_FILES = 20
# By code: what was found, singular and plural, and what becomes of it.
FINDINGS = {
    "unreadable_files": ("image", "images", "can't be used and will be left out"),
    "unreadable_annotations": ("annotation", "annotations", "can't be read and will be left out"),
    "missing_mask": ("image", "images", "without a mask will be left out"),
    "missing_annotation": ("image", "images", "without an annotation will be left out"),
    "missing_image": ("label", "labels", "without an image will be ignored"),
    "size_mismatch": ("image", "images", "will be left out, as the labels are for another size"),
    "unknown_label": ("mask", "masks", "with values that are no class; those pixels will be ignored"),
    "too_many_boxes": ("image", "images", "with too many boxes will be left out"),
    "unreadable_boxes": ("box", "boxes", "that can't be read will be skipped"),
    "unknown_class": ("box", "boxes", "of an unknown class will be skipped"),
    "crowd_boxes": ("crowd box", "crowd boxes", "will be skipped"),
    "degenerate_boxes": ("box", "boxes", "without width or height will be skipped"),
    "outside_boxes": ("box", "boxes", "outside the image will be skipped"),
    "clipped_boxes": ("box", "boxes", "reaching beyond the image will be cut off at its edge"),
}


@dataclass(frozen=True)
class Problem:
    """Something that a user should know: an ``error`` stops the dataset from being used."""

    code: str
    severity: str
    message: str
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Finding:
    """What is wrong with one file, or with one thing in it.

    Args:
        code: A key of ``FINDINGS``.
        path: The file, as in the dataset.
        reason: What is wrong, as part of a sentence.
    """

    code: str
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class Unusable(ValueError):
    """A sample has to be left out; ``finding`` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def warning(code: str, message: str, files: Iterable[str] = ()) -> Problem:
    return Problem(code, "warning", message, sorted(set(files))[:LISTED_FILES])


class Findings:
    """All that was found, however much that is: how often, and for each file the first in alphabetical order.

    May be added to from several threads; what it says doesn't depend on their order.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._reasons: dict[str, dict[str, str]] = {}
        self._lock = Lock()

    def add(self, finding: Finding) -> None:
        with self._lock:
            self._counts[finding.code] += 1
            reasons = self._reasons.setdefault(finding.code, {})
            reasons[finding.path] = min(finding.reason, reasons.get(finding.path, finding.reason))

    def problems(self) -> list[Problem]:
        """One warning for each code, with the number of findings, the first of them and the files concerned."""
        problems = []
        for code, (one, many, consequence) in FINDINGS.items():
            if count := self._counts[code]:
                path, reason = min(self._reasons[code].items())
                message = f"{counted(count, one, many)} {consequence}; the first is {path}: {reason}."
                problems.append(warning(code, message, self._reasons[code]))
        return problems


def counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
