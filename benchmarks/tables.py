"""Small pieces of Markdown, and the figures that a cell shows: a mean over repeats with each repeat beside it."""

from collections.abc import Callable, Sequence
from typing import Any

NONE = "–"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def number(value: float | None, digits: int = 1) -> str:
    return NONE if value is None else f"{value:,.{digits}f}"


def spread(values: Sequence[float | None], digits: int = 1) -> str:
    """``mean (each repeat)``; repeats without a value show a dash and are left out of the mean."""
    known = [v for v in values if v is not None]
    if not known:
        return NONE
    mean = number(sum(known) / len(known), digits)
    if len(values) == 1:
        return mean
    return f"**{mean}** ({', '.join(number(v, digits) for v in values)})"


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of what is known."""
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def pick(results: Sequence[dict[str, Any]], what: Callable[[dict[str, Any]], float | None]) -> list[float | None]:
    """One value for each repeat; None where the job failed."""
    return [what(r) if r.get("status") == "done" else None for r in results]


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
