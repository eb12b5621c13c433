"""What licenses an answer, what it assumes, and what is bounded instead."""

from __future__ import annotations

import numpy as np
import pytest

from causal.ask import probability
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Variable
from causal.model.network import CausalModel, family
from causal.model.posterior import Piece
from causal.model.table import DRAW, Table
from causal.query.assignment import Hard
from causal.query.intervention import Schedule

BINARY = ("no", "yes")

Pairs = list[tuple[str, str]]


def story(arrows: Pairs, hidden: Pairs, lagged: Pairs | None = None) -> CausalModel:
    """Binary variables, random tables, unmeasured common causes."""
    names = sorted({n for pair in (*arrows, *hidden, *(lagged or ())) for n in pair})
    edges = [Edge(a, b) for a, b in arrows] + [Edge(a, b, 1) for a, b in lagged or ()]
    pairs = tuple(Confounded(a, b, "unmeasured") for a, b in hidden)
    graph = CausalGraph(tuple(Variable(n, BINARY) for n in names), tuple(edges), pairs)
    rng = np.random.default_rng(0)

    def drawn(piece: Piece) -> dict[str, Table]:
        found = {}
        for name in names:
            axes = family(graph, name, piece)
            values = rng.dirichlet([1, 1], [2] * (len(axes) - 1))
            found[name] = Table((*axes, DRAW), values[..., None])
        return found

    return CausalModel(graph, drawn("day"), drawn("start") if lagged else {})


