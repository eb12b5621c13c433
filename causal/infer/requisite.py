"""Which tables a question needs, with what is certain indexed away (numba).

A question is a row of whole numbers: how many variables are asked for, seen and done, then a pair
for each.  (variable, x): x >= 0 is its state, and x < 0 says that its weights begin at -1 - x.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FREE, LONE = -1, -2  # states of a variable: none yet; soft (seen or done with weights)
WIDTH = 24  # axes of one array at most
HEAD = 3  # numbers at the front of a question
STORE, WORK = 0, 1  # where an array lies: rows of the model's tables, or rows of the question


@njit(nogil=True, cache=True)
def clamped(variables, question):
    """State of every variable (FREE where it has none) and whether its own table is cut off.

    Also whether the question is plain: no variable twice in a role, none both seen and done.
    """
    count = variables.shape[0] - 1
    state, cut = np.empty(count, np.int64), np.zeros(count, np.int8)
    for v in range(count):
        state[v] = 0 if variables[v, 0] == 1 else FREE
    asked, seen, done = question[0], question[1], question[2]
    named = np.zeros(count, np.int8)
    plain = True
    for item in range(asked + seen, asked + seen + done):
        v, x = question[HEAD + 2 * item], question[HEAD + 2 * item + 1]
        plain = plain and named[v] == 0
        named[v] = cut[v] = 1
        if x >= 0:
            state[v] = x
    for item in range(asked, asked + seen):
        v, x = question[HEAD + 2 * item], question[HEAD + 2 * item + 1]
        plain = plain and named[v] == 0
        named[v] = 1
        if x >= 0:
            state[v] = x
    for item in range(asked):
        v = question[HEAD + 2 * item]
        plain = plain and named[v] < 2
        named[v] = 2
    return state, cut, plain


@njit(nogil=True, cache=True)
def ancestors(variables, families, question, cut):
    """Flags of the variables asked for or seen, and all their causes after surgery."""
    needed = np.zeros(cut.shape[0], np.int8)
    stack = np.empty(cut.shape[0], np.int64)
    top = 0
    for item in range(question[0] + question[1]):
        v = question[HEAD + 2 * item]
        if needed[v] == 0:
            needed[v] = 1
            stack[top] = v
            top += 1
    while top > 0:
        top -= 1
        v = stack[top]
        if cut[v] == 0:
            for e in range(variables[v, 1], variables[v + 1, 1] - 1):
                p = families[e, 0]
                if needed[p] == 0:
                    needed[p] = 1
                    stack[top] = p
                    top += 1
    return needed


@njit(nogil=True, cache=True)
def _root(above, v):
    while above[v] != v:
        above[v] = above[above[v]]
        v = above[v]
    return v


@njit(nogil=True, cache=True)
def connected(variables, families, positive, question, state, cut, needed):
    """Unset ``needed`` where a table neither touches what is asked for nor can be zero.

    Tables that share no free variable with the rest multiply P(e) by a number that cancels; it may
    be left out unless it might be zero, which would make the evidence impossible.
    """
    count = state.shape[0]
    above = np.arange(count)
    for v in range(count):
        if needed[v] and not cut[v]:
            last = FREE
            for e in range(variables[v, 1], variables[v + 1, 1]):
                u = families[e, 0]
                if state[u] == FREE:
                    if last != FREE:
                        above[_root(above, u)] = _root(above, last)
                    last = u
    wanted = np.zeros(count, np.int8)
    for item in range(question[0]):
        wanted[_root(above, question[HEAD + 2 * item])] = 1
    for item in range(question[0], question[0] + question[1]):
        v, x = question[HEAD + 2 * item], question[HEAD + 2 * item + 1]
        if x < 0:
            wanted[_root(above, v)] = 1
    for again in range(2):
        for v in range(count):
            if needed[v] and not cut[v] and (again or not positive[v]):
                free = FREE
                for e in range(variables[v, 1], variables[v + 1, 1]):
                    if state[families[e, 0]] == FREE:
                        free = families[e, 0]
                if not again and free != FREE:
                    wanted[_root(above, free)] = 1
                elif again and (positive[v] if free == FREE else not wanted[_root(above, free)]):
                    needed[v] = 0


@njit(nogil=True, cache=True)
def factors(variables, families, question, state, cut, needed):
    """The arrays of a contraction over the free variables, renumbered 0, 1, ...

    Returns the sizes of the free variables, their numbers in the model, and for every array its
    place (space, first row), the number of its axes, the axes, and their strides in rows; room is
    left for the results of steps.  The last value is the number of arrays; -1: one is too wide.
    """
    count = state.shape[0]
    local = np.full(count, FREE)
    numbers = np.empty(count, np.int64)
    free = arrays = 0
    for v in range(count):
        arrays += needed[v] and not cut[v]
        if needed[v] and state[v] == FREE:
            local[v] = free
            numbers[free] = v
            free += 1
    soft = question[1] + question[2]
    room = 2 * (arrays + soft) + free + 2
    place, width = np.empty((room, 2), np.int64), np.zeros(room, np.int64)
    axes, strides = np.empty((room, WIDTH), np.int64), np.empty((room, WIDTH), np.int64)
    at = 0
    for v in range(count):
        if not needed[v] or cut[v]:
            continue
        place[at, 0], place[at, 1] = STORE, variables[v, 2]
        for e in range(variables[v, 1], variables[v + 1, 1]):
            u, stride = families[e, 0], families[e, 1]
            if state[u] != FREE:
                place[at, 1] += state[u] * stride
                continue
            if width[at] == WIDTH:
                return variables[:0, 0], numbers, place, width, axes, strides, -1
            axes[at, width[at]], strides[at, width[at]] = local[u], stride
            width[at] += 1
        at += 1
    for item in range(question[0], question[0] + soft):
        v, x = question[HEAD + 2 * item], question[HEAD + 2 * item + 1]
        if x < 0 and local[v] != FREE:
            place[at, 0], place[at, 1] = WORK, -x
            axes[at, 0], strides[at, 0], width[at] = local[v], 1, 1
            at += 1
    sizes = np.empty(free, np.int64)
    for i in range(free):
        sizes[i] = variables[numbers[i], 0]
    return sizes, numbers[:free], place, width, axes, strides, at
