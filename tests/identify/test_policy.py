"""What licenses the effect of a policy or a cut."""

from __future__ import annotations

import pytest

from causal.ask import probability
from causal.model.network import CausalModel
from causal.query.assignment import Hard, Policy
from causal.query.cut import Cut
from causal.query.intervention import Intervention
from tests.policies import BREAKER, drawn


@pytest.fixture(scope="module")
def chain() -> CausalModel:
    return drawn()


@pytest.mark.parametrize(
    ("do", "licence", "says"),
    [
        (BREAKER, "bounded", "lever and its effect forced share"),
        (Policy(Hard("price", "calm"), {"fear": "worse"}), "identified", "price to its effects"),
        (
            Policy(Hard("price", "calm"), {"shares": "shock"}),
            "bounded",
            "which its policy looks at",
        ),
        (Cut("price@-1", "forced"), "bounded", "see price@-1 in different states"),
        ((Cut("price@-1", "forced"), Cut("price@-1", "lever")), "identified", "sees price@-1"),
        ((Cut("price@-1", "forced"), Hard("lever", "low")), "bounded", "its effect forced"),
        (Cut("forced", "price"), "identified", "nobody can cut an arrow alone"),
        (Cut("shares", "price"), "bounded", "shares and its effect price share"),
    ],
)
def test_licence(
    chain: CausalModel, do: Intervention | tuple[Intervention, ...], licence: str, says: str
) -> None:
    found = probability(chain.do(do), {"price": "crash"}, within=3)
    assert found.claim.effect == licence
    assert any(says in a for a in found.claim.assumptions), found.claim.assumptions
    if licence == "bounded":
        assert found.bounds is not None
        assert found.probability is None
        assumed = probability(chain.do(do), {"price": "crash"}, within=3, assume_unconfounded=True)
        assert assumed.claim.licensed_by == "assumed"
        assert assumed.bounds is None


def test_a_policy_or_cut_is_bounded_by_nothing_better_than_certainty(chain: CausalModel) -> None:
    found = probability(chain.do(BREAKER), {"price": "crash"}, within=3)
    assert found.bounds is not None
    assert (found.bounds[0] == 0).all()
    assert (found.bounds[1] == 1).all()
