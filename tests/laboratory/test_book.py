"""The cascade is the smallest fixed point, found by another way; no position is lost or made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.laboratory.book import (
    LEVELS,
    LONG,
    REACH,
    SHORT,
    STEP,
    Book,
    Cascade,
    cascade,
    impact,
    level_of,
    new_book,
    opening_shares,
    tilted,
)
from causal.laboratory.parameters import Parameters

P = Parameters()
PATHS = 60


def full_book(rng: np.random.Generator, size: float = 0.2) -> Book:
    """Positions at random levels near the price of zero."""
    book = new_book(PATHS, P)
    centre = LEVELS // 2
    for side, at in ((LONG, centre - 1 - np.arange(80)), (SHORT, centre + 1 + np.arange(80))):
        mass = rng.exponential(size, (PATHS, 80)) * (rng.random((PATHS, 80)) < 0.5)
        book.levels[:, side, at] = mass
        book.interest[side] = mass.sum(axis=1)
    return book


def solved(book: Book, before: np.ndarray, proposed: np.ndarray, **how: np.ndarray) -> Cascade:
    more = {"stop_at": np.full(PATHS, -np.inf), "allowed": np.full(PATHS, np.inf), **how}
    return cascade(book, before, proposed, np.full(PATHS, P.forced_impact), P, **more)


def walked(book: Book, path: int, before: float, proposed: float) -> tuple[float, float]:
    """Position by position outwards, without a fund: the price after, and $B liquidated."""
    side, way = (LONG, -1) if proposed < before else (SHORT, 1)
    sold, at = 0.0, int(level_of(np.array([before]))[0])
    while True:
        distance = way * ((at - LEVELS // 2 + 0.5) * STEP - before)
        moved = abs(proposed - before) + P.forced_impact * sold / (1 + sold / P.forced_depth)
        if moved < distance:
            break
        sold += book.levels[path, side, at] * book.held
        at += way
    return proposed + way * P.forced_impact * sold / (1 + sold / P.forced_depth), sold


def test_it_is_the_walk_of_one_position_after_the_other() -> None:
    rng = np.random.default_rng(1)
    book = full_book(rng)
    book.fund[:] = np.inf
    before = rng.uniform(-0.001, 0.001, PATHS)
    proposed = before + rng.normal(0, 0.03, PATHS)
    want = [walked(book, i, before[i], proposed[i]) for i in range(PATHS)]
    found = solved(book, before, proposed)
    np.testing.assert_allclose(found.price, [w[0] for w in want], atol=1e-12)
    np.testing.assert_allclose(found.liquidated, [w[1] for w in want], atol=1e-12)
    assert (found.liquidated > 0.5).sum() > 10
    assert (found.fell == (proposed < before)).all()


def test_nothing_is_lost_and_weak_hands_are_gone() -> None:
    rng = np.random.default_rng(2)
    book = full_book(rng)
    held = book.levels.sum(axis=2).T.copy()
    before, proposed = np.zeros(PATHS), rng.normal(0, 0.03, PATHS)
    found = solved(book, before, proposed)
    side = np.where(found.fell, LONG, SHORT)
    left = book.levels.sum(axis=2)
    rows = np.arange(PATHS)
    np.testing.assert_allclose(held[side, rows] - left[rows, side], found.liquidated, atol=1e-9)
    np.testing.assert_allclose(book.interest, left.T, atol=1e-9)
    again = solved(book, before, proposed)
    assert (again.liquidated == 0).all()
    assert (np.abs(again.price) <= np.abs(found.price)).all()


def test_stops_add_to_a_fall_and_go_off_once() -> None:
    book = new_book(PATHS, P)
    before, proposed = np.zeros(PATHS), np.full(PATHS, -0.02)
    found = solved(book, before, proposed, stop_at=np.full(PATHS, -0.01))
    want = -0.02 - impact(np.array(P.stop_lump), P.forced_impact, P.forced_depth)
    np.testing.assert_allclose(found.price, want)
    assert found.stopped.all()
    assert (found.liquidated == 0).all()
    far = solved(book, before, proposed, stop_at=np.full(PATHS, -0.05))
    assert not far.stopped.any()
    up = solved(book, before, -proposed, stop_at=np.full(PATHS, 0.01))
    assert not up.stopped.any()


def test_an_exchange_that_halts_leaves_the_positions_standing() -> None:
    book = full_book(np.random.default_rng(3))
    before, proposed = np.zeros(PATHS), np.full(PATHS, -0.03)
    held = book.interest.copy()
    found = solved(book, before, proposed, allowed=np.full(PATHS, 0.3))
    assert (found.liquidated <= 0.3).all()
    assert (found.liquidated > 0).any()
    np.testing.assert_allclose(book.interest[LONG], held[LONG] - found.liquidated)


def test_without_a_fund_the_other_side_is_deleveraged_and_the_fall_stops() -> None:
    full, none = (full_book(np.random.default_rng(4), 1.0) for _ in range(2))
    full.fund[:] = np.inf
    none.fund[:] = 0.0
    before, proposed = np.zeros(PATHS), np.full(PATHS, -0.03)
    shorts = none.interest[SHORT].copy()
    sold, matched = solved(full, before, proposed), solved(none, before, proposed)
    assert (matched.price >= sold.price).all()
    assert (sold.deleveraged == 0).all()
    some = matched.deleveraged > 0
    assert some.sum() > PATHS / 2
    gone = np.minimum(matched.deleveraged, shorts)
    np.testing.assert_allclose(shorts - none.interest[SHORT], gone, atol=1e-9)


def test_the_loop_off_leaves_the_price_but_not_the_positions() -> None:
    book = full_book(np.random.default_rng(5))
    proposed = np.full(PATHS, -0.03)
    none = np.full(PATHS, np.inf)
    found = cascade(
        book, np.zeros(PATHS), proposed, np.zeros(PATHS), P, stop_at=-none, allowed=none
    )
    np.testing.assert_array_equal(found.price, proposed)
    assert (found.liquidated > 0).any()


@pytest.mark.parametrize("cap", [100.0, 20.0, 5.0])
@pytest.mark.parametrize("addon", [0.0, 0.05])
def test_shares_of_a_new_position(cap: float, addon: float) -> None:
    found = opening_shares(4.5, 0.8, cap, P.maintenance, addon)
    assert (found >= 0).all()
    assert (found.sum(axis=1) <= 1 + 1e-12).all()
    nearest = -np.log(1 - (1 / cap + addon - P.maintenance))
    first = (found[0] > 1e-12).argmax()
    assert (first + 1.5) * STEP >= nearest - 1e-9  # nobody is liquidated nearer than the cap allows
    lower = opening_shares(3.0, 0.8, cap, P.maintenance, addon)
    assert (lower.cumsum(axis=1) <= found.cumsum(axis=1) + 1e-12).all()


def test_shares_are_those_of_drawn_leverages() -> None:
    drawn = 4.5 * np.exp(0.8 * np.random.default_rng(6).standard_normal(400_000))
    margin = 1 / np.minimum(drawn, 20.0)
    distance = -np.log(np.maximum(1 - (margin - P.maintenance), 1e-12))
    bins = STEP * (np.arange(REACH + 1) + 0.5)
    want = np.histogram(distance, bins)[0] / len(drawn)
    found = opening_shares(4.5, 0.8, 20.0, P.maintenance)[30]
    np.testing.assert_allclose(found, want, atol=3e-3)


def test_opening_ageing_and_momentum() -> None:
    book = new_book(2, P)
    shares = tilted(opening_shares(4.5, 0.8, 100.0, P.maintenance), np.array([0.0, 0.3]))
    assert shares[1, :10].sum() > shares[0, :10].sum()  # in a rally leverage is higher
    for side in (LONG, SHORT):
        book.open(np.zeros(2), side, np.array([1.0, 2.0]), shares)
        near = book.ahead(np.zeros(2), side, REACH)
        np.testing.assert_allclose(near, shares * np.array([[1.0], [2.0]]))
    for _ in range(300):
        book.age(0.1, 0.5, P.fund_most)
    assert (book.levels * book.held).max() < 1e-12
    assert replace(P).fund_most == pytest.approx(book.fund[0])


def test_a_halt_is_a_halt_however_far_a_walk_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    from causal.laboratory import book as module

    for ahead in (1, 3, 12):
        monkeypatch.setattr(module, "AHEAD", ahead)
        book = new_book(PATHS, P)
        levels = LEVELS // 2 - 1 - np.arange(8)
        book.levels[:, LONG, levels] = [0.1, 0.1, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1]
        book.interest[LONG] = 1.2
        found = solved(book, np.zeros(PATHS), np.full(PATHS, -0.05), allowed=np.full(PATHS, 0.5))
        np.testing.assert_allclose(found.liquidated, 0.2)
        np.testing.assert_allclose(book.levels[:, LONG, levels[2:]].sum(axis=1), 1.0)
