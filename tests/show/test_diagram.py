"""A model under a question, drawn: bars are marginals, of the day that says most."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from causal.errors import QueryError, UnknownStateError, UnknownVariableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.infer.marginals import marginals
from causal.query.assignment import Hard
from causal.query.event import conditions
from causal.query.intervention import Schedule
from causal.query.query import Query
from causal.show.card import card_percent
from causal.show.diagram import diagram, first_day, illustrated
from causal.show.palette import SEEN
from tests.show.drawn import (
    SMALL,
    arrows,
    card,
    model,
)


class TestFrontDoor:
    def test_bars_are_the_marginals(self):
        small = model(SMALL)
        drawn = diagram(
            small, do={"leverage": "high"}, given={"war": "hot"}, event={"bitcoin": "crash"}
        )
        want = marginals(small.do(leverage="high"), given={"war": "hot"})["bitcoin"]
        plain = marginals(small)["bitcoin"]
        line = card(drawn.dot, "bitcoin")
        for state, b, a in zip(("up", "crash"), plain, want, strict=True):
            assert f"{state}: before {card_percent(b, 1)}, after {card_percent(a, 1)}" in line
        assert "P(bitcoin=crash | do(leverage=high), war=hot)" in drawn.dot

    def test_the_models_own_interventions_count(self):
        small = model(SMALL)
        event = {"bitcoin": "crash"}
        ours = diagram(small.do(leverage="high"), event=event)
        assert ours == diagram(small, do={"leverage": "high"}, event=event)
        assert ("war", "leverage", "cut same-day") in arrows(ours.dot)

    def test_with_a_horizon_the_bars_are_of_day_one(self):
        small = model(SMALL)
        drawn = diagram(
            small,
            do={"war": "hot"},
            given={"leverage": "high"},
            event={"bitcoin": "crash"},
            within="7d",
        )
        want = marginals(small.do(war="hot"), given={"leverage": "high"}, day=1)["leverage"]
        assert want[1] < 1
        assert f"after {card_percent(want[1], 1)}" in card(drawn.dot, "leverage")
        assert f'BGCOLOR="{SEEN}"' in card(drawn.dot, "leverage")
        assert "after, on day 1" in drawn.dot

    def test_the_day_drawn_is_the_first_with_everything_in_force(self):
        graph = SMALL
        do = (Schedule(Hard("war", "hot"), 3, 4),)
        query = Query(conditions(graph, {"bitcoin": "crash"}), (), do, within=5)
        assert first_day(query) == 3
        assert "on day 3" in illustrated(model(graph), query).dot
        late = replace(query, do=(), given=conditions(graph, {"leverage@2": "high"}))
        assert first_day(late) == 2
        line = card(illustrated(model(graph), late).dot, "leverage")
        assert "high: before" in line
        assert "after 100.0%" in line

    def test_without_a_question_it_is_the_model(self):
        drawn = diagram(model(SMALL))
        assert ">small<" in drawn.dot
        assert "cut" not in {kind.split()[0] for *_, kind in arrows(drawn.dot)}

    def test_errors_at_the_door(self):
        small = model(SMALL)
        with pytest.raises(UnknownVariableError, match="leverage"):
            diagram(small, do={"levrage": "high"})
        with pytest.raises(UnknownStateError):
            diagram(small, event={"bitcoin": "crush"})
        with pytest.raises(QueryError, match="language `fr`"):
            diagram(small, lang="fr")  # type: ignore[arg-type]
        with pytest.raises(QueryError):
            diagram(small, within="soon")

    def test_a_large_network_shows_ancestors_and_says_so(self):
        names = [f"x{i}" for i in range(80)]
        chain = [Edge(a, b) for a, b in pairwise(names)]
        graph = CausalGraph(tuple(Variable(n, ("a", "b")) for n in names), tuple(chain))
        large = model(graph)
        drawn = diagram(large, event={"x9": "b"}, given={"x4": "a"}).dot
        assert len(re.findall(r"^\s*\"x\d+\" \[label", drawn, re.M)) == 10
        assert "70 of 80 variables" in drawn
        want = marginals(large, given={"x4": "a"})["x9"]
        assert f"after {card_percent(want[1], 1)}" in card(drawn, "x9")
        assert len(re.findall(r"^\s*\"x\d+\" \[label", diagram(large).dot, re.M)) == 80
