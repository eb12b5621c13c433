"""What is mutated, and the tests that answer for it: those of its own file, and quick ones."""

from __future__ import annotations

QUESTIONS = ("tests/query/test_item.py", "tests/query/test_parser.py")
CLAIMS = (
    "tests/identify/test_claim.py",
    "tests/identify/test_confounding.py",
    "tests/laws/test_identified_is_true.py",
)
STORED = ("tests/model/test_stored.py", "tests/model/test_store.py", "tests/model/test_returns.py")
DRAWN = ("tests/model/test_posterior.py", "tests/model/test_draws.py", "tests/test_limit.py",
         "tests/model/test_numbers.py")  # fmt: skip
TESTS: dict[str, tuple[str, ...]] = {
    "causal/data/pull/validate.py": ("tests/data/pull/test_validate.py",),
    "causal/data/panel.py": ("tests/data/test_panel_dates.py", "tests/data/test_panel.py"),
    "causal/data/states.py": ("tests/data/test_states.py",),
    "causal/learn/as_of.py": (
        "tests/learn/test_readings.py",
        "tests/learn/test_as_of.py",
        "tests/learn/test_standing.py",
    ),
    "causal/query/parser.py": (*QUESTIONS, "tests/query/test_action.py"),
    "causal/query/lexer.py": ("tests/query/test_lexer.py", "tests/query/test_parser.py"),
    "causal/query/item.py": QUESTIONS,
    "causal/identify/claim.py": CLAIMS,
    "causal/identify/confounding.py": CLAIMS,
    "causal/identify/algorithm.py": CLAIMS,
    "causal/model/posterior.py": DRAWN,
    "causal/model/store.py": (*STORED, "tests/test_limit.py"),
    "causal/query/intervention.py": ("tests/query/test_intervention.py",),
    "causal/query/surgery.py": ("tests/query/test_surgery.py",),
    "causal/query/assignment.py": ("tests/query/test_intervention.py",),
}