LICENCES = [
    ("an arrow", [("x", "y")], [], "identified", "estimand"),
    ("bow", [("x", "y")], [("x", "y")], "bounded", "estimand"),
    ("bow further up", [("w", "x"), ("x", "y")], [("w", "x")], "identified", "estimand"),
    # ID line 5: w, x and y are one district, though surgery on x cuts w off
    (
        "hedge through a cause of x",
        [("w", "x"), ("x", "y")],
        [("w", "x"), ("w", "y")],
        "bounded",
        "tables",
    ),
    ("m-bias", [("x", "y")], [("w", "x"), ("w", "y")], "identified", "estimand"),
    # P(y | m) depends on x: sum_x' P(x') P(y | x', m) would be the estimand
    ("bow below", [("x", "m"), ("m", "y")], [("m", "y")], "identified", "tables"),
    ("bow below, seen", [("x", "m"), ("m", "y"), ("x", "y")], [("m", "y")], "identified",
     "estimand"),
    ("front door", [("x", "m"), ("m", "y")], [("x", "y")], "identified", "tables"),
    ("a chain of causes to y", [("x", "m"), ("m", "y")], [("x", "v"), ("v", "y")], "identified",
     "estimand"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arrows", "hidden", "effect", "computed"), LICENCES)
def test_licence(name: str, arrows: Pairs, hidden: Pairs, effect: str, computed: str) -> None:
    model = story(arrows, hidden).do(x="yes")
    answer = probability(model, {"y": "yes"})
    assert answer.claim.rung == "doing"
    assert (answer.claim.effect, answer.claim.computed) == (effect, computed), name
    assert (answer.probability is None) == (effect == "bounded")
    weaker = effect if effect == "bounded" or computed == "estimand" else "assumed"
    assert answer.claim.licensed_by == weaker
    taken = probability(model, {"y": "yes"}, assume_unconfounded=True)
    assert taken.probability is not None
    assert taken.claim.effect == ("assumed" if effect == "bounded" else "identified")
    sure = (effect, computed) == ("identified", "estimand")
    assert (taken.claim.licensed_by == "identified") == sure


@pytest.mark.parametrize(
    ("arrows", "hidden", "pairs"),
    [
        ([("x", "m"), ("m", "y")], [("m", "y")], "m and y"),
        ([("x", "m"), ("m", "y")], [("x", "y")], "x and y"),
        ([("x", "m"), ("m", "y"), ("w", "y"), ("v", "w")], [("m", "y"), ("v", "w")], "m and y"),
    ],
)
def test_what_is_assumed_names_the_pair(arrows: Pairs, hidden: Pairs, pairs: str) -> None:
    claim = probability(story(arrows, hidden).do(x="yes"), {"y": "yes"}).claim
    says = f"in spite of declared common causes within a day ({pairs}) the tables describe"
    assert [a for a in claim.assumptions if a.startswith(says)], claim.assumptions


def test_a_declared_common_cause_is_not_denied() -> None:
    front = probability(story([("x", "m"), ("m", "y")], [("x", "y")]).do(x="yes"), {"y": "yes"})
    wanted = "beyond those declared (x and y) no unmeasured common cause joins x to its effects"
    assert front.claim.assumptions[0] == wanted
    days = story([("m", "y")], [("x", "y")], [("x", "m")])
    found = probability(days.do(x="yes"), {"y": "yes"}, within=2)
    assert found.claim.assumptions[0] == wanted
    aside = probability(story([("x", "y")], [("x", "w"), ("w", "v")]).do(x="yes"), {"y": "yes"})
    assert aside.claim.assumptions[0] == "no unmeasured common cause joins x to its effects"


def front_door() -> tuple[CausalModel, float]:
    """x -> m -> y with a latent cause of x and y, as seen, and the true P(y | do(x = yes))."""
    u, x, m = np.array([0.5, 0.5]), np.array([0.1, 0.9]), np.array([0.1, 0.9])
    y = np.array([[0.1, 0.5], [0.5, 0.9]])  # P(y = yes | m, u)
    joint = np.einsum("u,ux,xm->uxm", u, np.stack([1 - x, x], -1), np.stack([1 - m, m], -1))
    seen = np.einsum("uxm,mu->m", joint, y) / joint.sum(axis=(0, 1))
    model = story([("x", "m"), ("m", "y")], [("x", "y")])
    tables = {
        "x": joint.sum(axis=(0, 2)),
        "m": np.stack([1 - m, m], -1),
        "y": np.stack([1 - seen, seen], -1),
    }
    axes = {n: model.tables[n].axes for n in tables}
    made = {n: Table(axes[n], values[..., None]) for n, values in tables.items()}
    true = sum(w * (0.5 * y[i, 0] + 0.5 * y[i, 1]) for i, w in ((0, 0.1), (1, 0.9)))
    return CausalModel(model.graph, made), float(true)


def test_the_front_door_is_not_plainly_identified() -> None:
    """The tables' product is .762, and .660 is sum_m P(m | x) sum_x' P(x') P(y | x', m)."""
    model, true = front_door()
    answer = probability(model.do(x="yes"), {"y": "yes"})
    assert true == pytest.approx(0.66)
    assert answer.draws[0] == pytest.approx(0.7624)
    assert (answer.claim.effect, answer.claim.licensed_by) == ("identified", "assumed")


def test_a_confounded_effect_that_is_itself_set_leaves_no_door() -> None:
    model = story([("x", "y"), ("y", "z")], [("x", "y")])
    assert probability(model.do(x="yes"), {"z": "yes"}).claim.effect == "bounded"
    both = probability(model.do(x="yes", y="no"), {"z": "yes"})
    assert both.claim.licensed_by == "identified"
    days = story([("x", "y"), ("y", "z")], [("x", "y")], [("z", "z")])
    held = [Hard("x", "yes"), Schedule(Hard("y", "no"), 1, 2)]
    for within, effect in ((2, "identified"), (3, "bounded")):
        found = probability(days.do(held), {"z": "yes"}, within=within)
        assert found.claim.effect == effect


@pytest.mark.parametrize(
    ("arrows", "hidden", "effect"),
    [
        ([("e", "x"), ("x", "z")], [("x", "z")], "identified"),
        ([("e", "x"), ("x", "z"), ("e", "z")], [("x", "z")], "bounded"),
        ([("x", "w"), ("w", "z"), ("e", "w")], [("x", "w")], "bounded"),
        ([("x", "w"), ("w", "z"), ("e", "z")], [("x", "w")], "bounded"),
        ([("x", "z"), ("e", "z")], [("x", "e")], "identified"),
    ],
)
def test_evidence_alone_is_an_effect(arrows: Pairs, hidden: Pairs, effect: str) -> None:
    """P(e | do(x), z), x no cause of e: open where z takes the hidden cause to e (IDC)."""
    model = story(arrows, hidden).do(x="yes")
    found = probability(model, {"e": "yes"}, given={"z": "yes"})
    assert found.claim.effect == effect


def test_soft_evidence_is_not_done_instead_of_seen() -> None:
    """Sharp z screens x off from y, so it may be done; a weighted z leaves x <-> z in the way."""
    model = story([("x", "z"), ("z", "y")], [("x", "z")]).do(x="yes")
    sharp = probability(model, {"y": "yes"}, given={"z": "yes"})
    assert sharp.claim.licensed_by == "identified"
    soft = probability(model, {"y": "yes"}, given={"z": {"yes": 1.0, "no": 0.5}})
    assert soft.claim.effect == "bounded"


def test_evidence_tells_of_what_was_set_at_random() -> None:
    """do(x ~ mix): z tells which x it was, by P(z | do(x)), which is open; of a sure x it tells
    nothing."""
    model = story([("x", "z"), ("x", "y")], [("x", "z")])
    sure = probability(model.do(x="yes"), {"y": "yes"}, given={"z": "yes"})
    assert sure.claim.licensed_by == "identified"
    mixed = probability(model.do(x={"yes": 0.5, "no": 0.5}), {"y": "yes"}, given={"z": "yes"})
    assert mixed.claim.effect == "bounded"


def test_seeing_may_be_assumed_too() -> None:
    """P(y | x) = sum_m P(m | x) P(y | x, m), and the tables hold P(y | m) alone."""
    arrows, hidden = [("x", "m"), ("m", "y")], [("m", "y")]
    seen = probability(story(arrows, hidden), {"y": "yes"}, given={"x": "yes"}).claim
    assert (seen.effect, seen.computed, seen.licensed_by) == ("observed", "tables", "assumed")


def test_the_base_rate_may_rest_on_more_than_the_answer() -> None:
    model = story([("v", "w"), ("w", "x"), ("x", "y")], [("w", "x")])
    claim = probability(model.do(x="yes"), {"y": "yes"}).claim
    assert claim.licensed_by == "identified"
    assert any(a.startswith("the base rate takes") and "w and x" in a for a in claim.assumptions)


def test_a_range_may_rest_on_the_tables_too() -> None:
    """Bounds are made of P(y, x) and P(x), which the tables may not describe."""
    known = story([("x", "m"), ("m", "y"), ("x", "y")], [("x", "y"), ("x", "m")]).do(x="yes")
    claim = probability(known, {"y": "yes"}).claim
    assert (claim.effect, claim.computed) == ("bounded", "estimand")
    taken = story([("v", "m"), ("x", "y"), ("m", "y")], [("x", "y"), ("m", "y")]).do(x="yes")
    claim = probability(taken, {"y": "yes"}).claim
    assert (claim.effect, claim.computed, claim.licensed_by) == ("bounded", "tables", "bounded")
    assert any("x and y; m and y" in a for a in claim.assumptions)


def test_claims_in_json() -> None:
    claim = probability(
        story([("x", "m"), ("m", "y")], [("m", "y")]).do(x="yes"), {"y": "yes"}
    ).claim
    found = claim.to_dict()
    assert list(found) == ["rung", "licensed_by", "effect", "computed", "assumptions", "paths"]
    assert found["assumptions"] == list(claim.assumptions)


def test_seeing_needs_no_licence() -> None:
    answer = probability(story([("x", "y")], [("x", "y")]), {"y": "yes"}, given={"x": "yes"})
    assert (answer.claim.rung, answer.claim.licensed_by) == ("seeing", "observed")
    assert answer.bounds is None


def test_no_effect_on_what_comes_before() -> None:
    """peers.md T3: P(z | do(x)) of a cause z is P(z), and that needs no assumption on x."""
    model = story([("z", "x"), ("x", "y")], [("x", "y")])
    answer = probability(model.do(x="yes"), {"z": "yes"})
    assert answer.claim.licensed_by == "identified"
    np.testing.assert_allclose(answer.draws, probability(model, {"z": "yes"}).draws, rtol=1e-12)
