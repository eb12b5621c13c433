"""Networks of others whose names hold control characters: refused, and told without them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from causal.errors import ModelError
from causal.model.pgmpy_network import from_pgmpy
from tests.app.odd import (
    OBEYED,
    answered,
    refused,
    spelt,
)

BIF = (
    "network {network} {{ }}\nvariable {node} {{ type discrete [ 2 ] {{ {state}, no }}; }}\n"
    "probability ( {node} ) {{ table 0.2, 0.8; }}\n"
)

XDSL = (
    '<?xml version="1.0" encoding="UTF-8"?><smile version="1.0" id="{network}"><nodes>'
    '<cpt id="{node}"><state id="{state}"/><state id="no"/><probabilities>0.2 0.8</probabilities>'
    "</cpt></nodes></smile>"
)

NET = {"network": "net", "node": "rain", "state": "yes"}


@pytest.mark.parametrize("char", "\x1b\x7f\x9b\u202e")
@pytest.mark.parametrize("place", NET)
def test_a_pgmpy_network_with_a_control_character_is_refused(char: str, place: str) -> None:
    with pytest.raises(ModelError, match=re.escape(f"a{spelt(char)}b")) as caught:
        from_pgmpy(_network(**(NET | {place: f"a{char}b"})))
    assert not OBEYED.search(str(caught.value))


@pytest.mark.parametrize(
    ("suffix", "text", "place", "char"),
    [
        (".bif", BIF, "node", "\x1b"),
        (".xdsl", XDSL, "node", "\x9b"),
        (".xdsl", XDSL, "state", "\u202e"),
    ],
)
def test_a_network_with_a_control_character_is_refused(
    tmp_path: Path, suffix: str, text: str, place: str, char: str
) -> None:
    path = tmp_path / f"hostile{suffix}"
    path.write_text(text.format(**(NET | {place: f"a{char}b"})), encoding="utf-8")
    assert f"`a{spelt(char)}b` holds" in refused("show", "--model", str(path))


def _network(network: str, node: str, state: str) -> object:
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    found = DiscreteBayesianNetwork()
    found.name = network
    found.add_node(node)
    found.add_cpds(TabularCPD(node, 2, [[0.2], [0.8]], state_names={node: [state, "no"]}))
    return found


def test_an_odd_network_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "odd.xdsl"
    path.write_text(XDSL.format(network="n", node="崩盤", state="[/]🚀"), encoding="utf-8")
    assert "[/]🚀" in answered("show", "--model", str(path))
