"""The known answers: in sign and order those that the market was built for."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from causal.laboratory.known_answers import (
    FORCES,
    WORLDS,
    KnownAnswers,
    known_answers,
    shapley,
)


def values(found: KnownAnswers) -> dict[str, float]:
    return {n: t.value for n, t in found.worlds.items()}


def worlds_are_in_order(found: KnownAnswers) -> None:
    at = values(found)
    hit = at["escalation for 3 days"]
    assert at["loop off"] < at["nothing done"] < at["leverage times 1.8"]
    assert at["leverage times 0.4"] < at["nothing done"]
    caps = [at[f"leverage capped at {c}"] for c in (5, 10, 20)]
    assert caps == sorted(caps)
    assert at["calm for 3 days"] <= at["nothing done"] < hit
    assert found.effect("escalation for 3 days")[0] == pytest.approx(0.21, abs=0.07)
    cuts = {n: found.removed(n)[0] for n in ("shares cut off", "sentiment cut off", "loop off")}
    assert all(0 < removed < hit for removed in cuts.values())
    assert found.removed("reallocation cut off")[0] > max(cuts.values())


def paths_overlap_so_their_parts_are_more_than_the_whole(found: KnownAnswers) -> None:
    parts = [n.partition(", ")[2] for n in WORLDS if n.startswith("escalation, ")][:3]
    removed = sum(found.removed(p)[0] for p in parts)
    assert removed > 1.1 * found.effect("escalation for 3 days")[0]


def loop_off_lowers_every_crash_probability(found: KnownAnswers) -> None:
    at = found.worlds
    for whole, off in (
        ("nothing done", "loop off"),
        ("escalation for 3 days", "escalation, loop off"),
    ):
        assert at[off].value < at[whole].value
        assert (at[off].happened <= at[whole].happened).all()


def necessity_and_sufficiency(found: KnownAnswers) -> None:
    low, off, calm = (
        found.necessity(n)[0] for n in ("leverage times 0.4", "loop off", "calm for 3 days")
    )
    assert calm < min(low, off)
    assert 0.3 < low < 0.75
    assert 0.3 < off < 0.75
    assert 0.08 < found.sufficiency("leverage times 1.8")[0] < 0.3


def the_factorial_amplifies_in_pairs_and_meets_its_ceiling(found: KnownAnswers) -> None:
    for pair in combinations(FORCES, 2):
        value, error = found.interaction(pair)
        assert value > -2 * error, pair
    pairs = [found.interaction(pair)[0] for pair in combinations(FORCES, 2)]
    assert sum(pairs) > 0.05
    assert found.interaction(FORCES)[0] < found.interaction(FORCES)[1]
    one = {s: t.value for s, t in found.factorial.items()}
    assert max(one, key=lambda s: one[s]) == FORCES
    assert min(one, key=lambda s: one[s]) == ()


def shapley_values_sum_to_the_whole(found: KnownAnswers) -> None:
    shares = found.shapley()
    whole = found.factorial[FORCES].value - found.factorial[()].value
    assert sum(shares.values()) == pytest.approx(whole)
    assert shares["escalation"] < min(shares["leverage"], shares["equity fall"])


def test_shapley_on_a_game_that_is_known() -> None:
    """Gloves: one left, two right; the left one is worth two thirds (Shapley and Shubik 1969)."""
    players = ("left", "right", "other")
    games = [s for k in range(4) for s in combinations(players, k)]
    worth = {s: float("left" in s and len(s) > 1) for s in games}
    assert shapley(worth) == pytest.approx({"left": 2 / 3, "right": 1 / 6, "other": 1 / 6})


def tables_and_json(found: KnownAnswers) -> None:
    record = found.to_dict()
    assert set(record["answers"]) == set(found.tables())
    assert record["licence"] == "model-only"
    errors = [row["standard_error"] for rows in record["answers"].values() for row in rows]
    assert np.isfinite(errors).all()


def test_the_known_answers_are_in_sign_and_order() -> None:
    """One test, so that the market is run once."""
    found = known_answers(paths=240, seed=1)
    for law in (
        worlds_are_in_order,
        paths_overlap_so_their_parts_are_more_than_the_whole,
        loop_off_lowers_every_crash_probability,
        necessity_and_sufficiency,
        the_factorial_amplifies_in_pairs_and_meets_its_ceiling,
        shapley_values_sum_to_the_whole,
        tables_and_json,
    ):
        law(found)
