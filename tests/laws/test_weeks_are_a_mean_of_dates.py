"""With a date a question has the sessions of its days; without one it is the mean over weekdays.

Both are held against enumeration, in which the calendar is ordinary evidence on every day.  The
mean is exact at the posterior mean; on draws it is that of independent days, put right there
(``infer.weekdays``), and how near that comes is measured on the shipped model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from causal.ask import ask, probability
from causal.calendar import closed_share, us_open
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Measurement, Series, Variable
from causal.model.network import CausalModel, family
from causal.model.table import DRAW, Table
from causal.query.assignment import Hard
from causal.query.event import StatesLike
from causal.query.intervention import Intervention
from causal.sweep.sweep import sweep
from tests.query.test_week import turning_graph
from tests.reference import Array, truth

pytestmark = pytest.mark.usefixtures("path")

SESSIONS = ("open", "closed")
FRIDAY = "2026-06-05"
NO_DO: tuple[Intervention, ...] = ()


def market(seed: int, draws: int = 3, *, hidden: bool = False) -> CausalModel:
    """A calendar, a market that closes with it, a coin that trades on; random tables, no zeros."""
    rng = np.random.default_rng([15, seed])
    shut = Measurement((Series("column"),), cuts=(1.0,), closed=True)
    graph = CausalGraph(
        (
            Variable("session", SESSIONS, Measurement(calendar="us")),
            Variable("mood", ("calm", "fear")),
            Variable("shares", ("closed", "calm", "shock"), shut),
            Variable("coin", ("calm", "crash")),
        ),
        (
            Edge("session", "shares"),
            Edge("mood", "shares"),
            Edge("shares", "coin"),
            Edge("mood", "mood", 1),
            Edge("coin", "coin", 1),
            *([Edge("shares", "mood", 1)] if seed % 2 else []),
        ),
        (Confounded("shares", "coin", "news"),) if hidden else (),
        name="market",
    )

    def table(name: str, axes: tuple[str, ...]) -> Table:
        sizes = [graph.size(a) for a in axes]
        values = np.moveaxis(rng.dirichlet(np.ones(sizes[-1]), (*sizes[:-1], draws)), -1, -2)
        if name == "shares":  # closed when there is no session, and only then
            place = axes.index("session")
            rows = np.moveaxis(values.copy(), place, 0)
            rows[0, ..., 0, :] = 0.0
            rows[0] /= rows[0].sum(axis=-2, keepdims=True)
            rows[1] = np.array([1.0, 0.0, 0.0])[:, None]
            values = np.moveaxis(rows, 0, place)
        return Table((*axes, DRAW), values)

    return CausalModel(
        graph,
        {n: table(n, family(graph, n, "day")) for n in graph.names},
        {n: table(n, family(graph, n, "start")) for n in graph.names},
    )


def explicit(
    model: CausalModel,
    sessions: tuple[str, ...],
    given: Mapping[str, StatesLike],
    do: object,
    within: int,
) -> tuple[Array, Array]:
    """P(crash, e) and P(e) given the sessions of the days -1, 0, ..., by enumeration."""
    seen = {f"session@{day}": state for day, state in enumerate(sessions, -1)}
    some = {"within": within} if within else {}
    found = truth(model, {"coin": "crash"}, given={**given, **seen}, do=do, **some)  # type: ignore[arg-type]
    pieces = [model.start, *([model.tables] * (len(sessions) - 1))]
    codes = map(SESSIONS.index, sessions)
    alone = np.prod([p["session"].values[c] for p, c in zip(pieces, codes, strict=True)], axis=0)
    evidence = found.evidence / alone
    return np.nan_to_num(found.draws) * evidence, evidence


def any_week(
    model: CausalModel,
    given: Mapping[str, StatesLike],
    do: object,
    within: int,
    *,
    independent: bool = False,
) -> tuple[Array, Array]:
    """P(crash, e) and P(e), summed by hand over seven weekdays of day 0 and all their holidays.

    ``independent``: over days that have a session as often as any day has.
    """
    shut, days = closed_share(), within + 2
    if independent:
        shut = np.full(7, shut.mean())
    joint, evidence = np.zeros(model.draws), np.zeros(model.draws)
    for sessions in product(SESSIONS, repeat=days):
        weight = 0.0
        for weekday in range(7):
            chances = [shut[(weekday + day) % 7] for day in range(-1, days - 1)]
            weight += (
                np.prod(
                    [c if s == "closed" else 1 - c for s, c in zip(sessions, chances, strict=True)]
                )
                / 7
            )
        if weight:
            part, seen = explicit(model, sessions, given, do, within)
            joint, evidence = joint + weight * part, evidence + weight * seen
    return joint, evidence


CASES: list[tuple[dict[str, StatesLike], tuple[Intervention, ...], int]] = [
    ({}, NO_DO, 0),
    ({}, NO_DO, 1),
    ({"shares": "closed"}, NO_DO, 1),
    ({"shares@-1": "shock"}, NO_DO, 1),
    ({"shares@1": "closed", "mood": "fear"}, NO_DO, 1),
    ({"shares": {"closed": 0.2, "shock": 1.0}}, (Hard("mood", "fear"),), 1),
    ({"shares": "closed"}, (Hard("shares", "shock"),), 1),
    ({"mood@-1": "fear"}, (Hard("shares", "calm"),), 0),
]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("given", "do", "within"), CASES)
def test_no_date(
    seed: int, given: dict[str, StatesLike], do: tuple[Intervention, ...], within: int
) -> None:
    model = market(seed, draws=1)
    joint, evidence = any_week(model, given, do, within)
    answer = probability(model.do(do), {"coin": "crash"}, given=given, within=within or None)
    np.testing.assert_allclose(answer.draws, joint / evidence, rtol=1e-9)
    assert answer.evidence == pytest.approx(evidence.mean(), rel=1e-9)
    usual, whole = any_week(model, {}, NO_DO, within)
    np.testing.assert_allclose(answer.base, usual / whole, rtol=1e-9)
    assert answer.calendar == "mean over weekdays"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("given", "do", "within"), CASES)
def test_no_date_on_draws(
    seed: int, given: dict[str, StatesLike], do: tuple[Intervention, ...], within: int
) -> None:
    """Odds of the independent days, times what the weekdays make of them at the posterior mean.

    Evidence of a closed day all but names the weekday: then every draw runs over the weekdays.
    """
    model = market(seed)
    mean = model.mean()
    answer = probability(model.do(do), {"coin": "crash"}, given=given, within=within or None)
    if "closed" in given.values():
        joint, evidence = any_week(model, given, do, within)
        np.testing.assert_allclose(answer.draws, joint / evidence, rtol=1e-9)
        return

    def odds(of: CausalModel, independent: bool) -> tuple[Array, Array]:
        joint, evidence = any_week(of, given, do, within, independent=independent)
        return joint / (evidence - joint), evidence

    (rough, told), (near, usual), (exact, weight) = (
        odds(model, True),
        odds(mean, True),
        odds(mean, False),
    )
    found = answer.draws / (1 - answer.draws)
    np.testing.assert_allclose(found, rough * exact / near, rtol=1e-9)
    assert answer.evidence == pytest.approx((told * weight / usual).mean(), rel=1e-9)
    if answer.curve is not None:
        np.testing.assert_allclose(answer.curve.sum(axis=0), answer.draws, rtol=1e-12)


@pytest.mark.parametrize(
    "question",
    [
        "P(bitcoin=crash within 7d)",
        "P(bitcoin=crash within 7d | equity_selling=closed)",
        "P(bitcoin=crash within 3d | do(leverage=high), equity_selling=shock)",
        "P(bitcoin=crash within 7d | do(equity_selling=shock on d1))",
        "P(equity_selling=shock within 2d | geopolitics=escalation)",
        "P(liquidations=cascade at 5d | do(trade=calm), calendar=closed)",
    ],
)
def test_draws_come_near_the_mean_over_weekdays(question: str) -> None:
    """What is left wrong on 40 draws of the shipped model is small beside their own spread."""
    from causal.infer.forward import forward
    from causal.infer.frontier import compile_slices
    from causal.model.network import fitted
    from causal.model.store import load, shipped
    from causal.query.parser import parse
    from causal.query.unrolled import unroll

    model = load(shipped())
    assert model.fit is not None
    model = fitted(turning_graph(model.graph), replace(model.fit, draws=40))
    query = parse(question, model.graph)
    exact = forward(model, compile_slices(unroll(model.graph, query))).probability
    answer = ask(model, query, assume_unconfounded=True)
    found = answer.draws
    assert answer.curve is None or (answer.curve >= 0).all()
    assert (found - exact).std() < 0.1 * exact.std()
    assert abs(found.mean() - exact.mean()) < 0.01 * exact.std()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("start", [FRIDAY, "2026-06-08", "2025-12-24"])
@pytest.mark.parametrize(("given", "do", "within"), CASES)
def test_a_date(
    seed: int, start: str, given: dict[str, StatesLike], do: tuple[Intervention, ...], within: int
) -> None:
    days = np.datetime64(start) + np.arange(-1, within + 1)
    sessions = tuple("open" if x else "closed" for x in us_open(days))
    told = {int(k.partition("@")[2] or 0): v for k, v in given.items() if k.startswith("shares")}
    if any(
        (v == "closed") == (sessions[d + 1] == "open")
        for d, v in told.items()
        if v in ("closed", "shock")
    ):
        return  # the evidence gainsays the date: another test
    model = market(seed)
    joint, evidence = explicit(model, sessions, given, do, within)
    answer = probability(
        model.do(do), {"coin": "crash"}, given=given, within=within or None, start=start
    )
    np.testing.assert_allclose(answer.draws, joint / evidence, rtol=1e-9)
    assert answer.evidence == pytest.approx(evidence.mean(), rel=1e-9)


def test_two_days() -> None:
    """Longer, where the first day of the event is not the last."""
    model, given = market(3, draws=1), {"shares": "closed"}
    joint, evidence = any_week(model, given, NO_DO, 2)
    found = probability(model, {"coin": "crash"}, given=given, within=2)
    np.testing.assert_allclose(found.draws, joint / evidence, rtol=1e-9)


def test_friday_for_two_days_is_closed() -> None:
    model = market(0)
    for event, horizon, wanted in [
        ("shares=shock", "within 2d", 0.0),
        ("shares=closed", "at 1d", 1.0),
        ("shares=closed", "at 2d", 1.0),
        ("shares=closed", "at 3d", 0.0),
    ]:
        found = ask(model, f"P({event} {horizon} from {FRIDAY})")
        np.testing.assert_allclose(found.draws, wanted, atol=1e-12)
    assert found.calendar == "2026-06-05 to 2026-06-08"
    assert (ask(model, f"P(shares=shock within 3d from {FRIDAY})").draws > 0).all()
    assert (ask(model, f"P(shares=shock from {FRIDAY})").draws > 0).all()


def test_what_the_question_says_of_a_day_goes_before_its_date() -> None:
    """The day is left to the question; the days around it keep their dates."""
    model = market(1)
    sessions = ("open", "closed", "closed")  # Thursday, Friday as the question has it, Saturday
    for given in ({"shares": "closed"}, {"session": "closed"}):
        joint, evidence = explicit(model, sessions, {}, NO_DO, 1)
        found = probability(model, {"coin": "crash"}, given=given, within=1, start=FRIDAY)
        np.testing.assert_allclose(found.draws, joint / evidence, rtol=1e-9)
        assert 0 < found.evidence < 1
    done = probability(model.do(session="open"), {"coin": "crash"}, within=1, start=FRIDAY)
    joint, evidence = explicit(model, ("open", "open", "open"), {}, NO_DO, 1)
    np.testing.assert_allclose(done.draws, joint / evidence, rtol=1e-9)


def test_a_weekend_day_makes_weekends_likelier() -> None:
    """Seen closed today, tomorrow is closed about as often as a Saturday has a Sunday after it."""
    model, shut = market(2), closed_share()
    tomorrow = ask(model, "P(session=closed at 1d | shares=closed)")
    by_hand = (shut * np.roll(shut, -1)).sum() / shut.sum()
    np.testing.assert_allclose(tomorrow.draws, by_hand, rtol=1e-12)
    assert by_hand > 0.45 > shut.mean() + 0.1
    np.testing.assert_allclose(tomorrow.base, shut.mean(), rtol=1e-12)


ASKED: list[tuple[dict[str, StatesLike], dict[str, int]]] = [
    ({"coin": "crash"}, {}),
    ({"coin": "crash"}, {"within": 3}),
    ({"session": "closed"}, {"at": 3}),
    ({"shares": "shock"}, {"at": 1}),
]


@pytest.mark.parametrize("start", [None, FRIDAY])
@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("seed", [0, 3])  # of the second alone, shares act on the day after
@pytest.mark.parametrize(("event", "span"), ASKED)
def test_a_sweep_is_single_questions(
    event: dict[str, StatesLike], span: dict[str, int], seed: int, start: str | None, hidden: bool
) -> None:
    model = market(seed, hidden=hidden)
    scenarios = [
        (
            f"{do} {seen} {before}",
            {} if do == "-" else {"mood": do} if do in ("calm", "fear") else {"shares": do},
            {
                **({} if seen == "-" else {"shares": seen}),
                **({} if before == "-" else {"mood@-1": before}),
            },
        )
        for do in ("-", "calm", "fear", "shock")
        for seen in ("-", "calm", "closed", "shock")
        for before in ("-", "fear")
    ]
    kept = [s for s in scenarios if span or s[1].get("shares") is None or "shares" not in s[2]]
    for of in (model, model.mean()):
        found = sweep(of, kept, event, start=start, **span)
        for (_, do, given), row in zip(kept, found.rows, strict=True):
            one = probability(of.do(do), event, given=given, start=start, **span)
            assert row.evidence_probability == pytest.approx(one.evidence, rel=1e-9)
            for mine, alone in [
                (row.probability, one.probability),
                (row.base_rate, one.base.mean()),
                *zip((row.low, row.high), one.interval(), strict=True),
            ]:
                wanted = None if alone is None else pytest.approx(alone, rel=1e-9, abs=1e-12)
                assert mine == wanted


def test_a_sweep_that_acts_on_the_calendar() -> None:
    """Its other days may be those of the model: every scenario stands alone."""
    model = market(3)
    scenarios = [
        (f"{done} {seen}", {"session": done}, {"shares": seen} if seen else {})
        for done in ("open", "closed")
        for seen in ("", "calm", "shock")
    ]
    found = sweep(model, scenarios, {"coin": "crash"}, within=2)
    for (_, do, given), row in zip(scenarios, found.rows, strict=True):
        one = probability(model.do(do), {"coin": "crash"}, given=given, within=2)
        assert row.probability == pytest.approx(one.probability, rel=1e-9)
        assert row.evidence_probability == pytest.approx(one.evidence, rel=1e-9)


def test_first_passage_adds_up_and_a_model_of_one_day_takes_the_mean() -> None:
    found = probability(market(0), {"coin": "crash"}, given={"shares": "closed"}, within=6)
    assert found.curve is not None
    np.testing.assert_allclose(found.curve.sum(axis=0), found.draws, rtol=1e-12)
    for days in range(1, 6):
        shorter = probability(market(0), {"coin": "crash"}, given={"shares": "closed"}, within=days)
        np.testing.assert_allclose(found.curve[:days].sum(axis=0), shorter.draws, rtol=1e-9)
    graph = CausalGraph((Variable("session", SESSIONS, Measurement(calendar="us")),), name="day")
    one = CausalModel(graph, {"session": Table(("session", DRAW), np.array([[0.5], [0.5]]))})
    assert ask(one, "P(session=closed)").probability == pytest.approx(closed_share().mean())
    assert ask(one, f"P(session=closed from {FRIDAY})").probability == 0.0
