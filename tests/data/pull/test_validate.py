"""What may replace the stored history: order, unit, jump and length, each at its very boundary."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from causal.data.pull.validate import (
    FEW,
    RECENT,
    UNIT,
    comparable,
    complete,
    observed_until,
    ordered,
    plausible,
    present,
)
from causal.data.sources.source import Column, Observations, Source
from causal.errors import SourceError

NAN = np.nan
FIRST = np.datetime64("2024-01-01")
TENS = [10.0] * RECENT


def source(*columns: Column, entire: bool = True) -> Source:
    columns = columns or (Column("x", "units"),)
    return Source(
        "made_up", "", "Nobody", "https://no.where/x", "", "", columns,
        lambda *_: (), lambda *_: Observations(np.array([]), {}), whole=entire,
    )  # fmt: skip


def rows(x: list[float], first: int = 0, **more: list[float]) -> Observations:
    days = FIRST + np.arange(first, first + len(x))
    return Observations(days, {n: np.array(v, dtype=float) for n, v in {"x": x, **more}.items()})


def on(days: list[int]) -> Observations:
    return Observations(FIRST + np.array(days, dtype=int), {"x": np.array(days, dtype=float)})


def day(number: int) -> str:
    return str(FIRST + number)


def in_order(days: list[int]) -> list[int] | str:
    """What is to become of days in this order, or what is wrong with them, one by one."""
    steps = [b - a for a, b in pairwise(days)]
    if len([s for s in steps if s < 0]) > len(steps) / 2:
        days = days[::-1]
    for one, other in pairwise(days):
        if one == other:
            return f"the day {day(one)} stands twice."
    for one, other in pairwise(days):
        if other < one:
            return f"the days are out of order: {day(other)} after {day(one)}."
    return days


@settings(max_examples=200)
@given(st.lists(st.integers(0, 6), max_size=6) | st.permutations(range(5)))
@example([1, 2, 0])  # half of the steps fall: not turned round
@example([2, 1, 0, 1])  # two of three fall: turned round
@example([3, 2, 2, 1])
@example([0, 1, 1, 2])
@example([])
def test_days_are_put_in_order_or_the_first_fault_is_named(days: list[int]) -> None:
    wanted = in_order(list(days))
    if isinstance(wanted, str):
        with pytest.raises(SourceError) as caught:
            ordered(source(), on(list(days)))
        assert wanted in caught.value.what
    else:
        found = ordered(source(), on(list(days)))
        assert [day(d) for d in wanted] == [str(d) for d in found.days]
        assert found.values["x"].tolist() == wanted


def test_columns_belong_together() -> None:
    two = source(Column("x", "units"), Column("y", "units"))
    assert len(ordered(two, rows([1, 2], y=[3, 4]))) == 2
    for bad in (rows([1, 2]), rows([1, 2], z=[3, 4]), rows([1, 2], y=[3, 4], z=[5, 6]),
                rows([1, 2], y=[3]), rows([1, 2], y=[3, 4, 5])):  # fmt: skip
        with pytest.raises(SourceError, match="do not belong together"):
            ordered(two, bad)


def test_days_are_observed_when_anything_is_up_to_the_last_one_included() -> None:
    found = observed_until(rows([1, NAN, NAN, 4, 5], y=[1, 2, NAN, NAN, 5]), date(2024, 1, 4))
    assert [str(d) for d in found.days] == [day(0), day(1), day(3)]
    np.testing.assert_array_equal(found.values["x"], [1, NAN, 4])
    np.testing.assert_array_equal(found.values["y"], [1, 2, NAN])


@pytest.mark.parametrize("entire", [True, False])
def test_the_median_lies_where_its_unit_puts_it(entire: bool) -> None:
    judge = source(Column("x", "units", low=2.0, high=8.0), entire=entire)
    below, above = 2 - 1e-9, 8 + 1e-9
    for good in (2.0, 8.0):
        plausible(judge, rows([-99.0, -99, good, 99, 99, NAN, NAN]))
    for bad in (below, above):
        with pytest.raises(SourceError, match=r"the median of `x` is .* between 2 and 8"):
            plausible(judge, rows([-99.0, -99, bad, 99, 99, NAN, NAN]))
    few = rows([above] * (FEW - 1) + [NAN] * 3)
    if entire:
        with pytest.raises(SourceError, match="median"):
            plausible(judge, few)
    else:
        plausible(judge, few)
    plausible(judge, rows([NAN] * 3))


def test_a_whole_history_is_not_empty() -> None:
    with pytest.raises(SourceError, match="holds no values"):
        plausible(source(), rows([]))
    plausible(source(entire=False), rows([]))


def test_every_column_is_judged() -> None:
    judge = source(Column("x", "units"), Column("y", "kilos", high=1.0))
    with pytest.raises(SourceError, match="the median of `y` is 5; in kilos"):
        plausible(judge, rows([1.0] * 5, y=[5.0] * 5))


@pytest.mark.parametrize("factor", [1.0, UNIT, 1 / UNIT, -1.0, -UNIT])
def test_the_unit_is_what_it_was(factor: float) -> None:
    comparable(source(), rows([factor] * 5), rows([1.0] * 5))
    comparable(source(), rows([1.0] * 5), rows([factor] * 5))


@settings(max_examples=50)
@given(st.lists(st.floats(0.5, 100), min_size=1, max_size=9), st.floats(1.51, 1e6))
def test_a_change_of_unit_is_noticed(values: list[float], factor: float) -> None:
    """Both ways, whatever the values, on however few days."""
    for one, other in ((factor, 1.0), (1.0, factor)):
        with pytest.raises(SourceError, match="times what is stored"):
            comparable(source(), rows([one * v for v in values]), rows([other * v for v in values]))


def test_the_message_shows_the_newest_pair() -> None:
    with pytest.raises(SourceError) as caught:
        comparable(source(), rows([2, 4, 6, NAN, 8], first=1), rows([9, 1, 2, 3, 9]))
    assert "`x` is 2 times what is stored" in caught.value.what
    assert "(the last is 6, stored 3 units)" in caught.value.what


def test_zeros_and_gaps_do_not_speak_of_units() -> None:
    comparable(source(), rows([5.0, 5, 5, 1, 2]), rows([0.0, 0, NAN, 1, 2]))
    comparable(source(), rows([NAN, NAN, NAN, 1, 2]), rows([1.0, 1, 1, 1, 2]))
    comparable(source(), rows([0.0, 0, 1, 1, 1]), rows([1.0, 1, 1, 1, 1]))
    comparable(source(), rows([5.0] * 5), rows([0.0] * 5))
    comparable(source(), rows([7, NAN, 5, 7], first=1), rows([7, 7, 7, 0, 7]))  # day by day
    with pytest.raises(SourceError, match="is 0 times"):
        comparable(source(), rows([0.0, 0, 0, 1, 1]), rows([1.0, 1, 1, 1, 1]))


def test_a_column_that_had_values_still_has_some() -> None:
    gone = rows([NAN] * 9)
    with pytest.raises(SourceError, match="no values any more"):
        comparable(source(), gone, rows([NAN] * 4 + [1.0] * FEW))
    comparable(source(), gone, rows([NAN] * 5 + [1.0] * (FEW - 1)))
    comparable(source(), gone, rows([1.0] * 9, first=20))  # on other days
    comparable(source(), rows([NAN] * 9 + [1.0]), rows([1.0] * 9))


JUMPY = source(Column("x", "units", jump=4.0))


def after(old: list[float], new: list[float], judge: Source = JUMPY) -> None:
    """The stored values, repeated by the response, and what it adds to them."""
    comparable(judge, rows(old + new), rows(old))


@pytest.mark.parametrize("new", [40.0, 2.5, 10.0])
def test_the_newest_values_may_move_so_far(new: float) -> None:
    after(TENS, [new])
    after(TENS, [new, new, NAN])


@pytest.mark.parametrize("new", [40.01, 2.49, 1e9, 0.0, -10.0])
def test_the_newest_values_may_not_jump(new: float) -> None:
    with pytest.raises(SourceError, match="`x` jumps from about 10 to about"):
        after(TENS, [new])
    after(TENS, [new], source())  # a series that may
    after([10.0] * (FEW - 1), [new])  # too little to say so
    after([NAN] * FEW + [10.0] * (FEW - 1), [new])
    with pytest.raises(SourceError, match="jumps"):
        after([NAN] + [10.0] * FEW, [NAN, new])
    with pytest.raises(SourceError, match="jumps"):
        after([10.0] * (RECENT + FEW - 1), [new])


def test_a_jump_is_judged_by_the_days_after_the_last_stored_one() -> None:
    """Not by the days that both have, and by nothing where there are none."""
    comparable(JUMPY, rows(TENS), rows(TENS))
    comparable(JUMPY, rows([*TENS[:-1], 1000.0, 11.0]), rows(TENS))
    comparable(JUMPY, rows([*TENS, NAN]), rows(TENS))


def test_a_jump_is_judged_by_so_many_values_on_either_side() -> None:
    half = RECENT // 2
    after(TENS, [30.0] * half + [50.0] * half + [1e6] * 9)
    with pytest.raises(SourceError, match="to about 50 units"):
        after(TENS, [30.0] * (half - 1) + [50.0] * half)
    after([1e-6] * 9 + [5.0] * half + [15.0] * half, [40.0])
    with pytest.raises(SourceError, match="from about 5 to"):
        after([5.0] * half + [15.0] * (half - 1), [40.0])


STORED = rows([float(k) for k in range(10)])


@pytest.mark.parametrize("entire", [True, False])
def test_no_day_is_lost(entire: bool) -> None:
    judge, since = source(entire=entire), date(2024, 1, 4)
    complete(judge, STORED, STORED, since)
    complete(judge, rows([0.0] * 7, first=3), STORED, since)
    complete(judge, rows([0.0] * 9, first=3), STORED, since)
    with pytest.raises(SourceError, match=r"1 day.*vanished.*: 2024-01-04\."):
        complete(judge, rows([0.0] * 6, first=4), STORED, since)
    with pytest.raises(SourceError, match=r"1 day.*: 2024-01-06\."):
        complete(judge, on([3, 4, 6, 7, 8, 9]), STORED, since)


def test_the_end_may_be_missing_where_only_a_part_is_answered() -> None:
    since = date(2024, 1, 4)
    short = rows([0.0] * 4, first=3)
    complete(source(entire=False), short, STORED, since)
    with pytest.raises(SourceError, match=r"3 day.*: 2024-01-08, 2024-01-09, 2024-01-10\."):
        complete(source(), short, STORED, since)
    with pytest.raises(SourceError, match=r"1 day.*: 2024-01-09\."):
        complete(source(entire=False), on([3, 4, 5, 6, 7, 9]), STORED, since)
    for entire in (True, False):
        with pytest.raises(SourceError, match="7 day"):
            complete(source(entire=entire), rows([]), STORED, since)


@pytest.mark.parametrize(
    ("lost", "shown"), [(1, "03."), (5, "07."), (6, "07, ...."), (9, "07, ....")]
)
def test_a_few_lost_days_are_named(lost: int, shown: str) -> None:
    left = on([0, 1, *range(2 + lost, 12)])
    with pytest.raises(SourceError) as caught:
        complete(source(), left, on(list(range(12))), date(2024, 1, 1))
    assert f"{lost} day(s)" in caught.value.what
    assert caught.value.what.endswith(f"2024-01-{shown}")


def test_finite_is_what_is_there() -> None:
    np.testing.assert_array_equal(present(np.array([NAN, 1.0, NAN, 2.0])), [1, 2])
