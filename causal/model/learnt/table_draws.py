"""Posterior draws of whole tables under weights of days that all tables share.

For draw i, with weights w of the days (``day_weights``) and N_w the weighted counts,

    theta_i  = three Newton steps from the mode on N_w, with a prior centre of its own,
    row_i    = normalise(N_w + Gamma(s m(theta_i))),

so that the prior mean is uncertain, too.  Weights over stretches of days make a row *narrower*
where its days came in few spells, for they cancel in its shares; each row is therefore drawn with
independent days as well, N ~ Gamma(N), and the wider of the two is kept (the larger total
variance).  Gaps (``gaps``) are filled anew in every draw by that draw's own tables, three times.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.memo import Latches
from causal.model.learnt.day_weights import block_weights, stream
from causal.model.learnt.evidence import DayCounts, GapDays
from causal.model.learnt.gaps import (
    Completion,
    add_sampled,
    chances,
    completions,
    draw_chunks,
    touched_by,
)
from causal.model.learnt.prior import LearntPrior
from causal.model.learnt.ratio_logit import refitted, row_means
from causal.model.posterior import TINY, Counts, Piece, allowed, within

ROUNDS = 3  # of filling gaps anew


class TableDraws:
    """The draws of every table of a fit, each made whole when it is first asked for."""

    def __init__(
        self,
        graph: CausalGraph,
        counts: Counts,
        prior: LearntPrior,
        evidence: DayCounts | None,
        *,
        draws: int,
        seed: int,
    ) -> None:
        self._graph, self._counts, self._prior, self._evidence = graph, counts, prior, evidence
        self.draws, self.seed = draws, seed
        self._weights: Array | None = None
        self._together: dict[str, Array] = {}
        self._latches = Latches()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_weights": None, "_together": {}}

    def values(self, piece: Piece, name: str) -> Array:
        """The draws of one table, (*parents, states, draws)."""
        gaps = self._evidence.gaps if self._evidence is not None and piece == "day" else ()
        touched = touched_by(self._graph, gaps)
        if name in touched:
            with self._latches["together"]:
                if not self._together:
                    self._together = self._filled(touched)
            return self._together[name]
        return self._shaped(piece, name, self._wider(piece, name, {}, {}))

    def _shaped(self, piece: Piece, name: str, rows: Array) -> Array:
        found: Array = rows.reshape(*self._counts.of(piece)[name].shape, self.draws)
        return found

    def _day_weights(self) -> Array:
        """Weights of the sub-blocks, made once."""
        evidence = self._evidence
        assert evidence is not None
        with self._latches["weights"]:
            return self._made_weights(evidence)

    def _made_weights(self, evidence: DayCounts) -> Array:
        if self._weights is None:
            width = max(round(self._prior.block / evidence.length), 1)
            self._weights = block_weights(self.seed, evidence.span(), self.draws, width)
        return self._weights

    def _together_counts(self, piece: Piece, name: str) -> Array | None:
        """Counts under the shared weights, (cells, draws); None where days stand alone."""
        if self._evidence is None or self._prior.block <= 1:
            return None
        blocks = self._evidence.of(piece).get(name)
        if blocks is None:
            return None
        return blocks.weighted(self._evidence.span()[0], self._day_weights())

    def _alone_counts(self, piece: Piece, name: str, complete: bool) -> Array:
        """Counts under independent days, Gamma(N), (cells, draws)."""
        days = self._counts.of(piece)[name].astype(float).ravel()
        if complete and self._evidence is not None:
            days = self._evidence.of(piece)[name].total()
        found = np.zeros((len(days), self.draws))
        rng = stream(self.seed, f"{piece}:{name}:days")
        for cell in np.flatnonzero(days > 0):
            rng.standard_gamma(days[cell], out=found[cell])
        return found

    def _wider(
        self,
        piece: Piece,
        name: str,
        more: Mapping[str, Array],
        more_alone: Mapping[str, Array],
    ) -> Array:
        """Rows (rows, states, draws), each from the weights that leave it wider."""
        alone = self._alone_counts(piece, name, complete=bool(more_alone)) + more_alone.get(name, 0)
        together = self._together_counts(piece, name)
        if together is None:
            return self._rows(piece, name, alone, alone)
        together = together + more.get(name, 0)
        one = self._rows(piece, name, together, together)
        two = self._rows(piece, name, alone, together)
        spread = [a.var(axis=-1).sum(axis=-1) for a in (one, two)]
        one[spread[1] > spread[0]] = two[spread[1] > spread[0]]
        return one

    def _rows(
        self, piece: Piece, name: str, counts: Array, learning: Array, turn: int = ROUNDS
    ) -> Array:
        """Rows for weighted counts (cells, draws); the prior mean learns from ``learning``.

        Every ``turn`` of filling gaps has noise of its own.
        """
        own = self._prior.of(piece)[name]
        shape = self._counts.of(piece)[name].shape
        states, draws = shape[-1], counts.shape[-1]
        where = allowed(self._graph, name, self._parents(piece, name))
        rng = stream(self.seed, f"{piece}:{name}:rows", turn)
        if own.kind == "backoff":
            mean = _backed_off(learning.reshape(*shape, draws), own.strength, rng)
        else:
            coding = self._prior.design(self._graph, piece, name)
            tall = learning.reshape(-1, states, draws)
            theta = refitted(coding, tall, np.array(own.coefficients), rng)
            mean = row_means(coding, theta, states).reshape(*shape, draws)
        if where is not None:
            mean = np.moveaxis(within(np.moveaxis(mean, -1, 0), where), 0, -1)
        found = rng.standard_gamma(np.maximum(own.strength * mean, TINY)) + TINY
        found[mean <= 0] = 0.0
        found += counts.reshape(found.shape)
        found /= found.sum(axis=-2, keepdims=True)
        return found.reshape(-1, states, draws)

    def _parents(self, piece: Piece, name: str) -> tuple[str, ...]:
        graph = self._graph
        return graph.parents(name) if piece == "day" else graph.start_parents(name)

    def _filled(self, names: Sequence[str]) -> dict[str, Array]:
        """The tables that gaps touch, the gaps filled by each draw's own tables.

        Begun with the tables of the whole days alone, which are too wide rather than too narrow.
        """
        evidence = self._evidence
        assert evidence is not None
        gaps = [(g, completions(self._graph, g, self._counts)) for g in evidence.gaps]
        shared = self._prior.block > 1
        base = {n: self._whole_days(n) for n in names}
        tables = self._every(names, lambda n: self._tall(n, base[n], ROUNDS + 1))
        for turn in range(ROUNDS):
            told = self._imputed(gaps, tables, turn, shared=shared)
            whole = {n: base[n] + told[n] for n in names}
            tables = self._every(names, partial(self._again, whole, turn))
        more = self._imputed(gaps, tables, ROUNDS, shared=shared)
        alone = self._imputed(gaps, tables, ROUNDS, shared=False)
        return self._every(
            names, lambda n: self._shaped("day", n, self._wider("day", n, more, alone))
        )

    @staticmethod
    def _every(names: Sequence[str], make: Callable[[str], Array]) -> dict[str, Array]:
        """One array a name, made by as many threads as there are cores."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return dict(zip(names, pool.map(make, names), strict=True))

    def _whole_days(self, name: str) -> Array:
        """Weighted counts of the days without a gap, (cells, draws)."""
        found = self._together_counts("day", name)
        return self._alone_counts("day", name, complete=True) if found is None else found

    def _again(self, counts: Mapping[str, Array], turn: int, name: str) -> Array:
        return self._tall(name, counts[name], turn)

    def _tall(self, name: str, counts: Array, turn: int) -> Array:
        """A draw of a table for these counts, (cells, draws)."""
        return self._rows("day", name, counts, counts, turn).reshape(-1, self.draws)

    def _imputed(
        self,
        gaps: list[tuple[GapDays, list[Completion]]],
        tables: Mapping[str, Array],
        turn: int,
        *,
        shared: bool,
    ) -> dict[str, Array]:
        """Counts of the gap days, filled by these tables: (cells, draws) of every table."""
        into = {n: np.zeros_like(t) for n, t in tables.items()}
        for gap, ways in gaps:
            for number, found in enumerate(ways):
                rng = stream(self.seed, f"gap:{gap.variable}:{turn}", number)
                uniform = rng.random((len(found.place), self.draws))
                if shared:
                    first = self._evidence.span()[0] if self._evidence is not None else 0
                    weights = self._day_weights()[gap.block[found.place] - first]
                else:
                    weights = rng.standard_exponential((len(found.place), self.draws))
                weights = weights * gap.share[found.place][:, None]
                fill = partial(_filled_some, found, gap.variable, (tables, weights, uniform), into)
                with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                    list(pool.map(fill, draw_chunks(self.draws)))
        return into


