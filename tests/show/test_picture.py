"""A matplotlib picture: the letters it has, and those that it refuses."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from causal.errors import CausalError
from causal.show.picture import write_picture


def titled(text: str) -> Figure:
    drawn = Figure(figsize=(2, 1))
    drawn.add_subplot().set_title(text)
    return drawn


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_chinese_has_its_letters_everywhere(tmp_path: Path, suffix: str) -> None:
    where = write_picture(lambda: titled("槓桿 and 风险"), tmp_path / f"fan{suffix}", "A fan")
    assert where.stat().st_size > 1000


def test_a_box_is_refused_where_the_file_holds_the_letters(tmp_path: Path) -> None:
    for suffix in (".png", ".pdf"):
        with pytest.raises(CausalError, match="lacks: ค") as caught:
            write_picture(lambda: titled("ค"), tmp_path / f"fan{suffix}", "A fan")
        assert ".svg" in caught.value.do
    assert "ค" in write_picture(lambda: titled("ค"), tmp_path / "fan.svg", "A fan").read_text(
        "utf-8"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["fan.svg"]
