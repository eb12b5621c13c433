"""The drawing: DOT text as golden, what surgery does to arrows and cards, files of every kind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from causal.errors import CausalError, QueryError, UnknownStateError, UnknownVariableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Variable
from causal.infer.marginals import marginals
from causal.model.network import CausalModel
from causal.model.table import Table
from causal.query.event import conditions
from causal.query.intervention import Cut, Hard, Policy, Schedule, interventions
from causal.query.query import Query
from causal.show.card import percent
from causal.show.diagram import Diagram, diagram, first_day, illustrated
from causal.show.dot import draw
from causal.show.palette import BAR, DO, EVENT, SEEN, WORDS
from causal.show.render import FONTS, render
from causal.show.scene import Scene
from tests.show.story import STORY, vectors

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}title"
BEFORE, AFTER = vectors(STORY, 1), vectors(STORY, 1, 0.5)


def scene(graph: CausalGraph = STORY, *, do=None, given=None, event=None, **rest) -> Scene:
    return Scene(
        graph,
        interventions(graph, do or {}),
        conditions(graph, given),
        conditions(graph, event),
        **rest,
    )


SURGERY = scene(
    do={"geopolitics": "escalation"},
    given={"leverage": "high"},
    event={"bitcoin": "crash"},
    horizon=7,
    day=1,
    title="P(bitcoin=crash within 7d | do(geopolitics=escalation), leverage=high)",
)


def text(of: Scene = SURGERY) -> str:
    return draw(of, BEFORE, AFTER)


def arrows(dot: str) -> dict[tuple[str, str, str], str]:
    """(cause, effect, class) of every DOT edge with the whole of its line."""
    found = re.findall(r'^\s*("(\w+)" -> "(\w+)" \[class="([\w -]+)".*)$', dot, re.M)
    assert len(found) == dot.count('" -> "')
    return {(one, other, kind): line for line, one, other, kind in found}


def card(dot: str, name: str) -> str:
    (line,) = re.findall(rf'^\s*"{name}" \[label=.*$', dot, re.M)
    return line


def model(graph: CausalGraph, seed: int = 0) -> CausalModel:
    """Random tables on a graph, one draw."""
    rng = np.random.default_rng(seed)

    def tables(parents) -> dict[str, Table]:
        found = {}
        for name in graph.names:
            axes = (*parents(name), name)
            sizes = [graph.size(a) for a in axes]
            values = rng.dirichlet(np.ones(sizes[-1]), size=tuple(sizes[:-1]))
            found[name] = Table((*axes, "draw"), values[..., None])
        return found

    start = tables(graph.start_parents) if graph.persistent else {}
    return CausalModel(graph, tables(graph.parents), start)


SMALL = CausalGraph(
    (
        Variable("war", ("calm", "hot"), label="War", label_zh="戰爭", states_zh=("平靜", "激烈")),
        Variable("leverage", ("low", "high"), label_zh="槓桿"),
        Variable("bitcoin", ("up", "crash"), label="Bitcoin"),
    ),
    (
        Edge("war", "leverage", 0, "fear"),
        Edge("leverage", "bitcoin", 0, "margin calls"),
        Edge("war", "bitcoin", 0, "mood"),
        Edge("bitcoin", "leverage", 1, "flush"),
    ),
    name="small",
)


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
            "from tests.show.test_diagram import text; import hashlib;"
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


class TestCards:
    def test_numbers_and_bars(self):
        after = AFTER | {"leverage": np.array([0.0, 0.25, 0.75])}
        line = card(draw(SURGERY, BEFORE, after), "leverage")
        assert re.findall(r">(\d+%)<", line) == ["0%", "25%", "75%"]
        wide = [int(w) for w in re.findall(r'WIDTH="(\d+)" HEIGHT="4" BGCOLOR', line)]
        assert wide == pytest.approx([BAR / 4, BAR * 3 / 4], abs=0.5)
        assert "high: before" in line
        assert "after 75.0%" in line

    @pytest.mark.parametrize(
        ("share", "said"),
        [(0, "0%"), (0.002, "<1%"), (0.5, "50%"), (0.998, ">99%"), (1, "100%")],
    )
    def test_what_is_not_certain_is_not_called_certain(self, share, said):
        assert percent(share) == said

    def test_many_states_are_summed_up(self):
        graph = CausalGraph((Variable("x", tuple(f"s{i}" for i in range(30))),))
        share = np.arange(30) / np.arange(30).sum()
        line = card(draw(scene(graph, event={"x": "s0"}), {"x": share}, {"x": share}), "x")
        states = re.findall(r">(s\d+)<", line)
        assert states == ["s0", *(f"s{i}" for i in range(24, 30))]
        assert ">23 more<" in line
        assert sum(map(int, re.findall(r">(\d+)%<", line))) == pytest.approx(100, abs=4)

    def test_hostile_text_is_escaped(self):
        nasty = 'a<b>&amp;"q"\\N\\l\n{x}'
        one = nasty.replace("\n", " ")
        graph = CausalGraph(
            (
                Variable("p", ("<s>", '"&'), label=one, why=nasty),
                Variable('q"\\', ("a", "b"), label="<TABLE>"),
            ),
            (Edge("p", 'q"\\', 0, nasty),),
            (Confounded("p", 'q"\\', nasty),),
            name='n"<&',
        )
        half = {n: np.array([0.5, 0.5]) for n in graph.names}
        dot = draw(scene(graph, title=nasty), half, half)
        tree = ElementTree.fromstring(render(dot, "svg"))
        assert len([g for g in tree.iter(f"{SVG}g") if g.get("class") == "node"]) == 2
        said = {t.text for t in tree.iter(f"{SVG}text")}
        assert {"<s>", '"&', "<TABLE>"} <= said
        hovers = {a.get(LINK) for a in tree.iter(f"{SVG}a")}
        assert f"{one}: {one}" in hovers
        assert f"{one} → <TABLE>: {one}" in hovers

    def test_chinese_labels_fall_back_to_english(self):
        dot = text(replace(SURGERY, lang="zh"))
        assert ">地緣政治<" in dot
        assert ">升級<" in dot
        assert "Geopolitics" not in dot
        small = draw(
            scene(SMALL, lang="zh"),
            {n: np.array([0.5, 0.5]) for n in SMALL.names},
            {n: np.array([0.5, 0.5]) for n in SMALL.names},
        )
        assert {">戰爭<", ">平靜<", ">槓桿<", ">low<", ">Bitcoin<"} <= set(
            re.findall(">[^<]+<", small)
        )

    def test_both_languages_have_every_word(self):
        assert WORDS["en"].keys() == WORDS["zh"].keys()


class TestPicture:
    def test_svg_holds_reasons_labels_and_cut_arrows(self):
        tree = ElementTree.fromstring(Diagram(text(replace(SURGERY, lang="zh"))).svg())
        said = {t.text for t in tree.iter(f"{SVG}text")}
        assert {"地緣政治", "升級", "槓桿", "比特幣"} <= said
        hovers = {a.get(LINK) for a in tree.iter(f"{SVG}a")}
        assert '戰爭風險 → 地緣政治 (被 do 切斷): war "moves" geopolitics & <more>' in hovers
        assert '戰爭風險: GPR says "war" where <words> & more' in hovers
        classes = Counter(
            g.get("class") for g in tree.iter(f"{SVG}g") if "edge" in g.get("class", "")
        )
        assert classes["edge cut same-day"] == 2
        assert classes["edge active same-day"] > 5

    @pytest.mark.parametrize(
        ("suffix", "magic"),
        [
            (".svg", b"<?xml"),
            (".png", b"\x89PNG\r\n\x1a\n"),
            (".pdf", b"%PDF-"),
            (".dot", b"digraph"),
            (".PNG", b"\x89PNG\r\n\x1a\n"),
        ],
    )
    def test_every_kind_of_file(self, tmp_path, suffix, magic):
        path = Diagram(text()).save(tmp_path / f"crash{suffix}")
        assert path.read_bytes().startswith(magic)
        assert [p.name for p in tmp_path.iterdir()] == [path.name]

    def test_nothing_is_printed(self, capfd, tmp_path):
        Diagram(text()).save(tmp_path / "crash.png")
        assert capfd.readouterr() == ("", "")

    def test_it_shows_itself(self):
        shown = Diagram(text())
        assert shown._repr_svg_() == shown.svg()
        assert shown.svg() == Diagram(text()).svg()

    def test_other_suffixes_and_folders_are_refused(self, tmp_path):
        with pytest.raises(QueryError, match=r"\.svg, \.png, \.pdf or \.dot"):
            Diagram(text()).save(tmp_path / "crash.jpeg")
        with pytest.raises(QueryError, match="no folder"):
            Diagram(text()).save(tmp_path / "nowhere" / "crash.svg")
        (tmp_path / "folder.svg").mkdir()
        with pytest.raises(QueryError, match="folder"):
            Diagram(text()).save(tmp_path / "folder.svg")

    def test_bad_dot_is_an_error_of_ours(self):
        with pytest.raises(CausalError, match="could not lay out"):
            Diagram("digraph { a [label=<<B>>] ").svg()

    def test_without_graphviz_the_error_says_what_to_do(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pygraphviz", None)
        monkeypatch.setenv("PATH", "")
        with pytest.raises(CausalError, match="pip install") as caught:
            Diagram(text()).svg()
        assert caught.value.what
        assert caught.value.means
        assert caught.value.do

    def test_a_machine_without_fonts(self):
        """Letters come from the package's own font; what it lacks is refused, not boxed."""
        code = """
import causal.show.render as render
render.MACHINE_FONTS = ()
from dataclasses import replace
from causal.errors import CausalError
from causal.show.diagram import Diagram
from tests.show.test_diagram import SURGERY, text
pdf = render.render(text(), "pdf")
assert b"DejaVuSansCondensed" in pdf.replace(b"-", b""), "no font in the PDF"
assert "升級" in Diagram(text(replace(SURGERY, lang="zh"))).svg()
pdf = render.render(text(replace(SURGERY, lang="zh")), "pdf")
assert b"NotoSansCJK" in pdf.replace(b"-", b""), "no Chinese in the PDF"
for letters in ("ความ", "जोखिम", "위험", "🚀", "☀ \\u4a3a"):
    try:
        render.render('digraph { a [label="%s"] }' % letters, "png")
    except CausalError as error:
        assert ".svg" in error.do
        print("refused", error.do.partition("(")[2])
"""
        root = Path(__file__).resolve().parents[2]
        env = {k: v for k, v in os.environ.items() if k != "FONTCONFIG_FILE"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=env | {"PYTHONPATH": str(root)},
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stderr, done.returncode) == ("", 0)
        assert done.stdout.splitlines() == [
            "refused Noto Sans Thai).",
            "refused Noto Sans Devanagari).",
            "refused Noto Sans CJK).",
            "refused the Noto font of their script).",
            "refused Noto Sans CJK).",
        ]

    def test_the_font_travels_with_its_licence(self):
        assert {p.name for p in FONTS.iterdir()} == {
            "DejaVuSansCondensed.ttf",
            "DejaVuSansCondensed-Bold.ttf",
            "LICENSE.txt",
            "NotoSansCJKtc-Subset.otf",
            "OFL.txt",
        }
        assert sum(p.stat().st_size for p in FONTS.iterdir()) < 4_000_000, "the wheel stays small"


