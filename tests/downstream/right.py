"""A program that uses `causal` as its users do: by public names, types checked strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, assert_type

import causal


def risk(model: causal.CausalModel, event: Mapping[str, str], days: int) -> tuple[float, float]:
    """The ends of an interval, and whatever may be missing taken care of."""
    answer = causal.probability(model, event, within=days)
    assert_type(answer, causal.Answer)
    assert_type(answer.probability, float | None)
    assert_type(answer.interval(0.9), tuple[float, float])
    if answer.support is not None and answer.support.days < 20:
        print(f"thin: {answer.support.row}")
    return answer.interval()


def grounds(answer: causal.Answer) -> str:
    """What licenses an answer, and how its number came about."""
    claim: causal.Claim = answer.claim
    assert_type(claim.licensed_by, Literal["observed", "identified", "bounded", "assumed"])
    assert_type(claim.computed, Literal["estimand", "tables"])
    assert_type(claim.assumptions, tuple[str, ...])
    query: causal.Query = answer.query
    assert_type(query.within, int | None)
    return f"{query}: {claim.effect}, evidence {answer.evidence:.3f}"


def means(answer: causal.Answer) -> list[float]:
    """Draws are an array of numbers; bounds a pair of such, or nothing."""
    low, high = answer.bounds or (answer.draws, answer.draws)
    return [float(answer.base.mean()), float(low.mean()), float(high.mean())]


def acted(model: causal.CausalModel) -> causal.CausalModel:
    """Interventions as keywords, as values, and for some days."""
    other = model.do(leverage="high").do(causal.Schedule(causal.Hard("leverage", "low"), 2, 3))
    mixed = other.do(causal.Mix("leverage", (("low", 0.5), ("high", 0.5))))
    cut = mixed.do(causal.Cut("bitcoin", "leverage"))
    assert_type(cut, causal.CausalModel)
    assert_type(cut.mean(), causal.CausalModel)
    return cut


def own(story: str, panel: str, out: str) -> causal.CausalModel:
    """A story of one's own, fitted to a panel of one's own."""
    told = causal.read_story(story)
    assert_type(told, causal.Story)
    history = causal.read_panel(panel)
    assert_type(history, causal.Panel)
    model = causal.fit(told, history, fit_until="2025-12-31", draws=100, seed=1)
    assert_type(model, causal.CausalModel)
    causal.save(model, out)
    return causal.load(out)


def graph() -> causal.CausalGraph:
    """A graph in Python."""
    storm = causal.Variable("storm", ("no", "yes"))
    delay = causal.Variable("delay", ("no", "yes"))
    return causal.CausalGraph((storm, delay), (causal.Edge("storm", "delay", because="runways"),))


def many(model: causal.CausalModel) -> list[str]:
    """A ladder's rungs and a sweep's rows."""
    ladder = causal.ladder(model, thresholds=(-0.05, -0.1), horizons=(1, 3), price="low")
    assert_type(ladder.rung(-0.1, 3).answer, causal.Answer)
    assert_type(ladder.grid_error, float)
    lines = [f"{rung.threshold:.0%} {rung.days}d" for rung in ladder.rungs]
    scenarios = {"calm": "do(leverage=low)", "hot": "do(leverage=high)"}
    rows = causal.sweep(model, [(n, text, "") for n, text in scenarios.items()], "bitcoin=crash")
    assert_type(rows.row("calm").probability, float | None)
    return lines + [row.name for row in rows.rows]


def main() -> None:
    """Ask the shipped model."""
    model = causal.load(causal.shipped())
    try:
        answer = causal.ask(model, "P(bitcoin=crash within 3d | do(leverage=low))")
    except causal.QueryError as wrong:
        raise SystemExit(str(wrong)) from None
    print(grounds(answer), means(answer), risk(model, {"bitcoin": "crash"}, 3), sep="\n")
    for name, values in causal.marginals(model).items():
        print(name, float(values[0]))
    print(many(model.mean()), acted(model).name, graph().names)


if __name__ == "__main__":
    main()
