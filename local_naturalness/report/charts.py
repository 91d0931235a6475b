"""Charts as inline SVG, with classes for colours, and a title and a description for screen readers."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from markupsafe import Markup

from local_naturalness.tables.html import text_html
from local_naturalness.tables.text import shortened

_WIDTH, _LEFT, _RIGHT, _TOP = 720, 170, 20, 12


def distribution(values: Mapping[str, np.ndarray], unit: str) -> Markup:
    """One histogram per teacher over a common axis, which spans 99 % of all values."""
    known = {name: one for name, one in values.items() if len(one)}
    low, high = _span(np.concatenate(list(known.values())), 0.005)
    parts, row = [], 56
    for place, (name, numbers) in enumerate(known.items()):
        counts, _ = np.histogram(np.clip(numbers, low, high), bins=48, range=(low, high))
        foot = _TOP + (place + 1) * row - 8
        step = (_WIDTH - _LEFT - _RIGHT) / len(counts)
        heights = counts / counts.max() * (row - 14)
        points = " ".join(
            f"{_LEFT + step * (i + side):.1f},{foot - height:.1f}"
            for i, height in enumerate(heights)
            for side in (0, 1)
        )
        parts.append(_label(name, foot - 6))
        parts.append(
            Markup('<polygon class="c{}" points="{},{} {} {},{}"/>').format(
                place % 8, _LEFT, foot, points, _WIDTH - _RIGHT, foot
            )
        )
        middle = _x(float(np.median(numbers)), low, high)
        parts.append(
            Markup('<line class="axis" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>').format(
                middle, foot - row + 14, foot
            )
        )
    height = _TOP + len(known) * row
    told = "; ".join(f"{name}: median {np.median(one):.3f}" for name, one in known.items())
    return _svg(parts + _axis(low, high, height, unit), height + 36, f"Distribution of scores. {told}")


def scatter(x: np.ndarray, y: np.ndarray, codes: np.ndarray, what: str, across: str) -> Markup:
    """Points in colours of their teachers; the axis across is logarithmic."""
    across_low, across_high = _span(np.log10(np.maximum(x, 1)), 0.0)
    low, high = _span(y, 0.005)
    parts, height = [], 260
    for one, other, code in zip(np.log10(np.maximum(x, 1)), np.clip(y, low, high), codes, strict=True):
        up = _up(float(other), low, high, height)
        parts.append(
            Markup('<circle class="c{}" cx="{:.1f}" cy="{:.1f}" r="2.5"/>').format(
                int(code) % 8, _x(float(one), across_low, across_high), up
            )
        )
    parts += [_label(f"{high:.2f}", _TOP + 6), _label(f"{low:.2f}", height - 2)]
    axis = _axis(across_low, across_high, height + 8, across, power=True)
    return _svg(parts + axis, height + 44, f"{what} against {across}, {len(x)} sampled responses")


def curves(
    lines: Mapping[str, np.ndarray], names: Sequence[str], unit: str, span: tuple[float, float]
) -> Markup:
    """Means by relative position, one line per teacher, in the colour that the key gives it."""
    low, high = span
    parts, height = [], 240
    for name, line in lines.items():
        points = " ".join(
            f"{_x((i + 0.5) / len(line), 0, 1):.1f},{_up(float(value), low, high, height):.1f}"
            for i, value in enumerate(line)
            if np.isfinite(value)
        )
        parts.append(Markup('<polyline class="line c{}" points="{}"/>').format(names.index(name) % 8, points))
    parts += [_label(f"{high:.2f}", _TOP + 6), _label(f"{low:.2f}", height - 2)]
    told = "; ".join(f"{name}: from {line[0]:.2f} to {line[-1]:.2f}" for name, line in lines.items())
    axis = _axis(0, 1, height + 8, f"place in the trace, from its beginning to its end; {unit}")
    return _svg(parts + axis, height + 44, f"Mean score of steps by place in the trace. {told}")


def span_of(lines: Iterable[np.ndarray]) -> tuple[float, float]:
    """The lowest and the highest of some numbers, to draw all of them on one axis."""
    known = np.concatenate(list(lines))
    return _span(known[np.isfinite(known)], 0.0)


def running(lines: Mapping[str, np.ndarray], pair: str) -> Markup:
    """The lead of one response over another along both traces, one line per criterion; zero is marked."""
    low, high = _span(np.concatenate([*lines.values(), np.zeros(1)]), 0.0)
    height = 130
    zero = _up(0.0, low, high, height)
    parts = [
        Markup('<line class="axis faint" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>').format(
            _LEFT, _WIDTH - _RIGHT, zero
        )
    ]
    for place, line in enumerate(lines.values()):
        points = " ".join(
            f"{_x(i, 0, len(line) - 1):.1f},{_up(float(value), low, high, height):.1f}"
            for i, value in enumerate(line)
        )
        parts.append(Markup('<polyline class="line c{}" points="{}"/>').format(place, points))
    ends = [f"{high:+.3f}", f"{low:+.3f}"]
    parts += [_label(ends[0], _TOP + 6), _label(ends[1], height - 2)]
    said = "; ".join(f"{name}: {line[-1]:+.4f} at the end" for name, line in lines.items())
    axis = _axis(0, 1, height + 4, "place in the traces, from beginning to end", marks=())
    drawn = _svg(parts + axis, height + 36, f"Running difference of {pair}. {said}")
    told = "How far one trace is ahead of the other as both are read. Above the grey line, it is ahead."
    return Markup("<figure><figcaption>{}</figcaption>{}{}</figure>").format(told, key(list(lines)), drawn)


def key(names: Sequence[str]) -> Markup:
    """The colour of each teacher."""
    items = Markup("").join(
        Markup(
            '<li><svg width="12" height="12" aria-hidden="true">'
            '<rect class="c{}" width="12" height="12"/></svg> {}</li>'
        ).format(place % 8, text_html(name, 60))
        for place, name in enumerate(names)
    )
    return Markup('<ul class="key">{}</ul>').format(items)


def _svg(parts: Sequence[Markup], height: float, told: str) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, height, text_html(told, 1000), Markup("").join(parts)
    )


def _span(numbers: np.ndarray, share: float) -> tuple[float, float]:
    low, high = np.quantile(numbers, [share, 1 - share])
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(high) + 0.5)


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)


def _up(value: float, low: float, high: float, height: int) -> float:
    return _TOP + (high - value) / (high - low) * (height - 20)


def _label(text: str, y: float) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(
        _LEFT - 8, y, text_html(shortened(text, 16))
    )


def _axis(
    low: float, high: float, y: float, unit: str, power: bool = False, marks: Sequence[float] | None = None
) -> list[Markup]:
    drawn = [
        Markup('<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(_LEFT, _WIDTH - _RIGHT, y, y)
    ]
    for value in np.linspace(low, high, 5) if marks is None else marks:
        told = f"{10**value:,.0f}" if power else f"{value:.2f}"
        drawn.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                _x(float(value), low, high), y + 14, told
            )
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    drawn.append(
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(middle, y + 29, text_html(unit))
    )
    return drawn
