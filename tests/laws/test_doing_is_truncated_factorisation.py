"""Doing is the truncated factorisation, with any evidence.

The cases hold nested, repeated and soft interventions, on roots and on any other variable, with
evidence upstream, downstream and aside of them, on the past, today and the days ahead.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from causal.query.assignment import Hard, Mix
from causal.query.intervention import Schedule
from tests.laws.trial import CHUNKS, agree, ask, same, seeds_of, slow
from tests.strategies import Case, horizon_case, law_models, one_day_case

MODELS = law_models(1000)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_one_day(chunk: int) -> None:
    agree(one_day_case(s) for s in seeds_of(chunk, MODELS))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_days_ahead(chunk: int) -> None:
    agree(horizon_case(s, joint=30_000) for s in seeds_of(chunk, MODELS))


def kinds(case: Case) -> set[str]:
    """Which of the situations that the law speaks of a case holds."""
    graph, found = case.model.graph, set()
    done = {d.variable for d in case.do}
    whats = [d.what if isinstance(d, Schedule) else d for d in case.do]
    found |= {"hard" for w in whats if isinstance(w, Hard)}
    found |= {"soft" for w in whats if isinstance(w, Mix)}
    found |= {"scheduled" for d in case.do if isinstance(d, Schedule)}
    found |= {"root" for d in done if not graph.parents(d)}
    found |= {"repeated"} if len(done) < len(case.do) else set()
    for d in done:
        found |= {"nested" for other in done if other in graph.descendants(d)}
        for key in case.given:
            seen, _, day = key.partition("@")
            found |= {"future evidence"} if day.isdigit() and int(day) > 0 else set()
            found |= {"past evidence"} if day == "-1" else set()
            found |= {"upstream"} if d in graph.descendants(seen) else set()
            found |= {"downstream"} if seen in graph.descendants(d) else set()
            found |= {"on itself"} if seen == d else set()
            related = graph.ancestors([d]) | graph.descendants(d)
            found |= {"outside"} if seen not in related else set()
    return found


def test_every_situation_is_tried() -> None:
    counted = Counter(k for s in range(300) for k in kinds(one_day_case(s)))
    counted += Counter(k for s in range(300) for k in kinds(horizon_case(s)))
    wanted = {"hard", "soft", "scheduled", "root", "repeated", "nested", "upstream", "downstream"}
    wanted |= {"on itself", "outside", "future evidence", "past evidence"}
    assert wanted <= set(counted)
    assert min(counted[k] for k in wanted) >= 20, counted


def test_seeing_instead_of_doing_would_be_noticed() -> None:
    noticed = 0
    for case in map(one_day_case, range(200)):
        seen = {d.variable: d.state for d in case.do if isinstance(d, Hard)}
        wrong = ask(replace(case, do=(), given={**case.given, **seen}))
        noticed += not same(wrong, slow(case))
    assert noticed > 20
