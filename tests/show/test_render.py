"""The picture of a diagram: SVG, PNG and PDF, their letters and their fonts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from causal.errors import CausalError, QueryError
from causal.show.diagram import Diagram
from causal.show.render import FONTS
from tests.show.drawn import (
    LINK,
    SURGERY,
    SVG,
    text,
)


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
from tests.show.drawn import SURGERY, text
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
