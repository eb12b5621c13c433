"""From a story and a history to a fitted model: prior and counts give posterior draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causal.data.panel import Panel
from causal.data.states import columns, states
from causal.learn.counts import count
from causal.model.network import CausalModel, Fit, Provenance, fitted
from causal.model.posterior import Dirichlet

if TYPE_CHECKING:
    from causal.graph.spec import Story


def fit(
    story: Story,
    panel: Panel,
    *,
    fit_until: str | np.datetime64 | None = None,
    draws: int | None = None,
    seed: int | None = None,
) -> CausalModel:
    """The story fitted to the history up to ``fit_until`` (default: all of it).

    Row r of a table has the posterior Dirichlet(N_r + s m_r): N_r its counts, s the story's
    ``strength``, m_r the row without its last-listed parent; a row that was never seen stays prior.
    Nothing after ``fit_until`` is read, by the cut points or by the counts.
    ``draws`` and ``seed`` replace the story's.  Raises DataError when the panel does not hold what
    the story measures.
    """
    known = panel if fit_until is None else panel.until(fit_until)
    read = states(known, story.graph)
    provenance = Provenance(
        data_from=str(known.dates[0]),
        data_to=str(known.dates[-1]),
        rows=len(known.dates),
        data_hash=known.digest(columns(story.graph)),
        fit_until=str(read.fit_until),
        cuts=read.cuts,
    )
    return fitted(
        story.graph,
        Fit(
            counts=count(read, story.graph),
            prior=Dirichlet(story.strength),
            draws=story.draws if draws is None else draws,
            seed=story.seed if seed is None else seed,
            provenance=provenance,
        ),
    )
