"""A program with a mistake in every marked line, each of which a type checker has to see."""

from __future__ import annotations

import causal

model = causal.load(causal.shipped())
answer = causal.probability(model, {"bitcoin": "crash"}, within="7d")
twice: float = answer.probability * 2  # wrong: operator
answer.evidence = 1.0  # wrong: misc
low: str = answer.interval()[0]  # wrong: assignment
causal.ask("P(bitcoin=crash)", model)  # wrong: arg-type
causal.probability(model, {"bitcoin": "crash"}, "7d")  # wrong: call-arg
causal.ladder(model, price="open")  # wrong: arg-type
causal.fit(causal.read_story("crash.toml"), None, draws="many")  # wrong: arg-type
print(answer.chance)  # wrong: attr-defined
print(answer.support.days)  # wrong: union-attr
model.do(leverage=3)  # wrong: arg-type
causal.aks(model)  # wrong: attr-defined
