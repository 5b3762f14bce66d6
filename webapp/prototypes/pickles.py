"""Tells a pickle from a model that is data, by name and by content, without opening it.

A pickle runs code when it is read, so none is ever read here; the refusal says how to convert it.
"""

import zipfile

from webapp.common.errors import Problem

EXTENSIONS = (
    ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".bin", ".tar", ".mar", ".dill", ".npy", ".npz",
    ".h5", ".hdf5", ".keras", ".pb",
)  # fmt: skip
HDF5 = b"\x89HDF\r\n\x1a\n"
CONVERT = (
    "This file can run code when it is opened, so it is refused unread. Convert it to ONNX where it was "
    "made: model.eval(); torch.onnx.export(model, torch.zeros(1, 3, 32, 32), 'model.onnx', "
    "input_names=['input'], dynamo=False)  (with your model's own input size), then upload model.onnx."
)


def refuse_pickle(upload) -> None:
    """Raise ``pickle_refused`` for a pickle or another container of code; leaves the upload at its start.

    Args:
        upload: An uploaded file: seekable, with a ``name``.
    """
    if upload.name.lower().endswith(EXTENSIONS) or _holds_pickle(upload):
        raise Problem(400, "pickle_refused", CONVERT, "/file")


def _holds_pickle(upload) -> bool:
    upload.seek(0)
    head = upload.read(64)
    upload.seek(0)
    if head.startswith(HDF5):
        return True
    if head.startswith(b"PK"):  # torch.save writes a zip with data.pkl; no zip is an ONNX file
        return _zip_with_pickle(upload)
    # Protocol 2 and later start with PROTO; the legacy torch.save format starts with a pickled magic number.
    return len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5


def _zip_with_pickle(upload) -> bool:
    try:
        with zipfile.ZipFile(upload) as archive:
            return any(name.lower().endswith((".pkl", ".pickle")) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    finally:
        upload.seek(0)
