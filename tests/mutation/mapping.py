"""What is mutated, and the tests that answer for it: those of its own file, and quick ones."""

from __future__ import annotations

QUESTIONS = ("tests/infer/test_item.py", "tests/infer/test_grammar.py")
CLAIMS = ("tests/infer/test_claim.py", "tests/infer/test_licence.py", "tests/laws/test_licence.py")
STORED = ("tests/model/test_stored.py", "tests/model/test_store.py", "tests/model/test_moves.py")
DRAWN = ("tests/model/test_posterior.py", "tests/model/test_draws.py", "tests/test_limit.py",
         "tests/model/test_numbers.py")  # fmt: skip
TESTS: dict[str, tuple[str, ...]] = {
    "causal/data/validate.py": ("tests/data/test_validate.py",),
    "causal/data/panel.py": ("tests/data/test_panel_dates.py", "tests/data/test_panel.py"),
    "causal/data/states.py": ("tests/data/test_states.py",),
    "causal/learn/today.py": (
        "tests/learn/test_readings.py",
        "tests/learn/test_today.py",
        "tests/learn/test_standing.py",
    ),
    "causal/infer/grammar.py": (*QUESTIONS, "tests/infer/test_action.py"),
    "causal/infer/token.py": ("tests/infer/test_token.py", "tests/infer/test_grammar.py"),
    "causal/infer/item.py": QUESTIONS,
    "causal/infer/licence.py": CLAIMS,
    "causal/infer/door.py": CLAIMS,
    "causal/infer/district.py": CLAIMS,
    "causal/infer/identification.py": CLAIMS,
    "causal/model/posterior.py": DRAWN,
    "causal/model/store.py": STORED,
    "causal/model/days.py": (*STORED, "tests/test_limit.py"),
    "causal/model/intervention.py": ("tests/model/test_intervention.py",),
    "causal/model/surgery.py": ("tests/model/test_surgery.py",),
    "causal/model/policy.py": ("tests/model/test_intervention.py",),
}
