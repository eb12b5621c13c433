"""Sweeps at the public door: rows, checkpoints, executors, files, budgets, mistakes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import causal
from causal.answer.answer import Answer, answer_to_dict
from causal.ask import ask, probability
from causal.errors import CausalError, DataError, ExecutorError, QueryError
from causal.executor import Dask, Executor, Ray, executor
from causal.model.network import CausalModel, fitted
from causal.query.event import conditions
from causal.query.intervention import Hard, Schedule
from causal.query.query import Query
from causal.query.scenario import grid, resolved
from causal.sweep import job
from causal.sweep import sweep as swept_by
from causal.sweep.evaluator import Shared
from causal.sweep.job import Parts, chunked, fingerprint
from causal.sweep.result import COLUMNS, Sweep
from causal.sweep.strategy import Way, routed
from causal.sweep.sweep import sweep
from tests.app.toy import GRAPH, toy
from tests.moves import random_moves
from tests.strategies import two_slice

EVENT = {"bitcoin": "crash"}
GRID = grid(
    do={"leverage": [None, "low", "high"], "geopolitics": ["calm", "escalation for 2d"]},
    given={"bitcoin": ["flat", "crash"]},
)


@pytest.fixture(scope="module")
def swept() -> Sweep:
    return sweep(toy(), GRID, EVENT, within=5)


def test_a_row_says_what_the_answer_says(swept: Sweep) -> None:
    assert [r.name for r in swept.rows] == [name for name, _, _ in GRID]
    done = {
        "calm": Hard("geopolitics", "calm"),
        "escalation for 2d": Schedule(Hard("geopolitics", "escalation"), 1, 2),
    }
    for row, (_, do, given) in zip(swept.rows, GRID, strict=True):
        model = toy().do(done[do["geopolitics"]])
        model = model.do(leverage=do["leverage"]) if "leverage" in do else model
        answer = probability(model, EVENT, given=given, within=5)
        one = answer_to_dict(answer)
        assert row.probability == pytest.approx(one["probability"], abs=1e-12)
        assert (row.low, row.high) == pytest.approx(answer.interval(), abs=1e-12)
        assert row.base_rate == pytest.approx(one["base_rate"], abs=1e-12)
        for name in ("risk_difference", "risk_ratio"):
            mine = [getattr(row, f"{name}{end}") for end in ("", "_low", "_high")]
            theirs = [one[name][key] for key in ("value", "low", "high")]
            assert mine == pytest.approx(theirs, abs=1e-12)
        assert answer.support is not None
        assert (row.support_days, row.thinnest_row) == (answer.support.days, answer.support.row)
        assert row.prior_share == pytest.approx(answer.support.prior_share)
        assert row.evidence_probability == pytest.approx(answer.evidence, abs=1e-12)
        assert row.licensed_by == "identified"
    assert len({r.probability for r in swept.rows}) > 4


def test_bounded_rows_give_bounds_and_never_a_bare_number() -> None:
    model = toy(confounded=True)
    found = sweep(model, grid(do={"leverage": [None, "low", "high"]}), EVENT)
    plain, *bounded = found.rows
    assert (plain.effect, plain.computed, plain.least) == ("observed", "tables", None)
    assert plain.licensed_by == "assumed"
    for row, state in zip(bounded, ("low", "high"), strict=True):
        answer = probability(model.do(leverage=state), EVENT)
        assert answer.bounds is not None
        assert (row.licensed_by, row.probability, row.risk_ratio) == ("bounded", None, None)
        assert [row.least, row.most] == pytest.approx([b.mean() for b in answer.bounds])
        assert (row.low, row.high) == pytest.approx(answer.interval())
        assert " to " in row.text
    assumed = sweep(model, grid(do={"leverage": ["low"]}), EVENT, assume_unconfounded=True)
    assert assumed.rows[0].licensed_by == "assumed"
    assert assumed.rows[0].probability is not None


@pytest.mark.parametrize("way", ["as routed", "open", "shut", "plain"])
def test_bounds_of_a_horizon_are_those_of_one_question(way: Way) -> None:
    model = toy(confounded=True)
    dos = ("leverage=low", "leverage=high for 2d", "leverage={low, high}", "geopolitics=calm", "")
    seen = ("bitcoin=crash", "bitcoin={fall, crash}", "leverage@-1=low, bitcoin=flat", "")
    scenarios = resolved(
        model.graph,
        Query(conditions(model.graph, EVENT), within=3),
        [(f"{d} | {g}", d, g) for d in dos for g in seen],
    )
    queries = [Query(conditions(model.graph, EVENT), s.given, s.do, 3) for s in scenarios]
    ways = routed(model.graph, queries, model.draws, None).ways
    ways = ways if way == "as routed" else (way,) * len(queries)
    bounded = 0
    for query, found in zip(queries, Shared(model).answers(queries, ways), strict=True):
        expected = ask(model, query)
        assert isinstance(found, Answer)
        assert (found.bounds is None) is (expected.bounds is None)
        if found.bounds is not None and expected.bounds is not None:
            bounded += 1
            for mine, theirs in zip(found.bounds, expected.bounds, strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12)
    assert bounded == 12


def test_a_drawdown_can_be_swept() -> None:
    fit = toy().fit
    assert fit is not None
    model = fitted(GRAPH, replace(fit, moves=random_moves(3, toy())))
    assert fingerprint(model) != fingerprint(toy())
    what = grid(do={"leverage": ["low", None]}, given={"bitcoin": ["crash", "flat"]})
    found = sweep(model, what, "drawdown <= -10%", within=3)
    assert found.question == "P(drawdown <= -10% within 3d)"
    for row, (_, do, given) in zip(found.rows, what, strict=True):
        right = [*(f"do({n}={s})" for n, s in do.items()), *(f"{n}={s}" for n, s in given.items())]
        one = ask(model, f"P(drawdown <= -10% within 3d | {', '.join(right)})")
        assert row.probability == pytest.approx(one.probability, abs=1e-12)
        assert (row.low, row.high) == pytest.approx(one.interval(), abs=1e-12)
    assert len({row.probability for row in found.rows}) == 4
    with pytest.raises(QueryError):
        sweep(model, what, "drawdown <= 10%", within=3)
    with pytest.raises(QueryError, match="multiply-adds"):
        sweep(model, what, "drawdown <= -10%", within=3, budget=10)


def test_an_impossible_scenario_says_so_and_the_others_stay() -> None:
    given = {"leverage": ["low", "high"]}
    found = sweep(toy(), grid(do={"leverage": ["low"]}, given=given), EVENT)
    possible, impossible = found.rows
    assert possible.probability is not None
    assert not possible.problem
    assert impossible.probability is impossible.low is None
    assert "probability zero" in impossible.problem
    assert impossible.problem in str(found)


def test_common_evidence_holds_in_every_scenario() -> None:
    found = sweep(toy(), grid(do={"leverage": ["low", "high"]}), EVENT, within=3, given=EVENT)
    for row, state in zip(found.rows, ("low", "high"), strict=True):
        one = probability(toy().do(leverage=state), EVENT, given=EVENT, within=3)
        assert row.probability == pytest.approx(one.probability, abs=1e-12)


def test_the_model_s_own_interventions_count() -> None:
    acted = toy().do(geopolitics="escalation")
    (row,) = sweep(acted, [("x", {"leverage": "low"}, None)], EVENT, at=2).rows
    assert row.probability == pytest.approx(
        probability(acted.do(leverage="low"), EVENT, at=2).probability, abs=1e-12
    )


def test_policies_and_cuts_are_done_as_in_a_question() -> None:
    dos = ("leverage=low if bitcoin@-1=crash", "geopolitics -> bitcoin cut", "leverage=low for 2d")
    seen = ("bitcoin=crash", "bitcoin=flat", "leverage@-1=high")
    what = [(f"{d} | {e}", d, e) for d in dos for e in seen]
    found = sweep(toy(), what, EVENT, within=4)
    for row, (_, do, given) in zip(found.rows, what, strict=True):
        one = ask(toy(), f"P(bitcoin=crash within 4d | do({do}), {given})")
        assert row.probability == pytest.approx(one.probability, abs=1e-12)
        assert (row.low, row.high) == pytest.approx(one.interval(), abs=1e-12)
        assert one.support is not None
        assert (row.support_days, row.thinnest_row) == (one.support.days, one.support.row)
        assert row.licensed_by == one.claim.licensed_by
    assert found.rows[3].coordinates["do(geopolitics -> bitcoin)"] == "cut"
    assert found.rows[0].coordinates["do(leverage)"] == "low if bitcoin@-1=crash"


def test_repeated_scenarios_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(swept_by, "chunked", lambda some: sizes.append(len(some)) or chunked(some))
    same = [(f"s{i}", {"leverage": "low"}, "bitcoin=crash") for i in range(9)]
    found = sweep(toy(), same, EVENT, within=2)
    assert sizes == [1]
    assert len({r.probability for r in found.rows}) == 1
    assert [r.name for r in found.rows] == [f"s{i}" for i in range(9)]


# Executors


@pytest.fixture(scope="module")
def clusters(needs: Callable[[str], ModuleType]) -> Iterator[dict[str, Executor]]:
    """A local Dask cluster and a local Ray cluster, two workers each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        distributed, ray = needs("distributed"), needs("ray")
        settings: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": None}
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        try:
            with distributed.Client(n_workers=2, **settings) as client:
                yield {"dask": Dask(client=client), "ray": Ray()}
        finally:
            ray.shutdown()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["processes", "joblib", "dask", "ray"])