def _filled_some(
    found: Completion,
    name: str,
    by: tuple[Mapping[str, Array], Array, Array],
    into: Mapping[str, Array],
    some: slice,
) -> None:
    """Fill the gap days of some draws: by their tables, with their weights and uniform variates."""
    tables, weights, uniform = by
    q = chances(found, {n: t[:, some] for n, t in tables.items()}, name)
    chosen = np.zeros((len(q), q.shape[-1]), dtype=np.int64)
    so_far = np.zeros((len(q), q.shape[-1]))
    for way in range(q.shape[1] - 1):
        so_far += q[:, way]
        chosen += so_far < uniform[:, some]
    here = {n: np.zeros((len(t), q.shape[-1])) for n, t in tables.items()}
    add_sampled(found, chosen, weights[:, some], name, here)
    for n, counted in here.items():
        into[n][:, some] += counted


def _backed_off(counts: Array, strength: float, rng: np.random.Generator) -> Array:
    """A draw of the mean that backs off to coarser causes, (*parents, states, draws).

    As ``posterior.Dirichlet.mean``, each coarser row drawn: normalise(N_w + Gamma(s mean)).
    """
    states, draws = counts.shape[-2:]
    mean: Array = np.full((states, draws), 1 / states)
    axes = counts.ndim - 2
    for kept in range(axes):
        coarse = counts.sum(axis=tuple(range(kept, axes)))
        leaning = coarse + rng.standard_gamma(
            np.maximum(strength * np.broadcast_to(mean, coarse.shape), TINY)
        )
        leaning += TINY
        mean = (leaning / leaning.sum(axis=-2, keepdims=True))[..., None, :, :]
    return np.broadcast_to(mean, counts.shape)
