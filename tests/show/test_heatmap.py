"""The heat map holds every number that it shows, and says in words what colour says."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from causal.answer.format import share
from causal.errors import QueryError
from causal.query.scenarios.scenario import grid
from causal.show import heatmap
from causal.sweep.result import Sweep
from causal.sweep.sweep import sweep
from tests.app.toy import toy

EVENT = {"bitcoin": "crash"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def found() -> Sweep:
    what = grid(
        do={"leverage": [None, "low", "high"], "geopolitics": ["calm", "escalation for 2d"]},
        given={"bitcoin": ["flat", "crash"]},
    )
    return sweep(toy(), what, EVENT, within=3)


def texts(drawn: str) -> list[str]:
    return [e.text or "" for e in ElementTree.fromstring(drawn).iter(f"{SVG}text")]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG 2 defines it, from 1 to 21."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_number_is_printed_with_its_interval(found: Sweep) -> None:
    laid = found.heatmap("leverage", "geopolitics", where={"bitcoin": "crash"})
    drawn = heatmap.svg(laid)
    said = texts(drawn)
    for row in laid.cells.values():
        assert share(row.probability) in said
        assert f"{share(row.low)} to {share(row.high)}" in said
    for word in ("do(leverage)", "do(geopolitics)", "low", "high", "left alone", "calm"):
        assert word in said, word
    assert "P(bitcoin=crash within 3d)" in said
    assert "where bitcoin=crash" in said
    titles = [e.text or "" for e in ElementTree.fromstring(drawn).iter(f"{SVG}title")]
    for row in laid.cells.values():
        (title,) = [t for t in titles if t.startswith(f"{row.name}\n")]
        assert "90% interval" in title
        assert "licensed by: identified" in title
        assert row.thinnest_row in title


def test_darker_is_likelier_and_every_number_can_be_read(found: Sweep) -> None:
    laid = found.heatmap("leverage", "geopolitics", where={"bitcoin": "crash"})
    groups = [
        g
        for g in ElementTree.fromstring(heatmap.svg(laid)).iter(f"{SVG}g")
        if g.find(f"{SVG}rect") is not None
    ]
    assert len(groups) == 6
    cells = []
    for group in groups:
        title, rect, number = (group.find(f"{SVG}{t}") for t in ("title", "rect", "text"))
        assert title is not None
        assert rect is not None
        assert number is not None
        row = found.row((title.text or "").partition("\n")[0])
        assert row.probability is not None
        fill, ink = rect.attrib["fill"], number.attrib["fill"]
        assert contrast(ink, fill) >= 4.5
        cells.append((row.probability, luminance(fill)))
    cells.sort()
    shades = [luminance for _, luminance in cells]
    assert shades == sorted(shades, reverse=True)
    assert shades[0] > shades[-1]


def test_bounds_and_impossible_cells_say_so() -> None:
    what = grid(do={"leverage": ["low", "high"]}, given={"leverage": ["low", "mid"]})
    bounded = sweep(toy(confounded=True), what, EVENT)
    drawn = heatmap.svg(bounded.heatmap("do(leverage)", "leverage"))
    said = texts(drawn)
    assert said.count("bounds") == 1
    assert said.count("cannot be") == 3
    assert "probability of the event" not in said
    assert "url(#bounded)" in drawn


def test_awkward_names_are_escaped_and_wrapped() -> None:
    text = "calm for 1d, geopolitics=escalation from d2"
    what = [(f"<{i}> & co", f"geopolitics={text}, leverage={s}", None) for i, s in
            enumerate(("low", "high"))]  # fmt: skip
    laid = sweep(toy(), what, EVENT, within=3).heatmap("geopolitics", "leverage")
    drawn = heatmap.svg(laid)
    assert "&lt;1&gt; &amp; co" in drawn
    assert not any(len(t) > heatmap.LETTERS + 8 for t in texts(drawn) if "for 1d" in t)


def test_one_value_needs_no_scale(found: Sweep) -> None:
    laid = found.heatmap("leverage", "geopolitics", where={"bitcoin": "crash"})
    row = laid.cells["low", "calm"]
    from dataclasses import replace

    flat = replace(laid, cells={k: replace(v, probability=0.5) for k, v in laid.cells.items()})
    assert row.probability != 0.5
    ElementTree.fromstring(heatmap.svg(flat))


def test_it_is_saved_whole_and_only_as_svg(found: Sweep, tmp_path: Path) -> None:
    laid = found.heatmap("leverage", "geopolitics", where={"bitcoin": "crash"})
    one, other = (heatmap.save_heatmap(laid, tmp_path / f"{n}.svg").read_bytes() for n in "ab")
    assert one == other
    with pytest.raises(QueryError, match=r"h\.png"):
        heatmap.save_heatmap(laid, tmp_path / "h.png")
    assert len(list(tmp_path.iterdir())) == 2
