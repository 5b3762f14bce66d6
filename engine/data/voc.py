"""Pascal VOC's boxes: an xml file for each image.

Accepted, inside any number of wrapping folders::

    JPEGImages/a.jpg  Annotations/a.xml  ImageSets/Main/train.txt    lists of names: train, val, trainval, test
    train/a.jpg       train/a.xml        test/b.jpg  test/b.xml      files side by side in folders for splits

Coordinates are taken as they stand: whether a tool counts pixels from 0 or from 1 can't be told from its files.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

from engine.data.archive import FileError, Source, read_or_explain
from engine.data.boxes import Boxes, BoxItem, BoxLayout, as_rows, number
from engine.data.class_lists import read_class_names
from engine.data.layout import SPLIT_FOLDERS
from engine.data.pairing import Pair, in_folder, is_image, pair_files
from engine.data.problems import Finding, Findings
from engine.errors import RequestError

MOST_BYTES = 4 * 2**20
LONGEST_NAME = 200
CORNERS = ("xmin", "ymin", "xmax", "ymax")


def find_voc(source: Source) -> Boxes | None:
    """The boxes of a dataset with xml files; None when it holds none.

    Raises:
        RequestError: None of them names a class.
    """
    files = source.files()
    labels = [path for path in files if path.lower().endswith(".xml") and _annotates(path)]
    if not labels:
        return None
    pairs = pair_files(source, [path for path in files if is_image(path)], labels, "main")
    if not any(pair.label for pair in pairs.pairs) and not any(in_folder(path, "annotations") for path in labels):
        return None
    findings = pairs.findings
    read = {path: _read(source, path, findings) for path in sorted({p.label for p in pairs.pairs if p.label})}
    used = {name for annotation in read.values() if annotation for name, _ in annotation.boxes}
    names = read_class_names(source) or tuple(sorted(used))
    if not names:
        because = "".join(f" {problem.message}" for problem in findings.problems()[:1])
        raise RequestError(
            "bad_dataset",
            f"The xml files of the images hold no boxes; each box is an object with a name and a bndbox.{because}",
            "dataset.path",
        )
    items = tuple(_item(pair, read, names, findings) for pair in pairs.pairs)
    return Boxes(BoxLayout("voc", names, items, pairs.splits, pairs.ignored, findings))


@dataclass(frozen=True)
class _Annotation:
    """One xml file: named boxes, and the size of the image that they are for."""

    boxes: list[tuple[str, list[float]]]
    frame: tuple[float, float] | None


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses document types: with them come entities, which could be of any size once expanded."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise FileError("it declares a document type, which annotations don't need; take out the line with <!DOCTYPE")


def _annotates(path: str) -> bool:
    """Whether an xml file is where annotations lie; elsewhere it may be anything."""
    return in_folder(path, "annotations") or PurePosixPath(path).parent.name.lower() in SPLIT_FOLDERS


def _read(source: Source, path: str, findings: Findings) -> _Annotation | None:
    """A file's content; None with a finding when it can't be read."""
    try:
        if source.size(path) > MOST_BYTES:
            raise FileError(f"it is larger than {MOST_BYTES // 2**20} MiB")
        root = _parse(read_or_explain(source, path))
    except FileError as error:
        findings.add(Finding("unreadable_annotations", path, str(error)))
        return None
    boxes = []
    for found in root.findall("object"):
        name = (found.findtext("name") or "").strip()[:LONGEST_NAME]
        corners = [number((found.findtext(f"bndbox/{corner}") or "").strip()) for corner in CORNERS]
        finite = [corner for corner in corners if corner is not None]
        if name and len(finite) == len(CORNERS):
            boxes.append((name, finite))
        else:
            reason = f"a box of {name!r} lacks four finite coordinates" if name else "a box has no name"
            findings.add(Finding("unreadable_boxes", path, reason))
    width, height = (number((root.findtext(f"size/{side}") or "").strip()) for side in ("width", "height"))
    return _Annotation(boxes, (width, height) if width and height else None)  # some tools write 0 for unknown


def _parse(data: bytes) -> Any:
    try:
        return ElementTree.fromstring(data, ElementTree.XMLParser(target=_NoDoctype()))
    except FileError:
        raise
    except Exception as error:  # broken markup, unknown encodings, bytes that are no text
        raise FileError(f"it is no xml that can be read ({error})") from error


def _item(pair: Pair, read: dict[str, _Annotation | None], names: tuple[str, ...], findings: Findings) -> BoxItem:
    annotation = read[pair.label] if pair.label else None
    if pair.label is None or annotation is None:
        fault = Finding("missing_annotation", pair.path, "there is no xml file of this name that can be read")
        return BoxItem(pair.path, pair.split, pair.label or pair.path, as_rows([]), fault=fault)
    rows = []
    for name, corners in annotation.boxes:
        if name in names:
            rows.append([names.index(name), *corners])
        else:
            findings.add(Finding("unknown_class", pair.label, f"{name!r} is not in the list of classes"))
    return BoxItem(pair.path, pair.split, pair.label, as_rows(rows), annotation.frame)