def test_the_executor_changes_no_number(
    name: str, swept: Sweep, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "SIZE", 16)
    who = executor(name, workers=2)
    if name in ("dask", "ray"):
        who = request.getfixturevalue("clusters")[name]
    assert_same(sweep(toy(), GRID, EVENT, within=5, executor=who), swept)


def assert_same(one: Sweep, other: Sweep) -> None:
    assert len(one.rows) == len(other.rows) > 0
    for mine, theirs in zip(one.rows, other.rows, strict=True):
        for column in (*COLUMNS, "coordinates"):
            a, b = getattr(mine, column), getattr(theirs, column)
            assert a == (pytest.approx(b, abs=1e-12) if isinstance(b, float) else b), column


@pytest.mark.parametrize(
    "odd", [{"level": "a"}, {"level": True}, {"level": 1.0}, {"checkpoint": 3}]
)
def test_odd_options_are_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(QueryError, match=r"is no (level|checkpoint)"):
        sweep(toy(), GRID, EVENT, within=5, **odd)


def test_an_executor_may_be_named(swept: Sweep) -> None:
    assert_same(sweep(toy(), GRID, EVENT, within=5, executor="serial"), swept)
    with pytest.raises(CausalError, match="cloud"):
        sweep(toy(), GRID, EVENT, within=5, executor="cloud")


