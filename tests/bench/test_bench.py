"""The bench itself: contestants agree before the clock starts, and a wrong one is caught."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import causal
from tests.bench import cold, ladder, ours, sweep, table, versions
from tests.bench.clock import fastest, interleaved
from tests.bench.cold import SHIPPED
from tests.bench.draws import contestants
from tests.bench.frontier import question, ways
from tests.bench.limits import measured
from tests.bench.marginals import CHECKED, all_ways
from tests.bench.networks import crypto12, drawn, public, questions, two_slices, typical
from tests.bench.peers import agrum_base, agrum_cold
from tests.bench.scenarios import _Joint, _Loop, scenarios
from tests.bench.settings import DisagreementError, agreed
from tests.bench.slices import Slices
from tests.bench.unrolled import Horizon

Needs = Callable[[str], ModuleType]


@pytest.mark.parametrize("name", ["crypto12", "asia"])
def test_peers_agree_on_draws(name: str, needs: Needs) -> None:
    needs("pyagrum")
    model, asked = drawn(public(name), 8), typical(public(name))
    query = asked.query(model.graph)
    mine = ours.draws(model, query)
    assert mine.std() > 1e-6, "draws that do not vary would hide a stale table"
    sides = contestants(model, asked, mine)
    assert set(sides.work) == {"pyAgrum", "pgmpy"}
    assert sides.difference < 1e-9
    with ours.numpy_alone():
        agreed("NumPy alone", mine, ours.prepared(model, query)())
        agreed("from inside", mine, ours.numbers(model, query))
    with pytest.raises(DisagreementError):
        contestants(model, asked, mine + 1e-6)


def test_peers_agree_on_questions_never_seen(needs: Needs) -> None:
    gum, model = needs("pyagrum"), public("asia")
    base = agrum_base(gum, model)
    found = questions(model, 10)
    assert len(set(map(str, found))) == 10
    for asked in found:
        place = model.graph.variable(asked.event[0]).index(asked.event[1])
        ours.forget(model)
        mine = ours.draws(model, asked.query(model.graph))[0]
        agreed(str(asked), mine, agrum_cold(gum, base, asked, place))


def test_peers_agree_on_all_marginals(needs: Needs) -> None:
    model, asked = drawn(crypto12(), 12), typical(crypto12())
    mine = ours.marginals(model, asked)
    for name, way in all_ways(needs("pyagrum"), model, asked).items():
        for draw in range(CHECKED):
            for variable, theirs in way(draw).items():
                agreed(f"{name}, {variable}", mine[variable][:, draw], theirs)


def test_peers_agree_on_scenarios(needs: Needs) -> None:
    gum, model, asked = needs("pyagrum"), drawn(crypto12(), 8), scenarios(20)
    mine = ours.scenario_draws(model, asked)
    assert mine.shape == (20, 8)
    rows = ours.scenarios(model, asked).rows
    agreed("causal.sweep", [row.probability for row in rows], mine.mean(axis=1))
    for side in (_Loop(gum, model, asked), _Joint(gum, model, asked)):
        for draw in (0, 5):
            agreed(type(side).__name__, mine[:, draw], side.answers(draw))


def test_peers_agree_on_a_sweep(needs: Needs) -> None:
    needs("pyagrum")
    model = sweep.with_draws(causal.load(SHIPPED), 8)
    groups = sweep.by_do(model, sweep.scenarios(model, 60))
    sample = [some[:3] for some in groups[:: len(groups) // 3]]
    sides = [Horizon(model, some[0], range(2)) for some in sample]
    worst, way = sweep.checked(model, sample, sides)
    assert worst < 1e-9
    assert way in ("unrolled", "flag")
    with pytest.raises(DisagreementError):
        sweep.checked(model, sample, sides[1:] + sides[:1])


def test_a_ladder_is_held_against_its_rungs() -> None:
    model = sweep.with_draws(causal.load(SHIPPED), 8)
    found = ladder.asked(model, {"bitcoin": "crash"})
    assert ladder.checked(model, found, " | bitcoin=crash") < 0.01
    with pytest.raises(DisagreementError):
        ladder.checked(model, found, "")


def test_peers_agree_on_the_curve(needs: Needs) -> None:
    needs("pyagrum")
    model = drawn(two_slices(4, 3), 8)
    mine = ours.curve(model, question(model, 5))
    whole, last, worst = ways(Slices(model, 5, range(3)), mine)
    assert set(whole) == {"flag", "soft", "unrolled"}
    assert set(last) == {"soft", "unrolled"}
    assert worst < 1e-9
    with pytest.raises(DisagreementError):
        ways(Slices(model, 5, range(3)), mine * (1 + 1e-6))


def test_agreement_can_fail() -> None:
    assert agreed("same", [0.5, 0.25], [0.5, 0.25]) == 0.0
    for theirs in ([0.5, 0.26], [0.5], [0.5, float("nan")], []):
        with pytest.raises(DisagreementError):
            agreed("not the same", [0.5, 0.25], theirs)
    with pytest.raises(DisagreementError):
        agreed("nothing", [], [])


def test_clock_and_limits() -> None:
    works = {"one": partial(sum, range(10)), "many": partial(sum, range(100_000))}
    found = interleaved(works, rounds=3, budget=0.1)
    assert all(t.rounds == 3 and 0 < t.best <= t.median for t in found.values())
    assert fastest(works) == "one"
    yardsticks = measured(quick=True)
    assert min(yardsticks.read_one, yardsticks.read_all, yardsticks.gemm, yardsticks.gamma) > 0


def test_commands_are_ours() -> None:
    commands = cold.our_commands()
    assert {"bare python", "import causal", "causal --help"} <= set(commands)
    assert "ask" in cold.run(commands["causal --help"])


def test_table(tmp_path: Path) -> None:
    row = table.Row("case", 2e-6, {"peer": 1e-3}, {"peer": 600.0}, 1e-12, {"n": "7"})
    topic = table.Topic("draws", "Title", (row, table.Row("slow", 1.0, {"peer": 0.5})), "How.")
    text = table.markdown(topic)
    assert "| case | 2.00 us | 1.00 ms | 500x (goal 600x: **missed**) | 7 | 1e-12 |" in text
    assert "| slow | 1.00 s | 500 ms | **0.50x** |  |  |" in text
    page = tmp_path / "page.md"
    page.write_text("# Performance\n\nKept.\n", encoding="utf-8")
    table.write(page, [("draws", "old"), ("cold", "cold stays")])
    table.write(page, [("draws", text)])
    written = page.read_text(encoding="utf-8")
    assert "Kept." in written
    assert "old" not in written.split()
    assert "cold stays" in written
    assert written.count("<!-- bench: draws -->") == 1


def test_draws_are_the_same_for_everyone() -> None:
    one, other = drawn(crypto12(), 5), drawn(crypto12(), 5)
    for name in one.graph.names:
        np.testing.assert_array_equal(one.tables[name].values, other.tables[name].values)
        one.tables[name].checked()


def test_versions_are_held_side_by_side(tmp_path: Path) -> None:
    found = {
        "ask": {"old": [0.010, 0.030, 0.020], "new": [0.022, 0.021, 0.090]},
        "fit": {"old": [1.0], "new": [1.2]},
        "check": {"new": [0.5]},
    }
    _, ask, fit, check = versions.table(found)
    assert ask.split() == ["ask", "20.0", "22.0", "1.10"]
    assert fit.split() == ["fit", "1000.0", "1200.0", "1.20", "SLOWER"]
    assert check.split() == ["check", "-", "500.0"]
    panel = causal.read_panel(versions.made_up(SHIPPED.with_suffix(".toml"), tmp_path / "p.csv"))
    model = causal.fit(causal.read_story(SHIPPED.with_suffix(".toml")), panel, draws=5)
    works = versions.works(causal, model, tmp_path / "p.csv")
    assert set(works) >= versions.LIGHT
    assert versions.seconds(works["probability"]) > 0


def test_a_version_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        versions.run(tmp_path, ["-c", "1 / 0"])
