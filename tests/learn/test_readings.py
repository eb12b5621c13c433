"""What is known as of a day: the newest state, its age, its share of the year, and how far it goes.

A history is made by hand, one column a variable, so that every number can be counted off it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal.ask import ask
from causal.calendar import us_open
from causal.data.dates import DAY
from causal.data.history import Holdings
from causal.data.panel import Panel
from causal.errors import ModelError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Measurement, Series, Variable
from causal.learn import as_of as today
from causal.learn.as_of import Reading, readings, virtual_evidence, with_known_evidence
from causal.model.network import CausalModel, Fit, Provenance, family, fitted
from causal.model.posterior import Counts, Dirichlet
from causal.model.table import DRAW, Table
from causal.query.parser import parse
from tests.app.toy import GRAPH, toy

FIRST = np.datetime64("2024-01-01")
LAG, GRACE, YEAR, LEAST = 5, 3, 365, 0.05  # days, and a total variation: as they were decided
CUTS = (1.0, 2.0)


def measured(name: str, **more: object) -> Variable:
    return Variable(name, ("a", "b", "c"), Measurement((Series(name),), cuts=CUTS), **more)  # type: ignore[arg-type]


KINDS = CausalGraph(
    (
        measured("prompt"),
        measured("slow", publication_lag=LAG),
        Variable("us", ("open", "closed"), Measurement(calendar="us")),
        Variable(
            "shares",
            ("closed", "calm", "bad"),
            Measurement((Series("shares"),), cuts=(1.0,), closed=True),
        ),
        Variable("worse", ("a", "b", "c"), rule="worst"),
        Variable("hidden", ("a", "b")),
    ),
    (
        Edge("us", "shares"),
        Edge("prompt", "worse"),
        Edge("slow", "worse"),
        Edge("prompt", "prompt", 1),
    ),
    name="kinds",
)


def model_of(graph: CausalGraph, cuts: dict[str, tuple[float, ...]] | None = None) -> CausalModel:
    ones = {
        piece: {n: np.ones([graph.size(a) for a in family(graph, n, piece)], dtype=np.int64)
                for n in graph.names}
        for piece in ("day", "start")
    }  # fmt: skip
    span = Provenance(
        "2020-01-01", "2020-12-31", 366, "sha256:" + "0" * 64, "2020-12-31", cuts or {}
    )
    fit = Fit(Counts(ones["day"], ones["start"]), Dirichlet(4.0), 5, 7, span)  # type: ignore[arg-type]
    return fitted(graph, fit)


def held(days: int, **columns: np.ndarray) -> Holdings:
    """So many days of these columns, each of them known on its own day."""
    dates = FIRST + np.arange(days)
    values = np.stack([np.asarray(c, dtype=float) for c in columns.values()], axis=1)
    known = np.repeat(dates[:, None], len(columns), axis=1)
    return Holdings(Panel(dates, tuple(columns), values), known, dict.fromkeys(columns, ()))


def whole(days: int = 40, **other: np.ndarray) -> Holdings:
    rng = np.random.default_rng(3)
    columns = {n: rng.uniform(0, 3, days) for n in ("prompt", "slow", "shares")}
    return held(days, **{**columns, **other})


def told(
    history: Holdings, day: np.datetime64 | str, graph: CausalGraph = KINDS
) -> dict[str, Reading]:
    found = readings(model_of(graph), history, day)
    assert tuple(r.variable for r in found) == graph.names
    return {r.variable: r for r in found}


def word(value: float) -> str:
    return "abc"[sum(value >= c for c in CUTS)]


@settings(max_examples=25)
@given(st.lists(st.sampled_from([np.nan, 0.0, 1.0, 1.5, 2.0, 9.0]), min_size=1, max_size=9),
       st.integers(0, 9))  # fmt: skip
def test_the_newest_value_is_read_and_its_age_counted_back(values: list[float], day: int) -> None:
    """Days since it was observed, from the day that is asked about, which may be any day."""
    (found,) = readings(
        model_of(CausalGraph((measured("x"),))), held(len(values), x=np.array(values)), FIRST + day
    )
    seen = [k for k, v in enumerate(values) if k <= day and not np.isnan(v)]
    if not seen:
        assert found == Reading("x", None, None, None, None, None, "no data")
        return
    last, before = seen[-1], [values[k] for k in seen[:-1]]
    below = sum(v < values[last] for v in before) / len(before) if before else None
    reason = "" if day - last <= 1 else "too old"
    assert found == Reading("x", word(values[last]), str(FIRST + last), day - last,
                            values[last], below, reason)  # fmt: skip


def test_every_kind_of_variable_says_where_it_stands() -> None:
    friday, saturday = "2024-02-02", "2024-02-03"
    history = whole()
    row = int((np.datetime64(friday) - FIRST).astype(int))
    found = told(history, saturday)
    assert found["us"] == Reading("us", "closed", saturday, 0, None, None)
    assert found["shares"] == Reading("shares", "closed", saturday, 0, None, None)
    assert (found["worse"].state, found["worse"].value) == (
        max(found["prompt"].state or "", found["slow"].state or ""), None
    )  # fmt: skip
    assert found["hidden"].left_out == "no data"
    found = told(history, friday)
    assert found["us"].state == "open"
    shares = history.panel.column("shares")
    sessions = np.flatnonzero(us_open(history.panel.dates[:row]))
    assert found["shares"].value == shares[row]
    assert found["shares"].percentile == (shares[sessions] < shares[row]).mean()


@pytest.mark.parametrize("age", range(LAG + GRACE + 3))
def test_how_old_a_reading_may_be(age: int) -> None:
    """A day; with a slow publisher its lag and some grace; what is ruled is told by its causes."""
    gone = np.where(np.arange(40) < 40 - age, 1.5, np.nan)
    found = told(whole(prompt=gone, slow=gone), FIRST + 39)
    assert found["prompt"].age == found["slow"].age == found["worse"].age == age
    assert found["prompt"].left_out == ("" if age <= 1 else "too old")
    assert found["slow"].left_out == ("" if age <= LAG + GRACE else "too old")
    assert found["worse"].left_out == ("" if age <= 1 else "told by its causes")


@pytest.mark.parametrize(("back", "counts"), [(YEAR, True), (YEAR + 1, False)])
def test_the_share_is_of_the_year_before(back: int, counts: bool) -> None:
    """One value stands above all others: inside the year it is counted, a day earlier it is not."""
    x = np.zeros(YEAR + 40)
    x[-1], x[-1 - back] = 1.0, 5.0
    (found,) = readings(
        model_of(CausalGraph((measured("x"),))), held(len(x), x=x), FIRST + len(x) - 1
    )
    assert found.percentile == (1 - 1 / YEAR if counts else 1.0)


def test_as_many_as_there_are_when_the_history_is_short() -> None:
    x = np.array([0.0, 3.0, 1.0, 2.0, 2.0])
    for rows, share in ((1, None), (2, 1.0), (3, 1 / 2), (4, 2 / 3), (5, 2 / 4)):
        (found,) = readings(model_of(CausalGraph((measured("x"),))), held(rows, x=x[:rows]),
                            FIRST + rows - 1)  # fmt: skip
        assert found.percentile == share


def test_cut_points_are_those_of_the_model() -> None:
    graph = CausalGraph((measured("x"),))
    history = held(3, x=np.array([0.0, 0.0, 1.5]))
    (own,) = readings(model_of(graph), history, FIRST + 2)
    (kept,) = readings(model_of(graph, {"x": (0.1, 0.2)}), history, FIRST + 2)
    assert (own.state, kept.state) == ("b", "c")


def test_what_is_published_later_is_not_known_yet() -> None:
    history = whole()
    late = replace(history, available=history.available + 3 * DAY)
    for now, then in zip(told(history, FIRST + 30).values(), told(late, FIRST + 33).values(),
                         strict=True):  # fmt: skip
        if now.variable in ("prompt", "slow"):
            assert (now.state, now.day, now.value, now.percentile) == (
                then.state, then.day, then.value, then.percentile
            )  # fmt: skip
            assert (now.age, then.age) == (0, 3)


def test_a_column_that_is_not_held_is_no_data() -> None:
    assert told(held(3, prompt=np.ones(3)), FIRST + 2)["slow"].left_out == "no data"


def test_a_model_that_remembers_no_measurement_is_refused() -> None:
    model = model_of(KINDS)
    assert model.fit is not None
    bare = replace(model.fit, provenance=None)  # type: ignore[arg-type]
    for other in (replace(model, fit=None), replace(model, fit=bare)):
        with pytest.raises(ModelError, match="does not say how"):
            readings(other, whole(), FIRST + 9)


def known(variable: str, state: str | None, age: int | None) -> Reading:
    return Reading(variable, state, "2026-05-29", age, 1.0, 0.5)


@pytest.fixture(scope="module")
def lasting() -> CausalModel:
    """The toy, its tension made to last."""
    found = toy(50, rate=2.0)
    assert found.fit is not None
    day = {**found.fit.counts.day, "geopolitics": 2 + 40 * np.eye(3, dtype=np.int64)}
    return fitted(GRAPH, replace(found.fit, counts=replace(found.fit.counts, day=day)))


@pytest.mark.parametrize("age", range(4))
@pytest.mark.parametrize(("span", "shift"), [("within 7d", 0), ("at 3d", 0), ("", 1)])
def test_a_reading_enters_on_its_own_day(
    lasting: CausalModel, age: int, span: str, shift: int
) -> None:
    """Today is day 0 of a horizon and the day before a question without; an old state is weights
    on today, and what is older than the day before cannot be told as it is."""
    question, (used,) = with_known_evidence(
        lasting, parse(f"P(bitcoin=crash {span})", GRAPH),
        [known("geopolitics", "escalation", age)], "2026-05-29",
    )  # fmt: skip
    if age == 1 and shift:
        assert (question.given, used.left_out) == ((), "the day after is asked")
        return
    (found,) = question.given
    assert used.left_out == ""
    if age > 1:
        assert dict(found.weights) == pytest.approx(dict(used.weights))
        assert used.weights == virtual_evidence(lasting, known("geopolitics", "escalation", age))
    else:
        assert (found.weights, used.weights) == ((("escalation", 1.0),), ())
    back = shift if age > 1 else age + shift
    assert (found.variable, found.day or 0) == ("geopolitics", -back)


def test_what_was_left_out_stays_out_whatever_its_age(lasting: CausalModel) -> None:
    old = [replace(known("geopolitics", "escalation", a), left_out="told by its causes")
           for a in (0, 1, 2)]  # fmt: skip
    question, used = with_known_evidence(
        lasting, parse("P(bitcoin=crash)", GRAPH), old, "2026-05-29"
    )
    assert question.given == ()
    assert used == tuple(old)
    said = parse("P(bitcoin=crash | geopolitics=calm)", GRAPH)
    for age in (0, 1, 2):
        question, (one,) = with_known_evidence(
            lasting, said, [known("geopolitics", "escalation", age)], FIRST
        )
        assert question == said
        assert (one.left_out, one.weights) == ("known to the question", ())


@pytest.mark.parametrize(
    ("day", "asked", "word"),
    [
        ("2026-05-28", "2026-05-29", "open"),
        ("2026-05-29", "2026-05-30", "closed"),
        ("2026-05-31", "2026-06-01", "open"),
    ],
)
def test_the_calendar_of_the_day_that_is_asked_about(day: str, asked: str, word: str) -> None:
    """Its date tells it, unless the question does; of a calendar of other words it says nothing."""
    other = Variable("odd", ("yes", "no"), Measurement(calendar="us"))
    graph = replace(KINDS, variables=(*KINDS.variables, other))
    model = model_of(graph)
    for text, seen, start in (
        ("P(prompt=c)", "", asked),
        ("P(us=open)", "", asked),
        ("P(prompt=c | us=open)", "us=open", asked),
        ("P(prompt=c within 2d)", "", day),
    ):
        question, _ = with_known_evidence(model, parse(text, graph), (), day)
        assert ", ".join(map(str, question.given)) == seen
        assert question.start == start
    question, _ = with_known_evidence(model, parse("P(us=open)", graph), (), day)
    assert ask(model, question).probability == (word == "open")


def point(start: list[float], step: list[list[float]]) -> CausalModel:
    """One variable of days, its tables given."""
    names = tuple("abc"[: len(start)])
    graph = CausalGraph((Variable("x", names),), (Edge("x", "x", 1),))
    return CausalModel(
        graph,
        {"x": Table(("x@-1", "x", DRAW), np.array(step)[..., None])},
        {"x": Table(("x", DRAW), np.array(start)[:, None])},
    )


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(2, 12))
def test_what_is_left_of_an_old_state_is_a_power_of_its_step(seed: int, age: int) -> None:
    """P(x_0 | x_-k = s) / P(x_0), the largest as 1; nothing where it is within ``LEAST``."""
    rng = np.random.default_rng(seed)
    start, step = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(3), 3)
    step = 0.8 * np.eye(3) + 0.2 * step
    model = point(start.tolist(), step.tolist())
    now, later = start @ step, np.linalg.matrix_power(step, age)
    for place, state in enumerate("abc"):
        apart = np.abs(later[place] - now @ later).sum() / 2
        found = virtual_evidence(model, known("x", state, age))
        if apart < LEAST:
            assert found == ()
            continue
        ratio = later[place] / now
        assert [s for s, _ in found] == ["a", "b", "c"]
        np.testing.assert_allclose([w for _, w in found], ratio / ratio.max(), rtol=6e-3)


@pytest.mark.parametrize(
    ("least", "apart", "says"),
    [(LEAST, 0.0499, False), (LEAST, 0.0501, True), (0.25, 0.25, True)],
)
def test_a_state_says_nothing_below_the_least(
    least: float, apart: float, says: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Total variation is half of the summed differences."""
    if least != LEAST:  # a number that adds up without rounding
        monkeypatch.setattr(today, "LEAST", least)
    model = point([0.5, 0.5], [[0.5 + apart, 0.5 - apart], [0.5 - apart, 0.5 + apart]])
    assert bool(virtual_evidence(model, known("x", "a", 1))) == says


def test_a_state_that_cannot_be_weighs_nothing() -> None:
    model = point([0.6, 0.4, 0.0], [[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.4, 0.6, 0.0]])
    found = dict(virtual_evidence(model, known("x", "a", 2)))
    assert found["a"] == 1.0
    assert 0 < found["b"] < 1
    assert found["c"] == 0.0
