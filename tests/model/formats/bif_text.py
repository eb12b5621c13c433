"""Small networks in BIF, in the styles of public files, and ways to write the same otherwise."""

from __future__ import annotations

import re
from random import Random

import numpy as np

from causal.model.network import CausalModel

TWIN = """// by hand
network shop {
  property author = nobody ;
}
variable rain {
  type discrete [ 2 ] { no, yes };
  property position = (10, 20) ;
}
variable load {
  type discrete [ 3 ] { "(0, 5]", "(5, 10]", over };
}
variable Wet {
  type discrete[2] {dry soaked};
}
variable slip {
  type discrete [ 2 ] { <1%, 1.5/2+ };
}
probability ( rain ) {
  table 0.8, 0.2;
}
probability ( load ) {
  default 0.5 0.3 0.2;
}
probability ( Wet | rain ) {
  table 0.95 0.25 0.05 0.75;
}
probability ( slip | Wet, load ) {
  (dry, "(0, 5]") 0.9, 0.1;
  (dry, "(5, 10]") 0.85, 0.15;
  (dry, over) 0.6, 0.4;
  (soaked, "(0, 5]") 0.35, 0.65;
  (soaked, "(5, 10]") .3 .7;
  (soaked, over) 1e-1, 9.0E-01;
}
"""
# What pyAgrum reads, too: no quotes, and rows that stand on a default.
PLAIN = """network shop {
  property author = nobody ;
}
variable rain {
  type discrete [ 2 ] { no, yes };
}
variable load {
  type discrete [ 3 ] { low, mid, over };
}
variable Wet {
  type discrete [ 2 ] { dry, soaked };
}
variable slip {
  type discrete [ 2 ] { rare, often };
}
probability ( rain ) {
  table 0.8, 0.2;
}
probability ( load ) {
  default 0.5, 0.3, 0.2;
}
probability ( Wet | rain ) {
  (no) 0.95, 0.05;
  (yes) 0.25, 0.75;
}
probability ( slip | Wet, load ) {
  default 0.9, 0.1;
  (dry, over) 0.6, 0.4;
  (soaked, low) 0.35, 0.65;
  (soaked, over) 0.1, 0.9;
}
"""
SKELETON = re.compile(r'"[^"\n]*"|//[^\n]*\n|property[^;\n]*;|[^\s{}()\[\]|,;"]+|\s+|.')
BETWEEN = (
    " ",
    "\n",
    "\t",
    " // 0.5; (yes) }\n",
    " /* variable x { 0.1 */ ",
    "\n\n",
    "\r\n",
    "/**/",
)


def same(one: CausalModel, other: CausalModel, tolerance: float = 0.0) -> bool:
    """Whether two models have the same variables, states, causes and numbers."""
    if one.graph.names != other.graph.names:
        return False
    for mine, theirs in zip(one.graph.variables, other.graph.variables, strict=True):
        first, second = one.tables[mine.name], other.tables[mine.name]
        if mine.states != theirs.states or first.axes != second.axes:
            return False
        if not np.allclose(first.values, second.values, rtol=0, atol=tolerance):
            return False
    return True


def otherwise(rng: Random, text: str, *, semicolons: bool = True) -> str:
    """The same network with other blanks, comments and ``semicolons`` between its words."""
    parts = SKELETON.findall(text)
    found = []
    for part in parts:
        found.append(rng.choice(BETWEEN) if part.isspace() and rng.random() < 0.3 else part)
        if part in "{}()[]|,;" and rng.random() < 0.15:
            found.append(rng.choice(BETWEEN))
        if semicolons and part == ";" and rng.random() < 0.1:
            found.append(" ; ")
    return "".join(found)
