"""A loop gain in words and as plain values."""

from __future__ import annotations

from typing import Any

from causal.explain.loop import LoopGain
from causal.infer.query import LEVEL, Answer
from causal.infer.report import (
    Estimate,
    backing,
    caveat,
    licence,
    share,
    signed,
    span,
    times,
    warning,
)

LOOP, CUT = "with the loop", "without it"


def lines(found: LoopGain) -> list[tuple[str, Estimate, str, str]]:
    """What is printed of both answers: its name, the numbers, and number and interval in words."""
    both = [
        (LOOP, Estimate(found.loop.probability, *found.loop.interval()), share),
        (CUT, Estimate(found.cut.probability, *found.cut.interval()), share),
        ("difference", found.difference, signed),
        ("ratio", found.ratio, times),
    ]
    sure = not found.loop.uncertain
    return [
        (name, e, write(e.value), "" if sure else f"{write(e.low)} to {write(e.high)}")
        for name, e, write in both
    ]


def thinner(found: LoopGain) -> Answer:
    """The answer with less data behind it."""
    return min((found.loop, found.cut), key=lambda a: a.support.days if a.support else 0)


def gain_to_text(found: LoopGain) -> str:
    """Both answers, their contrasts, the cut arrows, licence, data, starts, as lines of text."""
    text = [str(found.query)]
    text += [f"{name:14} {value}   {ends}".rstrip() for name, _, value, ends in lines(found)]
    text.append("cut, on every day:")
    text += [f"  {cut}" for cut in found.edges]
    claim = found.cut.claim
    text += map(" ".join, licence(claim))
    text += [f"  assuming: {a}" for a in claim.assumptions]
    text += [f"  evidence: {p}" for p in claim.paths]
    answer = thinner(found)
    text.append(f"data: {backing(answer)}")
    text += filter(None, [warning(answer)])
    for start in found.starts:
        states = ", ".join(f"{n}={s}" for n, s in start.states.items())
        ends = f" ({span(start.ratio, times)})" if found.loop.uncertain else ""
        text.append(
            f"from {states} ({share(start.share)} of days): {share(start.loop.value)}, without it "
            f"{share(start.cut.value)}, ratio {times(start.ratio.value)}{ends}"
        )
    return "\n".join([*text, caveat(found.loop)])


def gain_to_dict(found: LoopGain) -> dict[str, Any]:
    """Plain JSON values; a number that does not exist is None."""
    claim, support = found.cut.claim, thinner(found).support
    return {
        "query": str(found.query),
        "edges": [str(cut) for cut in found.edges],
        "level": LEVEL,
        "loop": _answer(found.loop),
        "cut": _answer(found.cut),
        "difference": _plain(found.difference),
        "ratio": _plain(found.ratio),
        "starts": [
            {
                "states": dict(start.states),
                "share": start.share,
                **{n: _plain(getattr(start, n)) for n in ("loop", "cut", "difference", "ratio")},
            }
            for start in found.starts
        ],
        "claim": claim.to_dict(),
        "support": {
            "days": support.days if support else None,
            "prior_share": support.prior_share if support else None,
            "row": support.row if support else None,
        },
        "draws": len(found.loop.draws),
        "seed": found.loop.seed,
        "model": {key: found.loop.model.get(key) for key in ("name", "data_from", "data_to")},
    }


def _answer(one: Answer) -> dict[str, float | None]:
    return _plain(Estimate(one.probability, *one.interval()))


def _plain(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
