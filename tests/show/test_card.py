"""The cards of a diagram: bars, numbers and words of one variable."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Variable
from causal.show.card import card_percent
from causal.show.dot import draw
from causal.show.palette import BAR, WORDS
from causal.show.render import render
from tests.show.drawn import (
    AFTER,
    BEFORE,
    LINK,
    SMALL,
    SURGERY,
    SVG,
    card,
    scene,
    text,
)


class TestCards:
    def test_numbers_and_bars(self):
        after = AFTER | {"leverage": np.array([0.0, 0.25, 0.75])}
        line = card(draw(SURGERY, BEFORE, after), "leverage")
        assert re.findall(r">(\d+%)<", line) == ["0%", "25%", "75%"]
        wide = [int(w) for w in re.findall(r'WIDTH="(\d+)" HEIGHT="4" BGCOLOR', line)]
        assert wide == pytest.approx([BAR / 4, BAR * 3 / 4], abs=0.5)
        assert "high: before" in line
        assert "after 75.0%" in line

    @pytest.mark.parametrize(
        ("share", "said"),
        [(0, "0%"), (0.002, "<1%"), (0.5, "50%"), (0.998, ">99%"), (1, "100%")],
    )
    def test_what_is_not_certain_is_not_called_certain(self, share, said):
        assert card_percent(share) == said

    def test_many_states_are_summed_up(self):
        graph = CausalGraph((Variable("x", tuple(f"s{i}" for i in range(30))),))
        share = np.arange(30) / np.arange(30).sum()
        line = card(draw(scene(graph, event={"x": "s0"}), {"x": share}, {"x": share}), "x")
        states = re.findall(r">(s\d+)<", line)
        assert states == ["s0", *(f"s{i}" for i in range(24, 30))]
        assert ">23 more<" in line
        assert sum(map(int, re.findall(r">(\d+)%<", line))) == pytest.approx(100, abs=4)

    def test_hostile_text_is_escaped(self):
        nasty = 'a<b>&amp;"q"\\N\\l\n{x}'
        one = nasty.replace("\n", " ")
        graph = CausalGraph(
            (
                Variable("p", ("<s>", '"&'), label=one, why=nasty),
                Variable('q"\\', ("a", "b"), label="<TABLE>"),
            ),
            (Edge("p", 'q"\\', 0, nasty),),
            (Confounded("p", 'q"\\', nasty),),
            name='n"<&',
        )
        half = {n: np.array([0.5, 0.5]) for n in graph.names}
        dot = draw(scene(graph, title=nasty), half, half)
        tree = ElementTree.fromstring(render(dot, "svg"))
        assert len([g for g in tree.iter(f"{SVG}g") if g.get("class") == "node"]) == 2
        said = {t.text for t in tree.iter(f"{SVG}text")}
        assert {"<s>", '"&', "<TABLE>"} <= said
        hovers = {a.get(LINK) for a in tree.iter(f"{SVG}a")}
        assert f"{one}: {one}" in hovers
        assert f"{one} → <TABLE>: {one}" in hovers

    def test_chinese_labels_fall_back_to_english(self):
        dot = text(replace(SURGERY, lang="zh"))
        assert ">地緣政治<" in dot
        assert ">升級<" in dot
        assert "Geopolitics" not in dot
        small = draw(
            scene(SMALL, lang="zh"),
            {n: np.array([0.5, 0.5]) for n in SMALL.names},
            {n: np.array([0.5, 0.5]) for n in SMALL.names},
        )
        assert {">戰爭<", ">平靜<", ">槓桿<", ">low<", ">Bitcoin<"} <= set(
            re.findall(">[^<]+<", small)
        )

    def test_both_languages_have_every_word(self):
        assert WORDS["en"].keys() == WORDS["zh"].keys()
