"""Bar charts like the paper's figures, as one SVG: a panel for each figure, a horizontal bar for each network."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

COLUMNS, PANEL, ROW, TOP, LABELS, VALUES = 2, 500, 22, 34, 200, 70  # pixels
OURS, OTHERS = "#d9822b", "#8a9ba8"


@dataclass(frozen=True)
class Panel:
    """One chart.

    Attributes:
        title: With the unit.
        bars: (network, value, whether it is ours), from the top.
        digits: Of the values.
        start: Where bars begin.
    """

    title: str
    bars: Sequence[tuple[str, float, bool]]
    digits: int = 1
    start: float = 0.0


def draw(panels: Sequence[Panel], path: Path) -> None:
    """Write the charts to an SVG file; the same data gives the same file."""
    height = TOP + ROW * max(len(panel.bars) for panel in panels) + 12
    rows = -(-len(panels) // COLUMNS)
    size = f'width="{COLUMNS * PANEL}" height="{rows * height}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">']
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for i, panel in enumerate(panels):
        parts.append(f'<g transform="translate({i % COLUMNS * PANEL},{i // COLUMNS * height})">')
        parts += _panel(panel)
        parts.append("</g>")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")


def _panel(panel: Panel) -> list[str]:
    begin = f" (bars begin at {panel.start:,.0f})" if panel.start else ""
    parts = [f'<text x="{LABELS / 2}" y="20" font-weight="bold">{escape(panel.title + begin)}</text>']
    longest = max(value for _, value, _ in panel.bars) - panel.start
    for i, (name, value, ours) in enumerate(panel.bars):
        y = TOP + i * ROW
        length = max(0.0, (value - panel.start) / longest if longest > 0 else 0.0) * (PANEL - LABELS - VALUES)
        colour = OURS if ours else OTHERS
        parts += [
            f'<text x="{LABELS - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{ROW - 5}" fill="{colour}"/>',
            f'<text x="{LABELS + length + 5:.1f}" y="{y + 13}">{value:,.{panel.digits}f}</text>',
        ]
    return parts
