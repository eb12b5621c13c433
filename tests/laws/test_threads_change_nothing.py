"""Eight threads on one model are told what one thread is told: whatever they ask, cold and warm.

Each path to a number gives its own single-threaded answers bit for bit, and the paths agree to
1e-12.  The threads change places every ten microseconds, so that what is not whole is seen.
"""

from __future__ import annotations

import copy
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from threading import Barrier
from typing import Any

import numpy as np
import pytest

import causal
from causal.ask import ask, probability
from causal.contract import dispatch, row_store
from causal.contract.array import Array
from causal.drawdown.ladder import ladder
from causal.errors import CausalError
from causal.explain.sensitivity import sensitivity
from causal.infer.marginals import joint, marginals
from causal.infer.most_probable_paths import likeliest
from causal.infer.natural_bounds import natural_bounds
from causal.model.network import CausalModel, fitted
from causal.query.cut import Cut
from causal.query.scenarios.scenario import grid
from causal.sweep.sweep import sweep
from tests.laws.trial import seeds_of
from tests.strategies import any_case, surgery_case

THREADS = 8
ROUNDS = int(os.environ.get("CAUSAL_THREAD_ROUNDS", "1"))
DRAWS = 203  # no whole number of tiles or of vectors
CRASH = {"bitcoin": "crash"}
POLICY = "do(leverage=low if liquidations@-1={elevated, cascade})"
SECOND = "a second difference"
"""In the name of a question whose answer divides by the square of a small step."""

Question = Callable[[CausalModel], Any]
QUESTIONS: dict[str, Question] = {
    "one day": lambda m: ask(m, "P(bitcoin=crash | do(leverage=high), volatility=high)"),
    "within": lambda m: ask(m, "P(bitcoin=crash within 3d | do(geopolitics=escalation))"),
    "within, seen": lambda m: ask(m, "P(bitcoin=crash within 3d | leverage=high, war@-1=calm)"),
    "at": lambda m: ask(m, "P(bitcoin=crash at 3d | do(trade={calm: 0.5, escalation: 0.5}))"),
    "seen later": lambda m: ask(m, "P(bitcoin=crash within 3d | volatility@2=high)"),
    "policy": lambda m: ask(m, f"P(bitcoin=crash within 2d | {POLICY})"),
    "schedule": lambda m: ask(m, "P(bitcoin=crash within 3d | do(leverage=low for 2d))"),
    "cut": lambda m: probability(m.do(Cut("equity_selling", "liquidations")), CRASH, within=2),
    "drawdown": lambda m: ask(m, "P(drawdown <= -10% within 2d | do(geopolitics=escalation))"),
    "ladder": lambda m: ladder(m, thresholds=-0.1, horizons=2),
    "sweep": lambda m: sweep(m, grid(do=LEVERAGE, given=VOLATILITY), CRASH, within=2).to_dict(),
    "sweep today": lambda m: sweep(m, grid(given=VOLATILITY | LEVERAGE), CRASH).to_dict(),
    "curve": lambda m: probability(m.do(leverage="high"), CRASH, within=3).curve,
    "bounds": lambda m: natural_bounds(
        m, causal.parse("P(bitcoin=crash within 2d | do(leverage=low))", m.graph)
    ),
    "marginals": lambda m: marginals(m, given={"leverage": "high"}, day=1),
    "all marginals": lambda m: marginals(m, given={"leverage": "high"}, draws=True),
    "joint": lambda m: joint(m, ["leverage", "volatility"], given={"bitcoin": "crash"}),
    "sensitivity": lambda m: sensitivity(m, "P(bitcoin=crash | volatility=high)", top=2),
    "likeliest": lambda m: likeliest(m, "P(bitcoin=crash within 2d | leverage=high)", k=2),
    f"delta, {SECOND}": lambda m: ask(m, "P(bitcoin=crash | leverage=high)", interval="delta"),
}
LEVERAGE = {"leverage": ["low", "high"]}
VOLATILITY = {"volatility": ["normal", "high"]}


