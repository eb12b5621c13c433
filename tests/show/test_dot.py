"""The text of a diagram: one for one story, and what surgery does to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from causal.query.assignment import Hard, Policy
from causal.query.cut import Cut
from causal.show.diagram import diagram
from causal.show.dot import draw
from causal.show.palette import DO, EVENT, SEEN, WORDS
from tests.show.drawn import (
    BEFORE,
    GOLDEN,
    SMALL,
    SURGERY,
    arrows,
    card,
    model,
    scene,
    text,
)
from tests.show.story import STORY


class TestText:
    def test_it_is_the_golden_text(self):
        path = GOLDEN / "crash_surgery.dot"
        if os.environ.get("CAUSAL_WRITE_GOLDEN") == "1":
            path.write_text(text(), encoding="utf-8")
        assert text() == path.read_text(encoding="utf-8"), (
            "The drawing has changed. Look at the picture; if it is meant, run the tests with "
            "CAUSAL_WRITE_GOLDEN=1 and commit the new text."
        )

    def test_it_does_not_depend_on_the_hash_seed(self):
        code = (
            "from tests.show.drawn import text; import hashlib;"
            "print(hashlib.sha256(text().encode()).hexdigest())"
        )
        root = Path(__file__).resolve().parents[2]
        seen = {
            subprocess.run(
                [sys.executable, "-c", code],
                env=os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(root)},
                cwd=root,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in (1, 2)
        }
        assert len(seen) == 1

    def test_every_edge_is_an_arrow_or_a_sign(self):
        drawn = arrows(text())
        assert len(drawn) == 21 + 6 + 2  # same day, next day without loops, confounded
        assert Counter(kind.split()[-1] for *_, kind in drawn) == Counter(
            {"same-day": 21, "lagged": 6, "confounded": 2}
        )
        persists = WORDS["en"]["persists"]
        calendar = WORDS["en"]["calendar"]
        signs = {n: card(text(), n) for n in STORY.names}
        loops = {e.cause for e in STORY.edges if e.cause == e.effect}
        assert {n for n, c in signs.items() if f'TOOLTIP="{persists}' in c} == loops
        closed = {e.effect for e in STORY.edges if e.cause == "calendar"}
        assert {n for n, c in signs.items() if f'TOOLTIP="{calendar}' in c} == closed

    def test_arrows_of_the_calendar_are_drawn_when_it_is_asked_about(self):
        drawn = arrows(text(scene(do={"calendar": "closed"}, event={"bitcoin": "crash"})))
        assert ("calendar", "yields", "active same-day") in drawn

    def test_lagged_arrows_are_dotted_and_move_no_card(self):
        lagged = [line for (*_, kind), line in arrows(text()).items() if "lagged" in kind]
        assert lagged
        assert all('style="dotted"' in a and 'constraint="false"' in a for a in lagged)
        same = [line for (*_, kind), line in arrows(text()).items() if "same-day" in kind]
        assert not any("dotted" in a or "constraint" in a for a in same)

    def test_confounded_pairs_are_dashed_double_arrows(self):
        line = arrows(text())["equity_selling", "crypto_selling", "confounded"]
        assert 'dir="both"' in line
        assert 'style="dashed"' in line
        assert "news and overnight futures" in line

    def test_layout_does_not_depend_on_the_question(self):
        def skeleton(dot: str) -> str:
            dot = re.sub(
                r'(tooltip|class|color|penwidth|arrowhead|arrowsize)="(\\.|[^"\\])*"', "", dot
            )
            dot = re.sub(r'(COLOR|BGCOLOR|TOOLTIP)="[^"]*"|</?B>', "", dot)
            return re.sub(r" +", " ", re.sub(r"^ *label=.*$", "", dot, flags=re.M))

        plain = draw(scene(), BEFORE, BEFORE)
        asked = draw(SURGERY, BEFORE, BEFORE)
        assert skeleton(plain) == skeleton(asked)
        assert plain != asked


class TestSurgery:
    def test_cut_arrows_are_severed(self):
        drawn = arrows(text())
        cut = {(a, b) for a, b, kind in drawn if kind.startswith("cut")}
        assert cut == {("war", "geopolitics"), ("trade", "geopolitics")}
        line = drawn["war", "geopolitics", "cut same-day"]
        assert re.search(rf'color="{DO};0\.\d+:#FFFFFF00;0\.\d+:{DO}"', line)
        assert 'arrowhead="tee"' in line
        assert "cut by do" in line

    def test_a_cut_confounder_is_severed_too(self):
        drawn = arrows(text(scene(do={"yields": "spike"})))
        assert ("yields", "bitcoin", "confounded cut") in drawn
        assert ("equity_selling", "crypto_selling", "confounded") in drawn

    def test_cards_show_what_was_asked(self):
        ringed = f'BORDER="2" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1" COLOR="{DO}"'
        assert [n for n in STORY.names if ringed in card(text(), n)] == ["geopolitics"]
        shaded = f'BGCOLOR="{SEEN}"'
        assert [n for n in STORY.names if shaded in card(text(), n)] == ["leverage"]
        headed = f'BGCOLOR="{EVENT}"'
        assert [n for n in STORY.names if headed in card(text(), n)] == ["bitcoin"]

    def test_a_policy_is_ringed_and_keeps_its_causes(self):
        """Its condition is an arrow of what we do; an arrow that is cut is severed alone."""
        small = model(SMALL)
        policy = Policy(Hard("leverage", "low"), {"bitcoin@-1": "crash"})
        drawn = diagram(small.do(policy), event={"bitcoin": "crash"}, within=2).dot
        found = arrows(drawn)
        looked = found["bitcoin", "leverage", "condition lagged"]
        assert f'color="{DO}"' in looked
        assert "leverage=low if bitcoin@-1=crash" in looked
        assert not any(kind.startswith("cut") for *_, kind in found)
        assert f'COLOR="{DO}"' in card(drawn, "leverage")
        cut = arrows(diagram(small.do(Cut("war", "bitcoin")), event={"bitcoin": "crash"}).dot)
        assert [key[:2] for key in cut if key[2].startswith("cut")] == [("war", "bitcoin")]
        assert not any(kind.startswith("condition") for *_, kind in cut)

    def test_paths_from_do_to_the_event_are_active(self):
        assert SURGERY.active >= {
            ("geopolitics", "risk_off", 0),
            ("risk_off", "rebalancing", 0),
            ("rebalancing", "crypto_selling", 0),
            ("liquidations", "bitcoin", 0),
            ("equity_drawdown", "rebalancing", 1),
        }
        outside = {("war", "geopolitics", 0), ("bitcoin", "leverage", 1)}
        assert not SURGERY.active & outside
        assert not any("volatility" in edge for edge in SURGERY.active)
        drawn = arrows(text())
        active = {(a, b) for a, b, kind in drawn if kind.startswith("active")}
        assert active == {(a, b) for a, b, _ in SURGERY.active}

    def test_without_a_horizon_only_same_day_arrows_are_active(self):
        today = replace(SURGERY, horizon=0)
        assert today.active
        assert {lag for *_, lag in today.active} == {0}

    def test_without_a_do_paths_start_at_the_evidence(self):
        seen = scene(given={"leverage": "high"}, event={"bitcoin": "crash"})
        assert seen.active == {("leverage", "liquidations", 0), ("liquidations", "bitcoin", 0)}

    def test_a_second_do_cuts_the_path_of_the_first(self):
        both = scene(
            do={"rebalancing": "none", "crypto_selling": "none"}, event={"bitcoin": "crash"}
        )
        assert ("rebalancing", "crypto_selling", 0) not in both.active
        assert ("rebalancing", "equity_selling", 0) in both.active
