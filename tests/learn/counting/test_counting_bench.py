"""The counting bench compares answers before it times, and notices when they differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from causal.learn.counting.dataframe import count_frame
from tests.bench import counting, counting_peers
from tests.bench.settings import DisagreementError

PEERS = {
    "polars": counting_peers.polars_ways,
    "duckdb": counting_peers.duckdb_ways,
    "pyagrum": counting_peers.pyagrum_ways,
    "pgmpy": counting_peers.pgmpy_ways,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("peer", PEERS)
def test_a_wrong_count_is_noticed(peer: str, needs: Callable[[str], ModuleType]) -> None:
    needs(peer)
    pandas = needs("pandas")
    codes = counting_peers.history(3000)
    expected = counting_peers.tables(count_frame(pandas.DataFrame(codes), counting_peers.GRAPH))
    assert PEERS[peer](codes, expected)
    wrong = {name: table.copy() for name, table in expected.items()}
    wrong["v5"].flat[0] += 1
    with pytest.raises(DisagreementError, match="v5"):
        PEERS[peer](codes, wrong)


def test_streamed(tmp_path: Path, needs: Callable[[str], ModuleType]) -> None:
    needs("duckdb")
    needs("numba")
    (row,) = counting.streamed(300_000, tmp_path, rounds=1)
    assert row["ratio"] > 0
    assert 0 < row["peak of ours"] < 1e9