@pytest.fixture(autouse=True)
def hasty() -> Iterator[None]:
    """Threads change places as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


def shipped() -> CausalModel:
    """The shipped model with few draws, and nothing drawn yet."""
    whole = causal.load(causal.shipped())
    assert whole.fit is not None
    return fitted(whole.graph, replace(whole.fit, draws=DRAWS))


def numbers(found: Any) -> list[Array]:
    """Every number in an answer, in the order of its fields."""
    if isinstance(found, np.ndarray | float | int):
        return [np.asarray(found, dtype=np.float64)]
    if is_dataclass(found):
        return [n for f in fields(found) for n in numbers(getattr(found, f.name))]
    if isinstance(found, Mapping):
        return [n for value in found.values() for n in numbers(value)]
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [n for value in found for n in numbers(value)]
    return []


def told(question: Question, model: CausalModel) -> list[Array] | str:
    """The numbers of an answer, or why there is none."""
    try:
        return numbers(question(model))
    except CausalError as error:
        return str(error)


def same(found: list[Array] | str, alone: list[Array] | str) -> bool:
    """Bit for bit."""
    if isinstance(found, str) or isinstance(alone, str):
        return found == alone
    pairs = zip(found, alone, strict=True)
    return len(found) == len(alone) and all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def together(
    model: CausalModel, questions: Mapping[str, Question], times: int, seed: int
) -> list[tuple[str, list[Array] | str]]:
    """Every question put some times by eight threads, which begin at once, in an order by lot."""
    rng = np.random.default_rng([times, seed])
    order = [str(n) for n in rng.permutation([*questions] * times)]
    begin = Barrier(THREADS)

    def some(mine: list[str]) -> list[tuple[str, list[Array] | str]]:
        begin.wait()
        return [(name, told(questions[name], model)) for name in mine]

    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(some, [order[i::THREADS] for i in range(THREADS)])
        return [one for part in found for one in part]


def hold(make: Callable[[], CausalModel], questions: Mapping[str, Question], seed: int) -> None:
    """The law on one model: cold, then warm, when what was made wrong would be wrong for good."""
    other = make()
    alone = {name: told(question, other) for name, question in questions.items()}
    model = make()
    for state, times in (("cold", 2), ("warm", 1)):
        found = together(model, questions, times, seed)
        wrong = {name for name, one in found if not same(one, alone[name])}
        assert not wrong, f"{state}: {sorted(wrong)}"


@pytest.fixture
def either(path: str) -> str:
    """Each path to a number; the kernel is loaded, as in a session that has used it."""
    if path == "compiled":
        import_module(dispatch.NUMBA)
    return path


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_mixed_questions(either: str, seed: int) -> None:
    hold(shipped, QUESTIONS, seed)


@pytest.mark.parametrize("seed", range(4 * ROUNDS))
@pytest.mark.parametrize("kind", ["one day", "marginals"])
def test_a_cold_model(either: str, kind: str, seed: int) -> None:
    """All begin with the same rows: nobody sees half of them, on many cold models."""
    hold(shipped, {n: q for n, q in QUESTIONS.items() if n.startswith(kind)}, seed)


@pytest.mark.parametrize("chunk", range(2))
def test_plain_tables(either: str, chunk: int) -> None:
    """Random models whose tables are given, with policies and cuts, which make rows."""
    for seed in seeds_of(chunk, 160 * ROUNDS):
        case = surgery_case(seed) if seed % 2 else any_case(seed)
        model = case.model

        def whole(m: CausalModel, case: Any = case) -> Any:
            return probability(m.do(case.do), case.event, **case.question)

        def bare(m: CausalModel, case: Any = case) -> Any:
            return probability(m, case.event, within=case.within, at=case.at)

        def every(m: CausalModel) -> Any:
            return marginals(m, draws=True)

        asked = {"whole": whole, "bare": bare, "marginals": every}
        hold(lambda model=model: replace(model), asked, seed)


@pytest.mark.usefixtures("kernel")
def test_rows_that_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that surgery made are given up and made again while others read them."""
    monkeypatch.setattr(row_store, "MADE_BYTES", 200_000)
    chances = np.linspace(0.1, 0.9, 9)
    asked: dict[str, Question] = {
        f"{x}": lambda m, x=x: ask(
            m, f"P(bitcoin=crash within 2d | do(leverage=low if liquidations@-1={{cascade: {x}}}))"
        )
        for x in chances.round(2)
    }
    hold(shipped, asked, 0)


@pytest.mark.usefixtures("kernel")
def test_the_paths_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    import_module(dispatch.NUMBA)
    model = shipped()
    fast = {name: told(question, model) for name, question in QUESTIONS.items()}
    monkeypatch.setenv("CAUSAL_COMPILED", "0")
    model = shipped()
    for name, question in QUESTIONS.items():
        plain = told(question, model)
        assert not isinstance(plain, str), f"{name}: {plain}"
        rtol = 1e-6 if SECOND in name else 1e-12
        for a, b in zip(fast[name], plain, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol / 10, err_msg=name)


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_twin_of_a_model_at_work(either: str, twin: Callable[[CausalModel], CausalModel]) -> None:
    """A model can be copied and sent to a process while others fill it, and answers alike."""
    question = QUESTIONS["one day"]
    alone = told(question, shipped())
    for _ in range(3):
        model = shipped()
        with ThreadPoolExecutor(2) as pool:
            asking = pool.submit(told, question, model)
            copied = pool.submit(twin, model)
            assert same(asking.result(), alone)
            assert same(told(question, copied.result()), alone)
    assert len(pickle.dumps(model)) < 2 * len(pickle.dumps(shipped()))
