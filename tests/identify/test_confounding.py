"""What opens a door, and what closes it again: cuts, policies and days, by the claim alone.

Asked as a user asks; ``bounded`` is the licence of an effect that a declared common cause leaves
open.  Then the words of a claim, and which rows of a table count as used.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

import causal
from causal.answer.answer import Answer
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Variable
from causal.model.network import CausalModel
from causal.query.assignment import Hard, Policy
from causal.query.cut import Cut
from causal.query.intervention import Intervention, Schedule
from tests.strategies import with_tables

TWO = ("a", "b")

ARROWS = [("c", "y", 0), ("c", "z", 0), ("c", "y", 1), ("y", "w", 0), ("z", "w", 0), ("d", "z", 0),
          ("c", "c", 1), ("w", "c", 1), ("s", "s", 1), ("d", "t", 0), ("t", "w", 0)]  # fmt: skip


def model(*hidden: str) -> CausalModel:
    """c acts on y and z of its day, on y of the next; both on w; ``yz``: they share a cause."""
    names = sorted({n for arrow in ARROWS for n in arrow[:2]})
    variables = tuple(Variable(n, TWO, manipulable=n != "z") for n in names)
    pairs = tuple(Confounded(*pair, because="unmeasured") for pair in hidden)
    edges = tuple(Edge(*arrow) for arrow in ARROWS)
    graph = CausalGraph(variables, edges, pairs, name="doors")
    return with_tables(np.random.default_rng(1), graph, 1)


def asked(
    hidden: Iterable[str], *do: Intervention, event: str = "w=b", span: str = "within 4d"
) -> Answer:
    return causal.ask(model(*hidden).do(do), f"P({event} {span})")


SEES = Cut("c", "y", "b")

LATE = Schedule(SEES, 2, 3)

SET = Hard("y", "b")


@pytest.mark.parametrize(
    ("hidden", "do", "bounded"),
    [
        # an assignment: a chain of common causes to what it acts on, that day
        ("yw", [SET], True),
        ("yz", [SET], False),
        ("yz zw", [SET], True),
        ("yz zw", [SET, Hard("z", "a")], True),
        ("cy", [SET], False),
        ("ys", [SET], False),
        ("", [SET], False),
        ("yw", [Schedule(SET, 2, 3)], True),
        # a cut: the effect is joined with its cause
        ("cy", [SEES], True),
        ("cd dy", [SEES], True),
        ("cz", [SEES], False),
        ("cw", [Cut("w@-1", "c", "b")], False),  # of another day
        ("cy", [Cut("c@-1", "y", "b")], True),  # c sees its yesterday too
        ("cd", [SEES], False),
        # a cut: another effect of the cause is joined with this one, and sees it as it is
        ("yz", [SEES], True),
        ("yd dz", [SEES], True),
        ("yw", [SEES], False),
        ("yz", [Cut("c@-1", "y", "b")], False),
        ("yz", [SEES, Cut("c", "z", "b")], False),
        ("yz", [SEES, Cut("c", "z", "a")], True),
        ("yz", [SEES, Cut("d", "z", "b")], True),
        ("yz", [LATE, Schedule(Cut("c", "z", "b"), 2, 3)], False),
        ("yz", [LATE, Schedule(Cut("c", "z", "b"), 2, 4)], True),
        ("yz", [LATE, Schedule(Cut("c", "z", "b"), 1, 3)], True),
        ("yz", [LATE, Cut("c", "z", "b")], True),
        ("yz", [SEES, Schedule(Cut("c", "z", "b"), 1)], False),
        ("yz", [SEES, Hard("z", "a")], False),
        ("yz", [SEES, Schedule(Hard("z", "a"), 1, 3)], True),
        ("yz", [SEES, Policy(Hard("z", "a"), {"d": "b"})], True),
        # a policy: what it looks at is joined with what it sets
        ("yd", [Policy(SET, {"d": "b"})], True),
        ("yz zd", [Policy(SET, {"d": "b"})], True),
        ("yc", [Policy(SET, {"d": "b"})], False),
        ("yd", [Policy(SET, {"d@-1": "b"})], False),
    ],
)
def test_what_leaves_an_effect_open(hidden: str, do: list[Intervention], bounded: bool) -> None:
    found = asked(hidden.split(), *do)
    assert (found.claim.licensed_by == "bounded") == bounded, found.claim
    assert (found.bounds is not None) == bounded
    assert (found.probability is None) == bounded
    taken = causal.ask(model(*hidden.split()).do(do), "P(w=b within 4d)", assume_unconfounded=True)
    assert taken.bounds is None
    assert (taken.claim.licensed_by == "assumed") >= bounded
    words = "; ".join(found.claim.assumptions)
    assert ("share an unmeasured cause (declared)" in words) == bounded


def test_a_common_cause_that_does_not_matter_opens_nothing() -> None:
    """s acts on nothing that is asked about; z acts on w, but not before the event on y."""
    assert asked(["ys"], SET).claim.licensed_by == "identified"
    assert asked(["yw"], SET, event="s=b").claim.licensed_by == "identified"
    assert asked([], SET).claim.licensed_by == "identified"
    assert causal.ask(model("yw"), "P(w=b within 4d | y=b)").claim.rung == "seeing"


@pytest.mark.parametrize(
    ("do", "says"),
    [
        ([Hard("z", "a")], ["z: nobody can set it"]),
        ([SET], []),
        ([SEES], ["c -> y: nobody can cut an arrow alone"]),
        ([SEES, Hard("z", "a")], ["z: nobody", "c -> y: nobody"]),
        ([Policy(Hard("z", "a"), {"d": "b"}), SET], ["z: nobody can set it"]),
    ],
)
def test_what_nobody_can_do_is_said(do: list[Intervention], says: list[str]) -> None:
    words = [a for a in asked([], *do).claim.assumptions if "nobody" in a]
    assert len(words) == len(says)
    assert all(w.startswith(s) for w, s in zip(words, says, strict=True))


def test_what_identification_rests_on_is_said() -> None:
    for do, says in (
        ([SET], "joins y to its effects"),
        ([SET, Hard("z", "a")], "joins y, z to its effects"),
        ([SEES], "joins y to what else sees c"),
        ([SEES, Hard("z", "a")], "joins z to its effects, nor y to what else sees c"),
    ):
        assert any(a.endswith(says) for a in asked([], *do).claim.assumptions)


@pytest.mark.parametrize(
    ("hidden", "known"),
    [("", ""), ("yd", ""), ("yt", ""), ("ys", ""), ("cd", ""), ("yc", "y and c")],
)
def test_what_joins_it_to_an_effect_of_any_day_is_said_to_be_known(hidden: str, known: str) -> None:
    """y acts on c through w, a day later; t is an effect, but not of y; d and s of nothing."""
    (text,) = [a for a in asked(hidden.split(), SET).claim.assumptions if "to its effects" in a]
    start = f"beyond those declared ({known}) " if known else ""
    assert text == f"{start}no unmeasured common cause joins y to its effects"


@pytest.mark.parametrize("assumed", [True, False])
def test_open_doors_come_first_and_say_whether_they_are_taken_as_closed(assumed: bool) -> None:
    found = causal.ask(
        model("yw", "cd").do([SET, Hard("d", "a")]),
        "P(w=b within 4d)",
        assume_unconfounded=assumed,
    )
    first = found.claim.assumptions[0]
    assert first.startswith("y and its effect w share an unmeasured cause (declared)")
    assert first.endswith("; taken as absent here") == assumed
    assert found.claim.licensed_by == ("assumed" if assumed else "bounded")
    assert not any("absent" in a for a in asked([], SET).claim.assumptions)


@pytest.mark.parametrize(
    ("hidden", "do", "event", "named"),
    [
        ("zw", [Hard("d", "a")], "w=b", ["z and w"]),
        ("zw cy", [Hard("d", "a")], "w=b", ["z and w", "c and y"]),
        ("zw sd", [Hard("d", "a")], "w=b", ["z and w"]),
        ("zw", [SET], "s=b", []),
        ("", [Hard("d", "a")], "w=b", []),
    ],
)
def test_common_causes_that_the_tables_are_to_describe_are_named(
    hidden: str, do: list[Intervention], event: str, named: list[str]
) -> None:
    """Those that matter to the question and do not touch what is set."""
    claim = asked(hidden.split(), *do, event=event).claim
    words = [a for a in claim.assumptions if "in spite of declared common causes" in a]
    assert len(words) == bool(named), claim
    for pair in ("z and w", "c and y", "s and d"):
        assert any(pair in w for w in words) == (pair in named), claim
