"""What is read off many paths at once is what ``states`` reads off each panel."""

from __future__ import annotations

import numpy as np
import pytest

from causal.data.panel import Panel
from causal.data.states import states
from causal.errors import CausalError
from causal.graph.variable import MISSING, Measurement, Series, Variable
from causal.laboratory.measurement import market_columns
from causal.laboratory.reading import needed, pools, reach
from tests.laboratory.conftest import Small

ROWS = 6


def test_states_are_those_of_every_panel(small: Small) -> None:
    made = market_columns(small.state, small.noise, small.run.dates)
    dates = small.run.dates[: small.state.row]
    read = {n: small.reader.codes(small.state, n, ROWS) for n in small.graph.names}
    for path in (0, 5):
        values = np.stack([v[:, path] for v in made.values()], axis=1)
        want = states(Panel(dates, tuple(made), values), small.graph)
        for name in small.graph.names:
            # an EWMA that began earlier differs in its last digits: no cut is that near
            np.testing.assert_array_equal(read[name][:, path], want.of(name)[-ROWS:], name)


def test_almost_everything_can_be_read(small: Small) -> None:
    late = {"war", "trade", "geopolitics"}  # they look back two years
    for name in small.graph.names:
        codes = small.reader.codes(small.state, name, ROWS)
        assert (codes != MISSING).all() == (name not in late), name


def test_how_far_a_variable_looks_back(small: Small) -> None:
    assert needed(small.graph, ["calendar"]) < 20
    assert 365 < needed(small.graph, ["leverage"]) < 400
    assert needed(small.graph, ["geopolitics"]) == needed(small.graph, ["trade", "war"]) > 700
    assert reach(small.graph.variable("bitcoin")) > 200


def test_what_it_cannot_show_is_refused(small: Small) -> None:
    with pytest.raises(CausalError):
        small.reader.variable("gold")
    odd = Variable("gold", ("up", "down"), Measurement((Series("gold_bars"),), cuts=(0.0,)))
    graph = type(small.graph)((odd,), name="odd")
    with pytest.raises(CausalError) as error:
        type(small.reader)(graph, small.noise, small.run.dates, True).variable("gold")
    assert "does not show `gold`" in str(error.value)


def test_pools_are_by_state() -> None:
    found = pools(np.array([[0.1, 2.0], [np.nan, 0.5], [1.0, 0.2]]), (0.5, 1.5))
    assert [list(found[k]) for k in range(3)] == [[0.1, 0.2], [0.5, 1.0], [2.0]]
