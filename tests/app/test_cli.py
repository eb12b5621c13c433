"""The command line: what it prints, where, and with which exit status."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import causal
from causal.answer.answer import answer_to_dict
from causal.ask import ask
from causal.model.store import load, save
from tests.app.conftest import QUESTION, Run
from tests.app.toy import toy

PICTURES = (".svg", ".png", ".pdf", ".dot")


def test_ask_prints_one_json_object_with_the_promised_keys(run: Run, model: str) -> None:
    result = run("ask", QUESTION, "--model", model, "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert list(found) == [
        "query", "probability", "interval", "base_rate", "risk_difference", "risk_ratio", "claim",
        "support", "evidence_probability", "monte_carlo_error", "draws", "seed", "calendar",
        "checked", "model",
    ]  # fmt: skip
    assert {k: list(v) for k, v in found.items() if isinstance(v, dict)} == {
        "interval": ["level", "low", "high"],
        "risk_difference": ["value", "low", "high"],
        "risk_ratio": ["value", "low", "high"],
        "claim": ["rung", "licensed_by", "effect", "computed", "assumptions", "paths"],
        "support": ["days", "prior_share"],
        "monte_carlo_error": ["probability", "base_rate", "risk_difference", "risk_ratio"],
        "model": ["name", "data_from", "data_to"],
    }
    assert found["query"] == QUESTION
    assert (found["draws"], found["seed"]) == (200, 7)
    assert found["model"] == {"name": "toy", "data_from": "2020-01-01", "data_to": "2020-12-31"}
    interval = found["interval"]
    assert interval["level"] == 0.9
    assert 0 < interval["low"] < found["probability"] < interval["high"] < 1


def test_json_equals_python_and_contrasts_are_paired(run: Run, model: str) -> None:
    found = json.loads(run("ask", QUESTION, "--model", model, "--json").stdout)
    answer = ask(load(model), QUESTION)
    assert found == answer_to_dict(answer)
    difference, ratio = answer.draws - answer.base, answer.draws / answer.base
    for key, draws in (("risk_difference", difference), ("risk_ratio", ratio)):
        low, high = np.quantile(draws, [0.05, 0.95])
        assert found[key] == pytest.approx({"value": draws.mean(), "low": low, "high": high})
    assert found["base_rate"] == pytest.approx(answer.base.mean())


def test_flags_are_the_same_question(run: Run, model: str) -> None:
    pieces = run(
        "ask", "--event", "bitcoin=crash", "--within", "3d", "--do", "geopolitics=escalation",
        "--given", "leverage=high", "--model", model, "--json",
    )  # fmt: skip
    assert pieces.stdout == run("ask", QUESTION, "--model", model, "--json").stdout
    on_the_day = run("ask", "--event", "bitcoin=crash", "--at", "2", "--model", model, "--json")
    assert json.loads(on_the_day.stdout)["query"] == "P(bitcoin=crash at 2d)"


def test_draws_and_seed_redraw_the_posterior(run: Run, model: str) -> None:
    def found(*more: str) -> dict[str, Any]:
        return dict(json.loads(run("ask", QUESTION, "-m", model, "--json", *more).stdout))

    again, other = found("--seed", "7"), found("--seed", "8", "--draws", "50")
    assert again == found()
    assert (other["draws"], other["seed"]) == (50, 8)
    assert other["probability"] != again["probability"]


def test_the_screen_says_what_stands_behind_the_number(run: Run, model: str) -> None:
    result = run("ask", QUESTION, "--model", model)
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    found = json.loads(run("ask", QUESTION, "--model", model, "--json").stdout)
    low, high = (f"{found['interval'][k]:.3f}" for k in ("low", "high"))
    for part in (
        QUESTION,
        f"{found['probability']:.3f} 90% interval {low} to {high}",
        f"base rate {found['base_rate']:.3f}",
        f"risk difference {found['risk_difference']['value']:+.3f}",
        f"risk ratio {found['risk_ratio']['value']:.2f}",
        "licensed by doing, identified",
        "behind the thinnest row used",
        f"evidence probability {found['evidence_probability']:.3f}",
        "not a forecast",
        f"causal ask '{QUESTION}' --model {model} --draws 200 --seed 7",
    ):
        assert part in text


def test_thin_data_are_called_thin(run: Run, tmp_path: Path) -> None:
    save(toy(rate=1.0), tmp_path / "thin.json")
    result = run("ask", QUESTION, "--model", str(tmp_path / "thin.json"))
    assert re.search(r"Thin:|mostly prior", result.stdout)


def test_a_network_file_is_a_point_model(run: Run, bif: str) -> None:
    result = run("ask", "P(wet=yes | do(rain=yes))", "--model", bif, "--json")
    found = json.loads(result.stdout)
    assert found["probability"] == pytest.approx(0.9)
    assert found["base_rate"] == pytest.approx(0.42)
    assert (found["draws"], found["seed"]) == (1, None)
    assert found["support"] == {"days": None, "prior_share": None}
    assert found["model"] == {"name": "rain", "data_from": None, "data_to": None}
    screen = run("ask", "P(wet=yes | do(rain=yes))", "--model", bif)
    assert "no interval" in screen.stdout


def test_no_ratio_to_a_base_rate_of_zero(run: Run, tmp_path: Path, bif: str) -> None:
    never = tmp_path / "never.bif"
    never.write_text(Path(bif).read_text().replace("(no) 0.3, 0.7", "(no) 0, 1").replace(
        "table 0.2, 0.8", "table 0, 1"
    ))  # fmt: skip
    words = ("ask", "P(wet=yes | do(rain=yes))", "--model", str(never))
    found = json.loads(run(*words, "--json").stdout)
    assert found["base_rate"] == 0
    assert found["risk_ratio"] == {"value": None, "low": None, "high": None}
    assert run(*words).exit_code == 0


def test_a_bounded_answer_has_bounds_and_no_probability(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hidden.json"
    save(toy(confounded=True), path)
    words = ("ask", "P(bitcoin=crash | do(leverage=high))", "--model", str(path))
    found = json.loads(run(*words, "--json").stdout)
    assert found["probability"] is None
    assert found["claim"]["licensed_by"] == "bounded"
    interval, bounds = found["interval"], found["bounds"]
    assert interval["low"] < bounds["low"] < bounds["high"] < interval["high"]
    for key in ("risk_difference", "risk_ratio"):
        assert found[key]["value"] is None
        assert found[key]["low"] < found[key]["high"]
    screen = run(*words)
    assert screen.exit_code == 0
    assert "between " in screen.stdout
    assert "doing, bounded" in screen.stdout


def test_who_assumes_no_hidden_cause_gets_a_number_that_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hidden.json"
    save(toy(confounded=True), path)
    words = ("ask", "P(bitcoin=crash | do(leverage=high))", "-m", str(path))
    found = json.loads(run(*words, "--assume-unconfounded", "--json").stdout)
    assert 0 < found["probability"] < 1
    assert found["claim"]["licensed_by"] == "assumed"
    assert "taken as absent" in found["claim"]["assumptions"][0]
    assert " --assume-unconfounded" in run(*words, "--assume-unconfounded").stdout
    grid = ("sweep", "--event", "bitcoin=crash", "--do", "leverage=low|high", "-m", str(path))
    rows = json.loads(run(*grid, "--assume-unconfounded", "--json").stdout)["rows"]
    assert [row["licensed_by"] for row in rows] == ["assumed", "assumed"]


@pytest.mark.parametrize("suffix", PICTURES)
def test_ask_and_draw_write_a_picture(run: Run, model: str, tmp_path: Path, suffix: str) -> None:
    asked, drawn = tmp_path / f"asked{suffix}", tmp_path / f"drawn{suffix}"
    assert run("ask", QUESTION, "-m", model, "--draw", str(asked), "--json").exit_code == 0
    result = run(
        "draw", "--for", "bitcoin=crash", "--within", "3d", "--do", "geopolitics=escalation",
        "--given", "leverage=high", "-m", model, "--out", str(drawn),
    )  # fmt: skip
    assert (result.exit_code, result.stdout) == (0, "")
    assert asked.read_bytes()[:64] == drawn.read_bytes()[:64]
    assert asked.stat().st_size > 1000


def test_draw_in_chinese_without_an_event(run: Run, model: str, tmp_path: Path) -> None:
    out = tmp_path / "zh.dot"
    assert run("draw", "-m", model, "--lang", "zh", "--out", str(out)).exit_code == 0
    assert "地緣政治" in out.read_text(encoding="utf-8")


def test_show_lists_states_reasons_and_base_rates(run: Run, model: str) -> None:
    found = json.loads(run("show", "-m", model, "--json").stdout)
    assert found["model"]["rows"] == 366
    assert [v["name"] for v in found["variables"]] == ["geopolitics", "leverage", "bitcoin"]
    for variable in found["variables"]:
        assert sum(s["base_rate"] for s in variable["states"]) == pytest.approx(1)
    assert {"cause": "leverage", "effect": "bitcoin", "lag": 0, "because": "forced selling"} in (
        found["edges"]
    )
    screen = run("show", "-m", model).stdout
    for part in ("forced selling", "escalation", "2020-01-01 to 2020-12-31", "地緣政治"):
        assert part in screen


def test_fit_writes_a_model_that_answers(run: Run, tmp_path: Path) -> None:
    story, panel, out = (tmp_path / n for n in ("story.toml", "panel.csv", "model.json"))
    story.write_text(
        '[story]\nname = "small"\n\n[fit]\nstrength = 2.0\ndraws = 50\nseed = 3\n\n'
        "[variables.fear]\n"
        'states = ["calm", "afraid"]\nseries = [{ column = "vix" }]\ncuts = [20]\nwhy = "a test"\n'
        "\n[variables.bitcoin]\n"
        'states = ["flat", "crash"]\nseries = [{ column = "loss" }]\ncuts = [5]\nwhy = "a test"\n'
        '\n[[edges]]\ncause = "fear"\neffect = "bitcoin"\nbecause = "a test"\n'
        '\n[[edges]]\ncause = "fear"\neffect = "fear"\nlag = 1\nbecause = "a test"\n'
    )
    rng = np.random.default_rng(0)
    fear = rng.normal(20, 5, 90)
    loss = np.where(fear > 20, rng.normal(5, 2, 90), rng.normal(0, 2, 90))
    days = np.arange("2024-01-01", "2024-03-31", dtype="datetime64[D]")
    rows = [f"{d},{f:.3f},{x:.3f}" for d, f, x in zip(days, fear, loss, strict=True)]
    panel.write_text("\n".join(["date,vix,loss", *rows]) + "\n")
    words = ("fit", str(story), "--data", str(panel), "--out", str(out))
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["out"] == str(out)
    assert (found["model"]["name"], found["model"]["rows"]) == ("small", 90)
    answer = json.loads(
        run("ask", "P(bitcoin=crash | fear=afraid)", "-m", str(out), "--json").stdout
    )
    assert answer["probability"] > answer["base_rate"]
    first = out.read_bytes()
    screen = run(*words, "--fit-until", "2024-02-01", "--draws", "9", "--seed", "4")
    assert "9 draws, seed 4" in " ".join(screen.stdout.split())
    assert out.read_bytes() != first
    refused = run(*words, "--fit-until", "yesterday")
    assert (refused.exit_code, "`yesterday` is no date." in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ask", "P(bitcon=crash)"), "There is no variable `bitcon`."),
        (("ask", "P(bitcoin=crsh)"), "`bitcoin` has no state `crsh`."),
        (("ask", "P(bitcoin=crash"), "A closing parenthesis is missing."),
        (("ask", "P(bitcoin=crash within 99d)"), "`within 99d` reaches too far."),
        (("ask", "P(bitcoin=crash | do(leverage=low), leverage=high)"), "probability zero"),
        (("ask",), "There is no question."),
        (("ask", "--do", "leverage=low"), "The question has no event."),
        (("ask", "P(bitcoin=crash)", "--event", "bitcoin=crash"), "given twice"),
        (("ask", "P(bitcoin=crash)", "--draw", "{tmp}/none/a.svg"), "There is no folder"),
        (("ask", "P(bitcoin=crash)", "--draw", "{tmp}/a.gif"), "cannot be saved"),
        (("ask", "P(bitcoin=crash)", "--draw", "{tmp}/folder.svg"), "cannot be written"),
        (("ask", "P(bitcoin=crash)", "--draws", "0"), "--draws"),
        (("ask", "P(bitcoin=crash)", "--draws", "many"), "--draws"),
        (("ask", "P(bitcoin=crash)", "--lang", "fr"), "--lang"),
        (("ask", "P(bitcoin=crash)", "--unheard"), "--unheard"),
        (("draw", "--do", "leverage=lwo", "--out", "{tmp}/a.svg"), "no state `lwo`"),
        (("draw",), "--out"),
        (("unheard",), "unheard"),
    ],
)
def test_the_users_input_is_status_2_and_a_lesson_on_stderr(
    run: Run, model: str, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "folder.svg").mkdir()
    here = [w.replace("{tmp}", str(tmp_path)) for w in words]
    if words[0] in ("ask", "draw"):
        here += ["--model", model]
    result = run(*here)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no file"),
        ("{", "cannot be read as JSON"),
        ("[]", "is not a fitted model"),
        ('{"format": "causal-model", "version": 999}', "version 999"),
    ],
)
def test_a_model_that_cannot_be_read_is_status_2(
    run: Run, tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "model.json"
    if content is not None:
        path.write_text(content)
    result = run("ask", "P(bitcoin=crash)", "--model", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in " ".join(result.stderr.split())


def test_a_damaged_model_is_refused(run: Run, model: str, tmp_path: Path) -> None:
    text = Path(model).read_text()
    assert '"strength": 4.0' in text
    (tmp_path / "edited.json").write_text(text.replace('"strength": 4.0', '"strength": 40.0'))
    result = run("ask", "P(bitcoin=crash)", "--model", str(tmp_path / "edited.json"))
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_error_screen_is_three_parts_and_a_caret(run: Run, model: str) -> None:
    result = run("ask", "P(bitcoin=crahs)", "--model", model)
    assert result.stderr == (
        "error   `bitcoin` has no state `crahs`.\n"
        "        P(bitcoin=crahs)\n"
        "                  ^^^^^\n"
        "means   Its states are rise, flat, fall, crash (calmest first).\n"
        "to do   Did you mean `crash`?\n"
    )


def test_a_defect_is_status_1_without_a_traceback(
    run: Run, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise IndexError("beyond the end")

    monkeypatch.setattr(import_module("causal.ask"), "answer", broken)
    result = run("ask", QUESTION, "--model", model)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "IndexError: beyond the end" in result.stderr
    assert "Traceback" not in result.stderr


def test_version(run: Run) -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"causal {causal.__version__}\n")


def test_completion_is_offered(run: Run) -> None:
    assert "--install-completion" in run("--help").stdout