def test_a_worker_that_stays_is_asked_another_question() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        for asked in (EVENT, {"bitcoin": "flat"}):
            there = sweep(toy(), GRID, asked, within=5, executor=pool)
            assert_same(there, sweep(toy(), GRID, asked, within=5))


def test_a_model_without_counts_travels_as_its_tables() -> None:
    model = two_slice(3)
    name, state = model.graph.names[0], model.graph.variables[0].states[0]
    what = grid(given={n: list(model.graph.variable(n).states) for n in model.graph.names[1:2]})
    here = sweep(model, what, {name: state}, within=2)
    assert_same(sweep(model, what, {name: state}, within=2, executor=executor("processes")), here)
    assert here.rows[0].support_days is None


class Broken:
    def map(self, function: Any, items: Any) -> Iterator[Any]:
        raise RuntimeError("the cluster is gone")


def test_an_executor_that_fails_is_told() -> None:
    with pytest.raises(ExecutorError, match="RuntimeError: the cluster is gone"):
        sweep(toy(), GRID, EVENT, within=5, executor=Broken())


# Progress and checkpoints


def test_progress_counts_scenarios() -> None:
    seen: list[tuple[int, int]] = []
    sweep(toy(), GRID, EVENT, within=2, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, len(GRID))
    assert seen[-1] == (len(GRID), len(GRID))
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)


