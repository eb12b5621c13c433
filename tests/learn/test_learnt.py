"""From counts to learnt priors: kinds, strengths, modes, gaps, and days that count for less."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from causal.check.simulate import simulated
from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.story import Story
from causal.graph.variable import TableKind
from causal.learn.counting.counts import count
from causal.learn.em import shared_out
from causal.learn.fit import fit
from causal.learn.strength import STRENGTHS, strength_of
from causal.model.learnt.design import design
from causal.model.learnt.prior import LearntPrior
from causal.model.learnt.ratio_logit import mode
from causal.model.posterior import Counts
from tests.model.learnt.worlds import GAPPY, blank, history, law_of, learnt_model, parts_of

GAPS = {"h": 0.4, "b": 0.2}


def some_kinds() -> CausalGraph:
    """One table of every kind, and one that is as the story says."""
    own: dict[str, TableKind] = {"a": "logit", "b": "backoff", "y": "ordinal"}
    return replace(
        GAPPY, variables=tuple(replace(v, table=own.get(v.name, "")) for v in GAPPY.variables)
    )


def test_every_table_has_its_kind_and_a_strength_by_its_own_days() -> None:
    graph = some_kinds()
    sums = learnt_model(history(graph, 3000, 3), graph, strength=1e9, draws=0)
    read = simulated(sums, blank(graph, 1500), seed=3)
    _, prior, evidence = parts_of(learnt_model(read, graph, table="backoff"))
    kinds = {n: t.kind for n, t in prior.day.items()}
    assert kinds == {"a": "logit", "b": "backoff", "h": "backoff", "y": "ordinal"}
    for name, table in prior.day.items():
        wanted = strength_of(graph, name, graph.parents(name), table.kind, evidence.day[name])
        assert table.strength == wanted
        assert table.strength in STRENGTHS
    leaning = strength_of(graph, "y", graph.parents("y"), "backoff", evidence.day["y"])
    assert prior.day["y"].strength > leaning
    assert {t.kind for t in prior.start.values()} == {"backoff"}
    assert len({t.strength for t in prior.start.values()}) == 1


def test_a_strength_that_is_said_holds_for_every_table() -> None:
    _, prior, _ = parts_of(learnt_model(history(GAPPY, 300), GAPPY, strength=7.0))
    assert {t.strength for t in prior.day.values()} == {7.0}


@pytest.mark.parametrize("gaps", [{}, GAPS], ids=["whole", "gaps"])
def test_regressions_are_at_the_modes_of_the_counts(gaps: dict[str, float]) -> None:
    counts, prior, _ = parts_of(learnt_model(history(GAPPY, 700, gaps=gaps), GAPPY))
    for name, table in prior.day.items():
        coding = design(GAPPY, name, GAPPY.parents(name), "ordinal")
        days = counts.day[name]
        wanted = mode(coding, days.reshape(-1, days.shape[-1]))
        np.testing.assert_allclose(table.coefficients, wanted, atol=1e-7)


def test_without_gaps_counts_are_those_of_the_days() -> None:
    read = history(GAPPY, 500, gaps={"h": 0.01})
    counts, _, evidence = parts_of(learnt_model(read, GAPPY))
    wanted = count(read, GAPPY)
    assert evidence.gaps == ()
    for name in GAPPY.names:
        np.testing.assert_array_equal(counts.day[name], wanted.day[name])
        np.testing.assert_array_equal(counts.start[name], wanted.start[name])


def test_gap_days_are_all_shared_out() -> None:
    """A day on which b is missing is a day of its own table, and of that of its effect h."""
    read = history(GAPPY, 900, gaps=GAPS)
    counts, _, evidence = parts_of(learnt_model(read, GAPPY))
    days = {g.variable: len(g.block) for g in evidence.gaps}
    assert set(days) == {"b", "h"}
    whole = count(read, GAPPY).day
    for name, more in {"b": days["b"], "h": days["b"] + days["h"], "a": 0}.items():
        assert counts.day[name].sum() == pytest.approx(whole[name].sum() + more)
    for name in GAPPY.names:
        assert (counts.day[name] >= whole[name] - 1e-9).all()


@pytest.mark.parametrize("table", ["ordinal", "backoff"])
def test_sharing_out_has_settled(table: str) -> None:
    """Told by the tables that come out, the gap days are shared out as they were."""
    counts, prior, evidence = parts_of(
        learnt_model(history(GAPPY, 2500, gaps=GAPS), GAPPY, table=table)
    )
    base = {n: b.total().reshape(counts.day[n].shape) for n, b in evidence.day.items()}
    again = shared_out(GAPPY, evidence, Counts(base, counts.start), counts, prior)
    for name in ("b", "h", "y"):
        np.testing.assert_allclose(again.day[name], counts.day[name], atol=0.5, err_msg=name)


def frame_of(read: States) -> pd.DataFrame:
    """The days as rows without dates."""
    before = np.vstack([np.full((1, read.codes.shape[1]), -1), read.codes[:-1]])
    columns = {n: read.codes[:, i] for i, n in enumerate(read.names)}
    columns |= {f"{n}@-1": before[:, i].astype(np.int8) for i, n in enumerate(read.names)}
    return pd.DataFrame(columns)


def test_rows_without_dates_are_independent_days() -> None:
    """The same counts and mean; blocks of days play no part, and no gap is filled."""
    read = history(GAPPY, 600, gaps=GAPS)
    story = Story(GAPPY, table="ordinal", strength=5.0, draws=50, seed=3)
    model = fit(story, frame_of(read))
    assert model.fit is not None
    assert model.fit.evidence is None
    wanted = count(read, GAPPY)
    for name in GAPPY.names:
        np.testing.assert_array_equal(model.fit.counts.day[name], wanted.day[name])
    whole = history(GAPPY, 600)
    dated = learnt_model(whole, GAPPY, strength=5.0, draws=50, block=1)
    undated = fit(story, frame_of(whole))
    for name in GAPPY.names:
        np.testing.assert_array_equal(undated.tables[name].values, dated.tables[name].values)


def test_strengths_of_rows_without_dates_are_chosen_and_the_same_each_time() -> None:
    frame = frame_of(history(GAPPY, 1500))
    story = Story(GAPPY, draws=5)
    first, second = (fit(story, frame).fit for _ in range(2))
    assert first is not None
    assert second is not None
    assert isinstance(first.prior, LearntPrior)
    assert isinstance(second.prior, LearntPrior)
    strengths = [{n: t.strength for n, t in p.day.items()} for p in (first.prior, second.prior)]
    assert strengths[0] == strengths[1]
    assert set(strengths[0].values()) <= set(STRENGTHS)


def changed(seed: int = 0) -> States:
    """A history whose second half follows another law than its first."""
    first = simulated(law_of(GAPPY, 1), blank(GAPPY, 1500), seed=seed)
    later = simulated(law_of(GAPPY, 5), blank(GAPPY, 1500), seed=seed)
    dates = first.dates[0] + np.arange(3000)
    codes = np.vstack([first.codes, later.codes])
    return replace(first, dates=dates, codes=codes, fit_until=dates[-1])


@pytest.mark.parametrize("how", [{"since": "2014-02-12"}, {"half_life": 150}], ids=str)
@pytest.mark.parametrize("draws", [0, 400])
def test_what_is_forgotten_says_nothing_of_later_days(how: dict[str, Any], draws: int) -> None:
    read, law = changed(), law_of(GAPPY, 5)
    assert str(read.dates[1500]) == "2014-02-12"
    errors = []
    for told in (how, {}):
        model = learnt_model(read, GAPPY, strength=2.0, draws=draws, **told)
        mean = model.tables["b"].values.mean(axis=-1)
        errors.append(float(np.abs(mean - law.tables["b"].values[..., 0]).max()))
    assert errors[0] < 0.08
    assert errors[1] > 0.12


@pytest.mark.parametrize("block", [1, 20])
def test_the_observed_first_day_forgets_like_every_other(block: int) -> None:
    read = changed()
    late = replace(read, dates=read.dates[1500:], codes=read.codes[1500:])
    how: dict[str, Any] = {"start": "observed", "block": block, "since": "2014-02-12"}
    often = np.bincount(late.of("a"), minlength=3)
    mean = learnt_model(read, GAPPY, draws=0, **how).start["a"].values[..., 0]
    np.testing.assert_allclose(mean, (often + 2 / 3) / (often.sum() + 2))
    drawn = learnt_model(read, GAPPY, draws=1000, **how).start["a"].values.mean(axis=-1)
    np.testing.assert_allclose(drawn, mean, atol=0.01)


def test_a_shorter_memory_leaves_wider_draws() -> None:
    read = history(GAPPY, 3000)
    spread = [
        learnt_model(read, GAPPY, strength=2.0, half_life=h).tables["b"].values.std(axis=-1).mean()
        for h in (0, 1000, 100)
    ]
    assert spread[0] < spread[1] < spread[2] / 1.5


def test_the_story_is_told_to_the_prior() -> None:
    how: dict[str, Any] = {
        "block": 35,
        "half_life": 900,
        "since": "2010-03-03",
        "start": "observed",
    }
    _, prior, evidence = parts_of(learnt_model(history(GAPPY, 200), GAPPY, **how))
    assert (prior.block, prior.half_life, prior.since, prior.stationary) == (
        35,
        900,
        "2010-03-03",
        False,
    )
    assert set(evidence.start) == set(GAPPY.names)
    _, usual, days = parts_of(learnt_model(history(GAPPY, 200), GAPPY))
    assert (usual.block, usual.half_life, usual.since, usual.stationary) == (20, 0, "", True)
    assert days.start == {}
