"""The backward pass of a plan as steps of the same kind, so that one machine runs both.

With A_i the derivative of P(e) in array i, the joint P(x_i, e) over the axes of array i is A_i
times the array itself.  A result is used once on the way up, so a slot has just one derivative
(Darwiche 2003).
"""

from __future__ import annotations

from collections.abc import Mapping

from causal.infer.contraction import Axes, Plan, Step


def marginal_steps(
    plan: Plan, wanted: Mapping[int, Axes]
) -> tuple[tuple[Step, ...], dict[int, int]]:
    """Steps that follow the plan's own and yield, for input i, its marginal over ``wanted[i]``.

    The plan must sum to a number.  Also returns the slot in which each marginal ends up.
    """
    first = len(plan.inputs)
    axes = [*plan.inputs, *(s.axes for s in plan.steps)]
    above = [i in wanted for i in range(first)]
    above += [False] * len(plan.steps)
    for place, step in enumerate(plan.steps, first):
        above[place] = above[step.left] or (step.right >= 0 and above[step.right])
    steps: list[Step] = []
    flow: dict[int, int] = {}  # slot -> slot of its derivative; the root's is one, and left out

    def append(left: int, right: int, out: Axes) -> int:
        steps.append(Step(left, right, axes[left], axes[right] if right >= 0 else (), out))
        axes.append(out)
        return len(axes) - 1

    found: dict[int, int] = {}
    stack = [first + len(plan.steps) - 1]
    while stack:  # depth first, so that few derivatives are alive at a time
        place = stack.pop()
        step = plan.steps[place - first]
        for side, other in ((step.left, step.right), (step.right, step.left)):
            if side < 0 or not above[side]:
                continue
            known = flow.get(place)
            if other >= 0 and known is not None:
                flow[side] = append(known, other, axes[side])
            elif other >= 0 or known is not None:
                flow[side] = append(other if known is None else known, -1, axes[side])
            if side >= first:
                stack.append(side)
            else:
                found[side] = append(side, flow.get(side, -1), wanted[side])
    return tuple(steps), found
