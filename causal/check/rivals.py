"""Rivals of the network: what a forecaster would try first, on the same inputs.

Each is fitted on the days of a training span and says P(Y >= k) on later days.  Inputs are states
as codes, -1 for one that is not known; one-hot, "not known" is a state of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np

from causal.contract.array import Array
from causal.data.states import Codes

PENALTY = 1.0  # of the logistic regression, as scikit-learn's C
TREES, DEPTH, RATE, LEAF = 150, 3, 0.05, 30
HALF = 0.5

Rival = Callable[[Codes, Codes, Codes, int], Array]
"""(training inputs, training levels, inputs of later days, top level) to chances, (days, top)."""


def climatology(inputs: Codes, level: Codes, later: Codes, top: int) -> Array:
    """The frequency so far, half a day added to each side."""
    share = [((level >= k).sum() + HALF) / (len(level) + 2 * HALF) for k in range(1, top + 1)]
    return np.tile(share, (len(later), 1))


def logistic(inputs: Codes, level: Codes, later: Codes, top: int) -> Array:
    """Ridge logistic regression on one-hot states, C = 1, one for every threshold."""
    from sklearn.linear_model import LogisticRegression

    states = [np.unique(column) for column in inputs.T]
    train, test = _one_hot(inputs, states), _one_hot(later, states)

    def one(y: Array) -> Array:
        model = LogisticRegression(C=PENALTY, max_iter=2_000)
        found: Array = model.fit(train, y).predict_proba(test)[:, 1]
        return found

    return _thresholds(level, len(later), top, one)


def boosting(inputs: Codes, level: Codes, later: Codes, top: int) -> Array:
    """Gradient boosted trees on the codes, shallow and slow."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    def one(y: Array) -> Array:
        model = HistGradientBoostingClassifier(
            max_iter=TREES,
            max_depth=DEPTH,
            learning_rate=RATE,
            min_samples_leaf=LEAF,
            early_stopping=False,
            random_state=0,
        )
        found: Array = model.fit(inputs, y).predict_proba(later)[:, 1]
        return found

    return _thresholds(level, len(later), top, one)


def frequencies_of(place: int) -> Rival:
    """The frequency by the state of one input, a day at the overall frequency added to each."""

    def rival(inputs: Codes, level: Codes, later: Codes, top: int) -> Array:
        usual = climatology(inputs, level, later[:1], top)[0]
        found = np.tile(usual, (len(later), 1))
        for state in np.unique(later[:, place]):
            seen = level[inputs[:, place] == state]
            for k in range(1, len(usual) + 1):
                chance = ((seen >= k).sum() + usual[k - 1]) / (len(seen) + 1)
                found[later[:, place] == state, k - 1] = chance
        return found

    return rival


RIVALS: Mapping[str, Rival] = {
    "climatology": climatology,
    "logistic": logistic,
    "boosting": boosting,
}


def _thresholds(level: Codes, days: int, top: int, one: Callable[[Array], Array]) -> Array:
    """P(Y >= k) for every k, by a model of its own; the frequency where there is but one
    outcome."""
    usual = climatology(level[:, None], level, np.zeros((days, 1), dtype=np.int8), top)
    found = usual.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a solver that stops early is scored as it stands
        for k in range(1, usual.shape[1] + 1):
            y = (level >= k).astype(float)
            if 0 < y.sum() < len(y):
                found[:, k - 1] = one(y)
    return np.minimum.accumulate(found, axis=1)  # no level is likelier than the one below it


def _one_hot(inputs: Codes, states: list[Codes]) -> Array:
    columns = [inputs[:, [i]] == seen[None, :] for i, seen in enumerate(states)]
    found: Array = np.concatenate(columns, axis=1).astype(float)
    return found
