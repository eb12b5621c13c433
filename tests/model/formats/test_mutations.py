"""No silent misread: a spoilt network file is refused, read as before, or read as pyAgrum reads it.

400 mutations, their seeds fixed; ``CAUSAL_FUZZ_CASES=50000`` tries more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType

import numpy as np
import pytest

from causal.contract.array import Array
from causal.errors import CausalError
from causal.model.interchange import read_network
from causal.model.network import CausalModel
from tests.fuzz import mutation
from tests.model.formats.test_formats import PLAIN

CASES = max(400, int(os.environ.get("CAUSAL_FUZZ_CASES", "0")) // 10)
XDSL = """<?xml version="1.0" encoding="UTF-8"?>
<smile version="1.0" id="alarms" numsamples="1000" discsamples="10000">
  <nodes>
    <cpt id="fire">
      <state id="no" /><state id="yes" />
      <probabilities>0.9 0.1</probabilities>
    </cpt>
    <cpt id="fog">
      <state id="a" /><state id="b" /><state id="c" />
      <probabilities>0.2 0.3 0.5</probabilities>
    </cpt>
    <cpt id="bell">
      <state id="no" /><state id="yes" />
      <parents>fire fog</parents>
      <probabilities>0.99 0.01 0.9 0.1 0.8 0.2 0.3 0.7 0.2 0.8 0.1 0.9</probabilities>
    </cpt>
  </nodes>
  <extensions><genie version="1.0" app="GeNIe 4.0" name="alarms">
  </genie></extensions>
</smile>
"""
TEXTS = {"xdsl": XDSL, "bifxml": PLAIN["bifxml"], "net": PLAIN["net"]}
WORDS = (
    "fire", "fog", "bell", "no", "yes", "a", "b", "c", "0.9", "0.1", "0.2", "0.3", "0.5", "state",
    "parents", "cpt", "probabilities", "GIVEN", "FOR", "TABLE", "OUTCOME", "potential", "data",
    "node", "states",
)  # fmt: skip
Tables = dict[str, tuple[tuple[str, ...], tuple[str, ...], Array]]  # states, axes, values


def ours(model: CausalModel) -> Tables:
    return {
        v.name: (tuple(s.strip() for s in v.states), t.axes[:-1], t.values[..., 0])
        for v in model.graph.variables
        for t in [model.tables[v.name]]
    }


def theirs(gum: ModuleType, path: Path) -> Tables | None:
    """The tables as pyAgrum reads the file; None where it refuses.

    It takes the numbers of XDSL for a table whose first parent varies fastest: they are laid out
    again, the last parent fastest.
    """
    try:
        network = gum.loadBN(str(path))
    except Exception:  # pyAgrum's errors have no common base
        return None
    found: Tables = {}
    for name in network.names():
        cpt = network.cpt(name)
        axes, values = tuple(reversed(cpt.names)), cpt.toarray()
        if path.suffix == ".xdsl":
            parents = cpt.names[1:]
            axes = (*parents, name)
            values = values.ravel().reshape([network.variable(a).domainSize() for a in axes])
        labels = (label.strip() for label in network.variable(name).labels())  # XML's own blanks
        found[name] = (tuple(labels), axes, values)
    return found


def agreed(gum: ModuleType, path: Path, text: str) -> bool:
    """Whether both read the file alike, as it is or with nothing that pyAgrum does not know:
    ``.5``, letters beyond ASCII, blanks at the end of a tag."""
    if alike(ours(read_network(path)), theirs(gum, path), 1e-6):
        return True
    known = re.sub(r"(?<![\w.])\.(?=\d)", "0.", text)
    path.write_text(re.sub(r"[^\x00-\x7f]", "Z", re.sub(r"(</\w+)\s+>", r"\1>", known)))
    return alike(ours(read_network(path)), theirs(gum, path), 1e-6)


def alike(one: Tables, other: Tables | None, tolerance: float) -> bool:
    """Whether both hold the same states and tables, whatever the order of their parents."""
    if other is None or set(one) != set(other):
        return False
    for name, (states, axes, values) in one.items():
        their_states, their_axes, their_values = other[name]
        if states != their_states or sorted(axes) != sorted(their_axes):
            return False
        turned = their_values.transpose([their_axes.index(a) for a in axes])
        turned = turned / turned.sum(axis=-1, keepdims=True)
        if turned.shape != values.shape or not np.allclose(turned, values, atol=tolerance):
            return False
    return True


@pytest.mark.parametrize("suffix", TEXTS)
def test_a_spoilt_network_is_refused_or_read_as_it_says(
    tmp_path: Path, needs: Callable[[str], ModuleType], suffix: str
) -> None:
    gum, path = needs("pyagrum"), tmp_path / f"x.{suffix}"
    path.write_text(TEXTS[suffix])
    valid = ours(read_network(path))
    assert alike(valid, theirs(gum, path), 1e-6)
    misread, tally = [], {"refused": 0, "as before": 0, "as pyAgrum": 0}
    for seed in range(CASES // len(TEXTS) + 1):
        text = mutation.text(Random(f"{suffix} {seed}"), TEXTS[suffix], WORDS)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            model = ours(read_network(path))
        except CausalError:
            tally["refused"] += 1
            continue
        if alike(model, valid, 1e-12):
            tally["as before"] += 1
        elif agreed(gum, path, text):
            tally["as pyAgrum"] += 1
        else:
            misread.append(f"{seed}: {text}")
    assert not misread, f"{len(misread)} misread, {tally}\n\n" + "\n\n".join(misread[:3])
    assert min(tally.values()) > 0, tally
