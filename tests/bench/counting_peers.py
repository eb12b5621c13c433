"""pgmpy, pyAgrum, polars and DuckDB counting twelve families, each in every documented way.

The rows lie in the form that each likes best before the clock starts: polars and DuckDB hold their
own columns of one byte, pgmpy a frame of integers or of categories, pyAgrum a loaded learner.
Every function compares its counts with ours before it returns the ways to be timed; pyAgrum gives
tables, which are compared to 1e-9.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from causal.learn.counting.counts import processors
from causal.model.network import family
from tests.bench.settings import DisagreementError
from tests.learn.rows import chain

VARIABLES, STATES = 12, 3
GRAPH = chain(VARIABLES, STATES)
FAMILIES = [family(GRAPH, name, "day") for name in GRAPH.names]
Tables = Mapping[str, Any]
Work = Callable[[], Any]


def history(rows: int, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    """Columns of one-byte codes; each variable leans on the one before it, calm states prevail."""
    rng = np.random.default_rng(seed)
    found: dict[str, np.ndarray[Any, Any]] = {}
    before = np.zeros(rows, dtype=np.int8)
    for name in GRAPH.names:
        share = rng.random(rows, dtype=np.float32)
        shift = before.astype(np.float32) / 8
        before = ((share > 0.6 - shift).astype(np.int8) + (share > 0.9 - shift)).astype(np.int8)
        found[name] = before
    return found


def pgmpy_ways(codes: Mapping[str, Any], expected: Tables) -> dict[str, Work]:
    """The counts behind its estimators (``get_state_counts``) and the estimator itself."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.models import DiscreteBayesianNetwork
        from pgmpy.parameter_estimator import DiscreteMLE
        from pgmpy.utils import get_state_counts

    names = {n: list(range(STATES)) for n in GRAPH.names}
    numbers = pd.DataFrame(codes)
    words = numbers.astype(pd.CategoricalDtype(range(STATES)))
    model = DiscreteBayesianNetwork([(e.cause, e.effect) for e in GRAPH.edges])

    def counted(frame: Any) -> Tables:
        return {n: get_state_counts(frame, names, n, GRAPH.parents(n)) for n in GRAPH.names}

    for frame in (numbers, words):
        for name, table in counted(frame).items():
            axes = family(GRAPH, name, "day")
            shape = [STATES] * len(axes)
            mine = np.moveaxis(expected[name], -1, 0)
            same("pgmpy", {name: np.asarray(table).reshape(shape)}, {name: mine})
    return {
        "counts of integers": lambda: counted(numbers),
        "counts of categories": lambda: counted(words),
        "DiscreteMLE": lambda: DiscreteMLE(state_names=names).fit(model, words),
    }