class TestFrontDoor:
    def test_bars_are_the_marginals(self):
        small = model(SMALL)
        drawn = diagram(
            small, do={"leverage": "high"}, given={"war": "hot"}, event={"bitcoin": "crash"}
        )
        want = marginals(small.do(leverage="high"), given={"war": "hot"})["bitcoin"]
        plain = marginals(small)["bitcoin"]
        line = card(drawn.dot, "bitcoin")
        for state, b, a in zip(("up", "crash"), plain, want, strict=True):
            assert f"{state}: before {percent(b, 1)}, after {percent(a, 1)}" in line
        assert "P(bitcoin=crash | do(leverage=high), war=hot)" in drawn.dot

    def test_the_models_own_interventions_count(self):
        small = model(SMALL)
        event = {"bitcoin": "crash"}
        ours = diagram(small.do(leverage="high"), event=event)
        assert ours == diagram(small, do={"leverage": "high"}, event=event)
        assert ("war", "leverage", "cut same-day") in arrows(ours.dot)

    def test_with_a_horizon_the_bars_are_of_day_one(self):
        small = model(SMALL)
        drawn = diagram(
            small,
            do={"war": "hot"},
            given={"leverage": "high"},
            event={"bitcoin": "crash"},
            within="7d",
        )
        want = marginals(small.do(war="hot"), given={"leverage": "high"}, day=1)["leverage"]
        assert want[1] < 1
        assert f"after {percent(want[1], 1)}" in card(drawn.dot, "leverage")
        assert f'BGCOLOR="{SEEN}"' in card(drawn.dot, "leverage")
        assert "after, on day 1" in drawn.dot

    def test_the_day_drawn_is_the_first_with_everything_in_force(self):
        graph = SMALL
        do = (Schedule(Hard("war", "hot"), 3, 4),)
        query = Query(conditions(graph, {"bitcoin": "crash"}), (), do, within=5)
        assert first_day(query) == 3
        assert "on day 3" in illustrated(model(graph), query).dot
        late = replace(query, do=(), given=conditions(graph, {"leverage@2": "high"}))
        assert first_day(late) == 2
        line = card(illustrated(model(graph), late).dot, "leverage")
        assert "high: before" in line
        assert "after 100.0%" in line

    def test_without_a_question_it_is_the_model(self):
        drawn = diagram(model(SMALL))
        assert ">small<" in drawn.dot
        assert "cut" not in {kind.split()[0] for *_, kind in arrows(drawn.dot)}

    def test_errors_at_the_door(self):
        small = model(SMALL)
        with pytest.raises(UnknownVariableError, match="leverage"):
            diagram(small, do={"levrage": "high"})
        with pytest.raises(UnknownStateError):
            diagram(small, event={"bitcoin": "crush"})
        with pytest.raises(QueryError, match="language `fr`"):
            diagram(small, lang="fr")  # type: ignore[arg-type]
        with pytest.raises(QueryError):
            diagram(small, within="soon")

    def test_a_large_network_shows_ancestors_and_says_so(self):
        names = [f"x{i}" for i in range(80)]
        chain = [Edge(a, b) for a, b in pairwise(names)]
        graph = CausalGraph(tuple(Variable(n, ("a", "b")) for n in names), tuple(chain))
        large = model(graph)
        drawn = diagram(large, event={"x9": "b"}, given={"x4": "a"}).dot
        assert len(re.findall(r"^\s*\"x\d+\" \[label", drawn, re.M)) == 10
        assert "70 of 80 variables" in drawn
        want = marginals(large, given={"x4": "a"})["x9"]
        assert f"after {percent(want[1], 1)}" in card(drawn, "x9")
        assert len(re.findall(r"^\s*\"x\d+\" \[label", diagram(large).dot, re.M)) == 80
