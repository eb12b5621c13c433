"""Bytes of a text file of others as text: never mojibake without a word.

A mark (BOM) or valid UTF-8 settles the encoding.  Older files do not say how they were written.
GB 18030 and Big5 are then known by common Chinese characters, Latin-1 by letters within words that
are the same in the other Latin encodings (`é`, `ö`, `ç`; not `è`, which is another letter there);
one is taken where none of the others would do, and everything else is refused.
"""

from __future__ import annotations

import codecs
import re

from causal.errors import ModelError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

CHINESE = ("gb18030", "big5")
# The commonest characters of names and states, simplified and traditional.
COMMON = frozenset(
    "是否有无不在高低中大小多少上下前后左右正常异真假好坏强弱快慢冷热轻重长短开关增减升降涨跌"
    "是否有無不在高低中大小多少上下前後左右正常異真假好壞強弱快慢冷熱輕重長短開關增減升降漲跌"
    "的一了我人他这個个們们来到時时地出就分对對成会會可主发發年动動同工也能过過子说說产種种面而"
    "方行学學法所民得经經十三之进進着等部度家力里裡如水化性本定起與与入其点點新体體合日月天气氣"
    "雨风風雪晴阴陰市場场价價格金股债債率险險病血压壓温溫湿濕度型类類别別级級男女老青未已为為"
)

SHARE = 0.5  # of the different Chinese characters, so many and more have to be common ones
HIGH = re.compile(rb"[\x80-\xff]+")
IDEOGRAPHS = re.compile("[\u3400-\u9fff\uf900-\ufaff]")

WEST, OTHERS = "latin-1", ("iso8859-2", "iso8859-9")  # Western, Central European, Turkish

LETTERS = frozenset(
    char
    for char in map(chr, range(0xC0, 0x100))
    if char.isalpha() and all(char.encode(WEST).decode(code) == char for code in OTHERS)
)


def decoded(raw: bytes, name: str, encoding: str | None = None) -> str:
    """The text of a file, by ``encoding`` where it is named, else by what its bytes tell.

    Raises ModelError where the bytes are none of the named encoding, or of none for certain.
    """
    if encoding is not None:
        return _by(raw, name, encoding)
    marked = next((code for mark, code in MARKS if raw.startswith(mark)), None)
    if marked is not None:
        return _by(raw, name, marked)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as trouble:
        likely = [code for code in (*CHINESE, WEST) if _plausible(raw, code)]
        if len(likely) == 1:
            return raw.decode(likely[0])
        line = raw.count(b"\n", 0, trouble.start) + 1
        which = f"could be {' or '.join(likely)}" if likely else "is of no encoding known for sure"
        raise ModelError(
            f"{name} is not written in UTF-8: line {line} holds the byte 0x{raw[trouble.start]:02x}"
            f", which {which}.",
            "Read by a wrong encoding, its names would be other names.",
            'Save it as UTF-8, or say what it is: `read_network(path, encoding="gb18030")`.',
        ) from None
    if "\0" in text:
        raise ModelError(
            f"{name} holds zero bytes and is no plain text.",
            "It is UTF-16 without its mark, or another kind of file.",
            'Save it as UTF-8, or say what it is: `read_network(path, encoding="utf-16-le")`.',
        )
    return text


def _by(raw: bytes, name: str, encoding: str) -> str:
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except (UnicodeError, LookupError, ValueError) as trouble:
        raise ModelError(
            f"{name} cannot be read as {encoding}: {trouble}.",
            "Its bytes are no text in that encoding, or Python knows none of that name.",
            "Save it as UTF-8, or name the encoding that it was written in.",
        ) from None


def _plausible(raw: bytes, code: str) -> bool:
    """Whether the bytes beyond ASCII read as words in ``code``."""
    try:
        text = raw.decode(code)
    except UnicodeDecodeError:
        return False
    if code in CHINESE:
        beyond = {char for char in text if ord(char) >= 0x80}
        signs = set(IDEOGRAPHS.findall(text))
        strange = {c for c in beyond - signs if not 0x3000 <= ord(c) < 0x3040 and ord(c) < 0xFF00}
        return bool(signs) and not strange and len(signs & COMMON) > SHARE * len(signs)
    if not LETTERS.issuperset(char for char in text if ord(char) >= 0x80):
        return False
    return all(_accent(raw, run.start(), run.end()) for run in HIGH.finditer(raw))


def _accent(raw: bytes, start: int, end: int) -> bool:
    """Whether bytes beyond ASCII stand as accents do: one or two, within a word."""
    beside = raw[max(start - 1, 0) : start] + raw[end : end + 1]
    return end - start <= 2 and any(map(str.isalpha, beside.decode("ascii")))