def pyagrum_ways(codes: Mapping[str, Any], expected: Tables) -> dict[str, Work]:
    """A learner that has its database; one thread, or as many as it takes."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gum = import_module("pyagrum")
    net = gum.BayesNet()
    for name in GRAPH.names:
        net.add(gum.RangeVariable(name, "", 0, STATES - 1))
    for edge in GRAPH.edges:
        net.addArc(edge.cause, edge.effect)
    learner = gum.BNLearner(pd.DataFrame(codes), net)
    learner.useNoPrior()
    arcs = net.dag()

    def learnt(threads: int) -> Any:
        learner.setNumberOfThreads(threads)
        return learner.learnParameters(arcs)

    found = learnt(1)
    for name in GRAPH.names:
        cpt = found.cpt(name)
        axes = family(GRAPH, name, "day")
        theirs = np.transpose(cpt.toarray(), [cpt.names[::-1].index(a) for a in axes])
        total = expected[name].sum(axis=-1, keepdims=True)
        mine = expected[name] / np.maximum(total, 1)
        if not np.allclose(np.where(total > 0, theirs, 0.0), mine, rtol=0, atol=1e-9):
            raise DisagreementError(f"pyAgrum: the table of {name} differs")
    return {f"{k} thread(s)": lambda k=k: learnt(k) for k in (1, processors())}


def polars_ways(codes: Mapping[str, Any], expected: Tables) -> dict[str, Work]:
    """Twelve group-bys: one after the other, or collected together."""
    import polars as pl

    frame = pl.DataFrame(dict(codes))

    def eager() -> Any:
        return [frame.group_by(axes).len("n") for axes in FAMILIES]

    def together(engine: Any) -> Any:
        asked = [frame.lazy().group_by(axes).agg(pl.len().alias("n")) for axes in FAMILIES]
        return pl.collect_all(asked, engine=engine)

    ways: dict[str, Work] = {
        "12 group-bys": eager,
        "12 group-bys at once": lambda: together("in-memory"),
        "12 group-bys streaming": lambda: together("streaming"),
    }
    for work in ways.values():
        columns = [{c: part[c].to_numpy() for c in part.columns} for part in work()]
        same("polars", _by_rows(columns), expected)
    return ways


def duckdb_ways(codes: Mapping[str, Any], expected: Tables) -> dict[str, Work]:
    """Twelve group-bys, grouping sets, or one packed GROUP BY that is summed to the families."""
    import duckdb
    import polars as pl

    link = duckdb.connect()
    link.register("held", pl.DataFrame(dict(codes)).to_arrow())
    link.execute("create table rows as select * from held")
    sets = ", ".join(f"({', '.join(axes)})" for axes in FAMILIES)

    def twelve() -> Any:
        queries = [f"select {', '.join(f)}, count(*) n from rows group by all" for f in FAMILIES]
        return [link.execute(query).fetchnumpy() for query in queries]

    def grouping() -> Any:
        names = ", ".join(GRAPH.names)
        query = f"select {names}, count(*) n from rows group by grouping sets ({sets})"
        return link.execute(query).fetchnumpy()

    def packed() -> Tables:
        return unpacked(link.execute(packed_query("rows")).fetchnumpy())

    same("DuckDB", _by_rows(twelve()), expected)
    same("DuckDB", packed(), expected)
    if int(grouping()["n"].sum()) != len(FAMILIES) * len(codes["v0"]):
        raise DisagreementError("DuckDB: the grouping sets lose rows")
    return {"12 group-bys": twelve, "grouping sets": grouping, "packed GROUP BY": packed}


def packed_query(source: str) -> str:
    """One number a row: v0 in the lowest place, by Horner's rule (its quickest form here)."""
    code = f"{GRAPH.names[-1]}::INTEGER"
    for name in reversed(GRAPH.names[:-1]):
        code = f"({code} * {STATES} + {name})"
    return f"select {code} as code, count(*) as n from {source} group by code"


def unpacked(found: Mapping[str, Any]) -> Tables:
    """The families of packed codes and how often each was seen."""
    whole = np.zeros(STATES**VARIABLES, dtype=np.int64)
    whole[found["code"]] = found["n"]
    shaped = whole.reshape((STATES,) * VARIABLES)  # axis i is variable VARIABLES - 1 - i
    place = {n: VARIABLES - 1 - i for i, n in enumerate(GRAPH.names)}
    tables_ = {}
    for axes in FAMILIES:
        kept = [place[a] for a in axes]
        left = shaped.sum(axis=tuple(i for i in range(VARIABLES) if i not in kept))
        tables_[axes[-1]] = left.transpose([sorted(kept).index(i) for i in kept])
    return tables_


def _by_rows(parts: Sequence[Mapping[str, Any]]) -> Tables:
    """Tables from the distinct rows of each family and their numbers."""
    found = {}
    for axes, part in zip(FAMILIES, parts, strict=True):
        table = np.zeros([STATES] * len(axes), dtype=np.int64)
        table[tuple(np.asarray(part[a]) for a in axes)] = part["n"]
        found[axes[-1]] = table
    return found


def tables(counts: Any) -> Tables:
    """The day tables of our counts."""
    return dict(counts.day)


def same(who: str, theirs: Tables, expected: Tables) -> None:
    """Raise DisagreementError unless every table that is given equals ours."""
    for name, table in theirs.items():
        if not np.array_equal(table, expected[name]):
            raise DisagreementError(f"{who}: the counts of {name} differ")
