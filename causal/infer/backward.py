"""The days from the last to the first: the value of a state, for every state at once.

    V_(d-1)(i_(d-1)) = sum_{day d} V_d(i_d) prod_v table_v(x_d | parents) weights_d,   V_H = 1

This is the backward variable of the forward-backward algorithm (Rabiner 1989), on the interface of
the slices.  The forward pass asks one question of one past; this one asks it of every state that a
past may end in, or of every state of a variable that is left open on the first day: sweeps share
the future so, and the drawdown ladder answers all thresholds in one pass.  The days are again
compiled days, in reverse, so they run on ``forward.last_joint`` like any others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.plan import plan
from causal.contract.slice import Slice
from causal.graph.variable import lagged, unlagged
from causal.infer.forward import last_joint
from causal.infer.frontier import operand, operands
from causal.model.network import CausalModel
from causal.query.unrolled import Unrolled, relevant, settled


def reversed_days(
    unrolled: Unrolled,
    *,
    kept: Sequence[str] = (),
    until: int | None = None,
    surviving: bool = False,
    batch: int = 1,
) -> tuple[Slice, ...]:
    """Compile a world from its last day back to its first, or to the day ``until``.

    ``kept``: variables of day 0 whose axes stay open to the end; nothing before day 0 may need
    them, so they have to be set there (``doing[0]``, ones for each state).  With ``until`` = 1 the
    result lies over the states that day 0 hands on, named ``x@-1``.
    ``surviving``: the event must not happen on its days, so that the value is
    P(no event, evidence | state); otherwise the event plays no part.
    """
    first = unrolled.days[0] if until is None else until
    struck = frozenset(unrolled.event) if surviving else frozenset()
    targets = dict.fromkeys(unrolled.event_days, struck)
    needed, crossing = relevant(unrolled, targets, late=first <= unrolled.days[0])
    alive = _survival(unrolled) if struck else None
    found: list[Slice] = []
    flow: Axes = ()
    for day in reversed(unrolled.days):
        if day < first:
            break
        if not needed[day]:
            continue
        # Reversed, "the day before" is the day after: what comes in is V_d over ``x`` as the later
        # step named it ``x@-1``, and what goes out is V_(d-1), over the ``x@-1`` that this day's
        # tables read.
        fixed = {n: i for n, i in settled(unrolled, day).items() if n in needed[day]}
        before = settled(unrolled, day - 1)
        handed = tuple(
            n for n in unrolled.graph.names if n in crossing[day - 1] and n not in before
        )
        fixed |= {lagged(n): before[n] for n in crossing[day - 1] if n in before}
        arrays = list(operands(unrolled, day, needed[day], fixed, crossing[day - 1]))
        if alive is not None and day in unrolled.event_days:
            # The event must not strike on this day: its survivors alone have a value.
            arrays.append(operand("", "day", tuple(unrolled.event), fixed, alive))
        axes = tuple(o.axes for o in arrays)
        inputs = (flow, *axes) if found else axes
        sizes = {a: unrolled.graph.size(a) for some in inputs for a in some}
        ends = tuple(n for n in kept if n in sizes) if day <= 0 else ()
        # a policy that is sure to act, or not to, reads nothing: such a state has no axis
        output = (*(lagged(n) for n in handed if lagged(n) in sizes), *ends)
        step = plan(inputs, tuple(sorted(sizes.items())), output, batch)
        past = bool(found)
        found.append(Slice(-day, step, tuple(arrays), past, output, None, False, False, True))
        flow = tuple(map(unlagged, output))
    return tuple(found)


def _survival(unrolled: Unrolled) -> Array:
    """Weight 1 - w of a day that the event has not struck, over the event's variables."""
    weight = np.ones(())
    for vector in unrolled.event.values():
        weight = np.multiply.outer(weight, vector)
    alive: Array = 1.0 - weight
    return alive


def value(model: CausalModel, days: Sequence[Slice]) -> Array:
    """What reversed days yield: the value of every state, shape (*output axes, draws)."""
    # The pass normalises every day, so the joint is V up to a scale a draw, which its log mass
    # gives.
    joint, log_scale = last_joint(model, days)
    total = joint.reshape(-1, joint.shape[-1]).sum(axis=0)
    found: Array = joint * (np.exp(log_scale) / np.where(total > 0, total, 1.0))
    return found
