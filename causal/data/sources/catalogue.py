"""Every source that the package knows; where two yield one column, the earlier comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from causal.data.sources.binance import (
    FUNDING,
    FUNDING_ARCHIVE,
    HOURS,
    HOURS_ARCHIVE,
    METRICS,
    SPOT,
    SPOT_ARCHIVE,
)
from causal.data.sources.crypto import (
    COIN_METRICS,
    COINALYZE,
    DVOL,
    ETF,
    FEAR_GREED,
    STABLECOINS,
)
from causal.data.sources.fred import FREDS, fred
from causal.data.sources.market import GOLD, VIX, YAHOOS
from causal.data.sources.newspaper import EPU, GPR, TPU
from causal.data.sources.source import Column, Source
from causal.errors import DataError, nearest

ALL: tuple[Source, ...] = (
    GPR,
    TPU,
    EPU,
    *FREDS,
    VIX,
    GOLD,
    *YAHOOS,
    SPOT,
    SPOT_ARCHIVE,
    HOURS,
    HOURS_ARCHIVE,
    FUNDING,
    FUNDING_ARCHIVE,
    METRICS,
    COIN_METRICS,
    DVOL,
    FEAR_GREED,
    STABLECOINS,
    ETF,
    COINALYZE,
)


def selected(
    names: Iterable[str], own: Iterable[Source] = (), environment: Mapping[str, str] | None = None
) -> tuple[Source, ...]:
    """The sources of these names, or (no name) the keyless core, the user's own, and those whose
    key the environment holds.

    ``fred:DGS2`` is any series of FRED.  Raises DataError with the nearest name.
    """
    own, names = tuple(own), list(names)
    known = {s.name: s for s in (*ALL, *own)}
    if not names:
        keyed = environment or {}
        wanted = [s for s in ALL if s.core and (s.key is None or keyed.get(s.key))]
        return (*wanted, *own)
    found = []
    for name in dict.fromkeys(names):
        if name.lower().startswith("fred:"):
            series = name[5:].strip().upper()
            if not series.isalnum():
                raise _unknown(name, known)
            found.append(fred(series, Column(f"fred_{series.lower()}", "see FRED"), core=False))
        elif name in known:
            found.append(known[name])
        else:
            raise _unknown(name, known)
    return tuple(found)


def _unknown(name: str, known: Mapping[str, Source]) -> DataError:
    return DataError(
        f"There is no source `{name}`.",
        "Nothing was pulled.",
        f"{nearest(name, known)} Any series of FRED is written `fred:DGS2`; "
        "`causal data status --all` lists the sources.",
    )
