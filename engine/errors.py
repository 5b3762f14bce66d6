"""What can go wrong in a way that a user can act on.

Each class has a stable exit code for the command line; each instance a stable ``code``, one sentence that
says what is wrong and how to mend it, and, where there is one, the field of the request that it is about.
"""


class EngineError(Exception):
    """Base of the errors that end a command with one clear sentence.

    Args:
        code: Stable identifier, such as ``"bad_spec"``.
        message: One sentence: what is wrong and what to do.
        field: Path of the offending field in the request (``"requirements.0.value"``), if any.
    """

    exit_code = 1

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class RequestError(EngineError):
    """The request itself is wrong: a spec, a dataset or a prototype that can't be used."""

    exit_code = 2


class StopRequested(EngineError):
    """The run was asked to stop; a checkpoint is saved and the run can be resumed."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("stopped", "Stopped as asked; the checkpoint is saved and the run can be resumed.")
