"""Colours, measures and words of the diagram: everything that is a matter of taste, in one place.

Two colours carry meaning and the rest is grey: vermillion is what *we do* (rings, cut arrows), blue
is what *follows* (the event and the paths to it).  Both are from the palette of Okabe & Ito (2008),
which people with any of the common colour blindnesses tell apart, and neither ever speaks alone: a
do is also ringed, a cut arrow broken, evidence shaded, the event's arrows thicker.
"""

from __future__ import annotations

from typing import Literal

Lang = Literal["en", "zh"]
LANGUAGES: tuple[Lang, ...] = ("en", "zh")
PAPER = "#FFFFFF"
INK = "#1F2A37"
SOFT = "#6B7785"
FRAME = "#C3CCD6"
HEAD = "#EDF1F5"
BEFORE = "#C6D0DB"
AFTER = "#64748B"
SEEN = "#E3E7EC"
SEEN_HEAD = "#BCC6D1"
DO = "#D55E00"
EVENT = "#0072B2"
ARROW = "#8795A5"
IDLE = "#B7C1CC"
LAGGED = "#9AA7B5"
CONFOUNDED = "#A8709C"

# The first family travels with the package, so PNG and PDF look the same on every machine; in SVG
# the viewer supplies the first family it has (the others have nearly the same widths).
FONT = (
    "DejaVu Sans Condensed,Helvetica Neue,Helvetica,Arial,Noto Sans CJK TC,Noto Sans TC,"
    "PingFang TC,Microsoft JhengHei,WenQuanYi Zen Hei,sans-serif"
)

BAR = 86  # points that stand for a probability of one
NUMBER = 31  # points for ">99%" in bold
MARGIN = 3
SIGN = 10  # points for a sign in the header
DOT = 2  # points of a dot, and of a gap, in the bar of a range
TITLE_SIZE, HEAD_SIZE, TEXT_SIZE, SMALL_SIZE = 16, 10.5, 10.5, 10
RANGE_SIZE = 8  # of a range, which has to fit where a number fits
MANY_STATES = 8  # beyond this a card shows the likeliest and sums up the rest
MANY_VARIABLES = 60  # beyond this only ancestors of what was asked are drawn
WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "before": "before",
        "after": "after",
        "do": "set by do, causes cut",
        "given": "given",
        "event": "event asked for",
        "path": "path to the event",
        "day": "same day",
        "cause": "cause to effect",
        "lagged": "next day",
        "confounded": "unmeasured common cause",
        "persists": "persists from the day before",
        "worst": "the worst of its causes",
        "calendar": "follows the calendar",
        "left_out": "{n} of {all} variables are no ancestors of these and are left out",
        "more": "{n} more",
        "cut": "cut by do",
        "policy": "set by do, always or by a policy",
        "looks": "a policy looks here",
        "day_before": "{name}, the day before",
        "on_day": ", on day {day}",
        "bounded": "a range: an unmeasured cause leaves it open",
        "assumed": "rests on what is assumed of unmeasured causes",
        "span": "{low} to {high}",
    },
    "zh": {
        "before": "先前",
        "after": "之後",
        "do": "由 do 設定,成因切斷",
        "given": "已知證據",
        "event": "所問事件",
        "path": "通往事件的路徑",
        "day": "同日",
        "cause": "由因至果",
        "lagged": "隔日",
        "confounded": "未測量的共同原因",
        "persists": "延續前一日",
        "worst": "取成因中最壞者",
        "calendar": "隨交易日曆",
        "left_out": "{all} 個變數中有 {n} 個不是其祖先,未畫出",
        "more": "另 {n} 個",
        "cut": "被 do 切斷",
        "policy": "由 do 設定,恆常或依策略",
        "looks": "策略依此而行",
        "day_before": "{name}(前一日)",
        "on_day": "(第 {day} 日)",
        "bounded": "僅知範圍:未測量的共同原因使其不定",
        "assumed": "取決於對未測量原因的假設",
        "span": "{low} 至 {high}",
    },
}