class StopError(Exception):
    pass


def stopping(after: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done >= after:
            raise StopError

    return progress


def test_a_sweep_goes_on_where_it_stopped(
    tmp_path: Path, swept: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "SIZE", 8)
    path = tmp_path / "kept.jsonl"
    with pytest.raises(StopError):
        sweep(toy(), GRID, EVENT, within=5, checkpoint=path, progress=stopping(4))
    kept = path.read_text().splitlines()
    assert 4 <= len(kept) < len(GRID)
    path.write_text(path.read_text() + kept[0][:40])  # the line that a crash cut short
    seen: list[int] = []
    again = sweep(
        toy(), GRID, EVENT, within=5, checkpoint=path, progress=lambda d, _: seen.append(d)
    )
    assert seen[0] == len(kept)
    assert_same(again, swept)
    size = path.stat().st_size
    assert_same(sweep(toy(), GRID, EVENT, within=5, checkpoint=path), swept)
    assert path.stat().st_size == size
    whole = [line for line in path.read_text().splitlines() if line.endswith("}}")]
    assert len(whole) == len(GRID)


@pytest.mark.parametrize(
    "other",
    [
        {"within": 4},
        {"event": {"bitcoin": "fall"}},
        {"level": 0.8},
        {"model": toy(rate=30.0)},
        {"model": toy().do(leverage="mid")},
        {"given": {"leverage": "low"}},
    ],
)
def test_a_checkpoint_is_not_taken_for_another_sweep(tmp_path: Path, other: Any) -> None:
    path = tmp_path / "kept.jsonl"
    what = grid(do={"geopolitics": ["calm"]})
    asked = {"model": toy(), "event": EVENT, "within": 3, "checkpoint": path}
    sweep(scenarios=what, **asked)
    seen: list[int] = []
    asked["progress"] = lambda done, _: seen.append(done)
    sweep(scenarios=what, **{**asked, **other})
    assert seen == [0, 1]
    sweep(scenarios=what, **asked)
    assert seen[2:] == [1]


def test_the_seed_and_the_number_of_draws_are_part_of_a_model() -> None:
    one = toy()
    assert one.fit is not None
    others = [replace(one.fit, seed=8), replace(one.fit, draws=100)]
    prints = {fingerprint(m) for m in [one, toy(), *(fitted(one.graph, f) for f in others)]}
    assert len(prints) == 3


KILLED = """
import sys
from causal.sweep import job
from causal.sweep.sweep import sweep
from tests.app.toy import GRAPH, toy
from tests.moves import random_moves
from tests.sweep.test_sweep import EVENT, GRID

job.SIZE = 8

def progress(done, total):
    print(done, flush=True)
    if done >= 4:
        import time
        time.sleep(60)

sweep(toy(), GRID, EVENT, within=5, checkpoint=sys.argv[1], progress=progress)
"""


def test_killed_in_the_middle_it_keeps_what_is_finished(tmp_path: Path, swept: Sweep) -> None:
    path = tmp_path / "kept.jsonl"
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        done = 0
        for line in process.stdout:
            done = int(line)
            if done >= 4:
                break
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert len(path.read_text().splitlines()) == done >= 4
    seen: list[int] = []
    again = sweep(
        toy(), GRID, EVENT, within=5, checkpoint=path, progress=lambda d, _: seen.append(d)
    )
    assert seen[0] == done
    assert_same(again, swept)


@pytest.mark.parametrize(
    "damage",
    [
        lambda row: row.pop("low"),
        lambda row: row.update(foo=1),
        lambda row: row.update(name="x"),
        lambda row: row.update(probability="0.1"),
        lambda row: row.update(low=[1]),
        lambda row: row.update(high=float("nan")),
        lambda row: row.update(thinnest_row=None),
        lambda row: (row.clear(), row.update(problem=7)),
        lambda row: row.clear(),
    ],
)
def test_a_damaged_row_is_computed_again(
    tmp_path: Path, swept: Sweep, damage: Callable[[dict[str, Any]], object]
) -> None:
    path = tmp_path / "kept.jsonl"
    sweep(toy(), GRID, EVENT, within=5, checkpoint=path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    damage(lines[1]["row"])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "[" * 100_000)
    seen: list[int] = []
    again = sweep(
        toy(), GRID, EVENT, within=5, checkpoint=path, progress=lambda d, _: seen.append(d)
    )
    assert seen[0] == len(GRID) - 1
    assert_same(again, swept)


def test_what_is_no_checkpoint_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    for text in ("date,bitcoin\n2020-01-01,1.0\n", "nothing", '{"a": 1}\n'):
        path.write_text(text)
        with pytest.raises(DataError, match="not a checkpoint"):
            sweep(toy(), GRID, EVENT, within=2, checkpoint=path)
        assert path.read_text() == text
    with pytest.raises(DataError, match="cannot be written"):
        sweep(toy(), GRID, EVENT, within=2, checkpoint=tmp_path / "no" / "x")


# Results


def test_results_are_saved_and_read_back(
    tmp_path: Path, swept: Sweep, needs: Callable[[str], ModuleType]
) -> None:
    frame = swept.to_frame()
    assert list(frame.columns) == list(COLUMNS)
    assert frame["probability"].dtype == np.float64
    document = json.loads(swept.save(tmp_path / "s.json").read_text())
    assert document == json.loads(json.dumps(swept.to_dict()))
    assert document["question"] == "P(bitcoin=crash within 5d)"
    with swept.save(tmp_path / "s.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["name"] for r in rows] == [r.name for r in swept.rows]
    assert [float(r["low"]) for r in rows] == [r.low for r in swept.rows]
    needs("pyarrow")
    import pandas as pd

    read = pd.read_parquet(swept.save(tmp_path / "s.parquet"))
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)
    with pytest.raises(QueryError, match=r"s\.xlsx"):
        swept.save(tmp_path / "s.xlsx")
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".csv", ".json", ".parquet"]


