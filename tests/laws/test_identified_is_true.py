"""What is called identified and is not assumed is the truth, and bounds hold it.

On random stories with unmeasured common causes and exact tables (see ``mixed``), of one day and of
two slices, under assignments, policies and cuts, with evidence anywhere but on the event itself.
The truth is the truncated factorisation of the whole model, latents and all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest

from causal.answer.answer import Answer
from causal.ask import probability
from causal.errors import CausalError
from causal.query.assignment import Hard, Mix
from causal.query.intervention import Schedule
from tests.laws.mixed import Mixed, mixed_case, moved, unlicensed
from tests.laws.trial import CHUNKS, seeds_of, slow
from tests.strategies import law_models

MODELS = law_models(320)
CLOSE = 1e-9


@dataclass(frozen=True)
class Asked:
    """A question, its answer from the story and its truth in the whole model."""

    mixed: Mixed
    answer: Answer
    true: float

    @property
    def error(self) -> float:
        """How far the number, or the nearer bound, is from the truth; negative inside bounds."""
        if self.answer.bounds is None:
            return abs(float(self.answer.draws[0]) - self.true)
        low, high = (float(b[0]) for b in self.answer.bounds)
        return max(low - self.true, self.true - high)


def asked(seed: int) -> Asked | None:
    """One random case; None where its evidence cannot be."""
    mixed = mixed_case(seed)
    case, model = mixed.case, mixed.case.model
    try:
        for one in case.do:
            model = model.do(one)
        answer = probability(model, case.event, **case.question)
    except CausalError:
        return None
    return Asked(mixed, answer, float(slow(mixed.truly).draws[0]))


def assigned(mixed: Mixed) -> bool:
    """Whether all that is done are states and distributions."""
    whats = [d.what if isinstance(d, Schedule) else d for d in mixed.case.do]
    return all(isinstance(w, Hard | Mix) for w in whats)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_licensed_number_is_wrong_and_no_licence_is_lost(chunk: int) -> None:
    wrong, lost = [], []
    for seed in seeds_of(chunk, MODELS):
        found = asked(seed)
        if found is None:
            continue
        claim, case = found.answer.claim, found.mixed.case
        sure = claim.computed == "estimand"
        if (sure or claim.bounded) and found.error > CLOSE:
            wrong.append(f"{claim.effect} off by {found.error:.2g}: {case}")
        if sure and not claim.bounded and base_error(found) > CLOSE:
            wrong.append(f"base rate off by {base_error(found):.2g}: {case}")
        kept = claim.licensed_by in ("observed", "identified")
        if not kept and assigned(found.mixed) and not unlicensed(case):
            lost.append(f"{claim.licensed_by}: {case}")
    assert not wrong, "\n".join(wrong)
    assert not lost, "\n".join(lost)


def base_error(found: Asked) -> float:
    """How far the base rate is from the truth; 0 where the claim says that it is assumed."""
    if any(a.startswith("the base rate takes") for a in found.answer.claim.assumptions):
        return 0.0
    plain = replace(found.mixed.truly, do=(), given={})
    return abs(float(found.answer.base[0]) - float(slow(plain).draws[0]))


def test_the_law_can_fail() -> None:
    """Every kind of claim comes up, and the product of the tables taken at its word is wrong."""
    found = [a for a in map(asked, range(96)) if a is not None]
    claims = Counter((a.answer.claim.effect, a.answer.claim.computed) for a in found)
    for effect in ("observed", "identified"):
        assert claims[effect, "estimand"] >= 5, claims
        assert claims[effect, "tables"] >= 2, claims
    assert claims["bounded", "estimand"] >= 5, claims
    assert sum(not unlicensed(a.mixed.case) for a in found if assigned(a.mixed)) >= 15
    tables = [a for a in found if a.answer.claim.computed == "tables"]
    assert sum(a.error > CLOSE for a in tables) > len(tables) / 3


def test_an_identified_effect_stands_still_while_the_latents_move() -> None:
    """To first order: its slope is a mixture of the slopes of the observed joint, and that of a
    bounded one is not.

    Either says that ``identify/algorithm.py`` decides as it should; small models, assignments only.
    """
    told = Counter[str]()
    for seed in range(100):
        mixed = mixed_case(seed)
        case = mixed.case
        sizes = [len(v.states) for v in mixed.whole.graph.variables]
        if not case.do or not assigned(mixed) or case.horizon > 1 or np.prod(sizes) > 32:
            continue
        found = asked(seed)
        if found is None or not all(isinstance(s, str) for s in case.event.values()):
            continue
        effect = found.answer.claim.effect
        told[effect] += 1
        free = moved(mixed)
        assert (free < 1e-4) == (effect == "identified"), f"{free:.2g}, {effect}: {case}"
    assert told["identified"] >= 5, told
