"""YOLO's boxes: a text file for each image, with a line of class, centre x, centre y, width and height for each box.

All but the class are shares of the image's width and height. Accepted, inside any number of wrapping folders::

    images/a.jpg        labels/a.txt          classes.txt
    images/train/a.jpg  labels/train/a.txt    data.yaml
    train/images/a.jpg  train/labels/a.txt    data.yaml

An image without a text file holds no boxes.
"""

from engine.data.archive import FileError, Source
from engine.data.boxes import MOST_CLASSES, Boxes, BoxItem, BoxLayout, as_rows, number
from engine.data.class_lists import NAME_FILES, read_class_names, read_yaml_names
from engine.data.pairing import is_image, pair_files, place, read_lines
from engine.data.problems import Finding, Findings
from engine.errors import RequestError

MOST_BYTES = 4 * 2**20
VALUES = 5


def find_yolo(source: Source) -> Boxes | None:
    """The boxes of a dataset with text files; None when it holds none.

    Raises:
        RequestError: Its list of classes can't be read, or there are no boxes.
    """
    parts = {path: place(path)[0] for path in source.files()}
    labels = [path for path, part in parts.items() if part == "label" and _is_label(path)]
    images = [path for path, part in parts.items() if part == "image" and is_image(path)]
    if not labels or not images:
        return None
    pairs = pair_files(source, images, labels)
    findings = pairs.findings
    names = read_yaml_names(source) or read_class_names(source)
    paths = sorted({pair.label for pair in pairs.pairs if pair.label})
    read = {path: _read(source, path, len(names) if names else MOST_CLASSES, findings) for path in paths}
    if names is None:
        classes = [box[0] for boxes in read.values() if boxes for box in boxes]
        names = tuple(str(i) for i in range(int(max(classes, default=-1)) + 1))
    if not names:
        because = "".join(f" {problem.message}" for problem in findings.problems()[:1])
        raise RequestError(
            "bad_dataset",
            "The files in labels/ hold no boxes; write a line of class, centre x, centre y, width and height for "
            f"each.{because}",
            "dataset.path",
        )
    items = []
    for pair in pairs.pairs:
        boxes = read[pair.label] if pair.label else []
        fault = None
        if boxes is None:
            fault = Finding("missing_annotation", pair.path, "its text file can't be read")
        rows = as_rows(boxes or [])
        items.append(BoxItem(pair.path, pair.split, pair.label or pair.path, rows, shares=True, fault=fault))
    return Boxes(BoxLayout("yolo", names, tuple(items), pairs.splits, pairs.ignored, findings))


def _is_label(path: str) -> bool:
    return path.lower().endswith(".txt") and path.rpartition("/")[2].lower() not in NAME_FILES


def _read(source: Source, path: str, classes: int, findings: Findings) -> list[list[float]] | None:
    """Class and corners of each box, in shares; None with a finding when the file can't be read."""
    try:
        if source.size(path) > MOST_BYTES:
            raise FileError(f"it is larger than {MOST_BYTES // 2**20} MiB")
        lines = read_lines(source, path)
    except FileError as error:
        findings.add(Finding("unreadable_annotations", path, str(error)))
        return None
    boxes = []
    for i, line in enumerate(lines, 1):
        values = [value for value in map(number, line.split()[: VALUES + 1]) if value is not None]
        if len(values) != VALUES or len(line.split()) != VALUES:
            reason = f"line {i} is not class, centre x, centre y, width and height"
            findings.add(Finding("unreadable_boxes", path, reason))
            continue
        label, x, y, width, height = values
        if label != int(label) or not 0 <= label < classes:
            findings.add(Finding("unknown_class", path, f"line {i} has the class {label:g}; there are {classes}"))
            continue
        boxes.append([label, x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    return boxes