def test_a_row_without_numbers_is_saved(tmp_path: Path) -> None:
    found = sweep(toy(), [("no", "leverage=low", "leverage=high")], EVENT)
    assert np.isnan(found.to_frame()["probability"]).all()
    assert json.loads(found.save(tmp_path / "s.json").read_text())["rows"][0]["low"] is None
    assert ",,," in found.save(tmp_path / "s.csv").read_text()
    found.save(tmp_path / "s.parquet")


def test_the_heat_map_lays_rows_out(swept: Sweep) -> None:
    found = swept.heatmap("leverage", "geopolitics", where={"bitcoin": "crash"})
    assert (found.x, found.y) == ("do(leverage)", "do(geopolitics)")
    assert found.columns == ("-", "low", "high")
    assert found.lines == ("calm", "escalation for 2d")
    assert len(found.cells) == 6
    row = found.cells["high", "calm"]
    assert row.name == "do(leverage=high, geopolitics=calm), bitcoin=crash"
    with pytest.raises(QueryError, match="same cell") as caught:
        swept.heatmap("leverage", "geopolitics")
    assert "bitcoin" in caught.value.do
    for x, y, where in (
        ("leverage", "leverage", {}),
        ("leverge", "geopolitics", {}),
        ("leverage", "geopolitics", {"bitcoin": "nowhere"}),
    ):
        with pytest.raises(QueryError):
            swept.heatmap(x, y, where=where)


def test_a_row_is_found_by_its_name(swept: Sweep) -> None:
    name = GRID[3][0]
    assert swept.row(name) is swept.rows[3]
    with pytest.raises(QueryError, match="no scenario") as caught:
        swept.row(name[:-1])
    assert name in caught.value.do
    text = str(swept)
    assert all(name in text for name, _, _ in GRID)
    assert "90% interval" in text


# What is refused


def test_a_cost_beyond_the_budget_is_refused_before_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[int] = []
    monkeypatch.setattr(swept_by, "chunk_rows", lambda chunk: ran.append(1))
    for budget in (1000, "0.000001s"):
        with pytest.raises(QueryError, match="12 scenarios and 200 draws") as caught:
            sweep(toy(), GRID, EVENT, within=5, budget=budget)
        assert "fewer draws" in caught.value.do
    monkeypatch.setenv("CAUSAL_MEMORY_GB", "1e-7")
    with pytest.raises(QueryError, match="GB of memory"):
        sweep(toy(), GRID, EVENT, within=5)
    assert not ran


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scenarios": []}, "no scenario"),
        ({"scenarios": {}}, "no list of scenarios"),
        ({"scenarios": 7}, "no list of scenarios"),
        ({"scenarios": [("a", "leverage=low")]}, "no scenario"),
        ({"scenarios": [("a", 5, None)]}, "no intervention"),
        ({"scenarios": [("a", None, [5])]}, "no evidence"),
        ({"scenarios": [("a", None, None), ("a", None, None)]}, "given twice"),
        ({"scenarios": [("a", {"levrage": "low"}, None)]}, "leverage"),
        ({"scenarios": [("a", {"leverage": "lo"}, None)]}, "low"),
        ({"scenarios": [("a", "leverage=low from d9", None)]}, "d9"),
        ({"scenarios": [("a", None, "bitcoin@9=crash")]}, "outside the question"),
        ({"within": 0}, "no horizon"),
        ({"within": -3}, "no horizon"),
        ({"within": 61}, "too far"),
        ({"within": "soon"}, "not a horizon"),
        ({"event": {}}, "no event"),
        ({"event": "bitcoin=crush"}, "crush"),
        ({"level": 1.5}, "level"),
        ({"budget": "much"}, "no budget"),
        ({"budget": -1}, "no budget"),
    ],
)
def test_mistakes_are_refused(changes: Any, message: str) -> None:
    asked = {"scenarios": GRID, "event": EVENT, "within": 5, **changes}
    with pytest.raises(CausalError) as caught:
        sweep(toy(), **asked)
    assert message in str(caught.value)


def test_every_mistake_of_a_list_at_once() -> None:
    wrong = [
        ("one", "levrage=low", None),
        ("two", None, "bitcoin=crush"),
        ("good", None, None),
        ("three", {"leverage": "hi"}, None),
    ]
    with pytest.raises(QueryError, match="3 mistakes") as caught:
        sweep(toy(), wrong, EVENT)
    for place in ("`one`", "`two`", "`three`"):
        assert place in str(caught.value)
    assert "`good`" not in str(caught.value)


def test_sweeps_at_once_leave_each_other_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """One begins and ends inside another, about the same event and about another one."""

    def rebuilt(_: Parts) -> CausalModel:
        raise AssertionError

    monkeypatch.setattr(Parts, "model", rebuilt)
    model, inner = toy(), list[Sweep]()

    def between(done: int, total: int) -> None:
        for event in (EVENT, {"leverage": "high"}):
            inner.append(sweep(model, GRID, event, within=2))

    outer = sweep(model, GRID, EVENT, within=2, progress=between)
    for found in inner[::2]:
        assert_same(found, outer)


def test_it_is_public() -> None:
    assert causal.sweep is sweep
