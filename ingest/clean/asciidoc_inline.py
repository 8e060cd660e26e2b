"""Marks within a line of AsciiDoc -> markdown: emphasis, code, links, references, macros, attributes."""

import re
from collections.abc import Mapping
from typing import Final

_CODE = re.compile(
    r"``(?P<double>[^`\n]+?)``|(?<![\w`\\])`(?:\+(?P<plus>[^`\n]+?)\+|(?P<code>[^`\n]+?))`(?!\w)"
    r"|(?<![\w+])\+(?P<mono>[^\s+][^+\n]*?)\+(?!\w)"
)
_STRONG = re.compile(r"(?<![\w*\\])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])|\*\*(?=\S)([^*\n]+?)\*\*")
_EMPHASIS = re.compile(r"(?<![\w_\\])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])|__(?=\S)([^_\n]+?)__")
_ROLE = re.compile(r"\[[.#][\w. #-]+\](?=[*_#`\x01])")
_HIGHLIGHT = re.compile(r"(?:\[[^\[\]\n]*\])?(?<![\w#&])#{1,2}(?=\S)([^#\n]+?)#{1,2}(?!\w)")
_URL = re.compile(r"(?:link:\+{0,2})?(?P<url>https?://[^\s\[\]<>\"]+?)\+{0,2}\[(?P<words>(?:[^\[\]\\]|\\.)*)\]")
_LINK = re.compile(r"link:(?P<url>[^\s\[\]]+)\[(?P<words>(?:[^\[\]\\]|\\.)*)\]")
_XREF = re.compile(
    r"xref:(?P<to>[^\[\]\s]*)\[(?P<words>(?:[^\[\]\\]|\\.)*)\]"
    r"|<<(?P<id>[^<>,\n]+)(?:,[ ]*(?P<name>[^<>\n]*))?>>"
)
_TAG = re.compile(r"<(?=[A-Za-z/!])")
_MACRO = re.compile(
    r"\b(?P<name>image|icon|kbd|btn|footnote|stem|latexmath|asciimath|pass|anchor|indexterm2?|menu|mailto):"
    r"(?P<target>[^\s\[\]:]*)\[(?P<text>(?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\]"
)
_ATTRIBUTE = re.compile(r"\{(?P<name>[A-Za-z][\w-]*)\}")
_ANCHOR = re.compile(r"\[\[[\w.:-]+(?:,[^\[\]]*)?\]\]|\(\(\([^()\n]*\)\)\)")
_PASS = re.compile(r"\+\+\+?([^+\n]+)\+\+\+?|\$\$([^$\n]+)\$\$")
_RAISED = re.compile(r"\^([^\s^]{1,12})\^|~([^\s~]{1,12})~")
_KNOWN: Final = {
    "nbsp": " ", "sp": " ", "empty": "", "blank": "", "zwsp": "", "amp": "&", "lt": "<", "gt": ">", "apos": "'",
    "quot": '"', "plus": "+", "asterisk": "*", "vbar": "|", "tilde": "~", "backtick": "`", "startsb": "[",
    "endsb": "]", "caret": "^", "two-colons": "::", "rarr": "→", "counter": "",
}  # fmt: skip
_MOST_NESTED: Final = 5


def inline_markdown(text: str, attributes: Mapping[str, str]) -> str:
    """Return the text with its marks as markdown; an attribute that is not known is its name."""
    for _ in range(_MOST_NESTED):
        filled = _ATTRIBUTE.sub(lambda m: _value(m["name"], attributes), text)
        if filled == text or len(filled) > 50_000:
            break
        text = filled
    code: list[str] = []

    def keep(match: re.Match[str]) -> str:
        code.append(f"`{match['double'] or match['plus'] or match['code'] or match['mono']}`")
        return f"\x01{len(code) - 1}\x02"

    text = _ROLE.sub("", _CODE.sub(keep, text.replace("\x01", "").replace("\x02", "")))
    text = _MACRO.sub(_macro, _XREF.sub(_reference, _LINK.sub(_link, _URL.sub(_link, text))))
    text = _TAG.sub("&lt;", _PASS.sub(lambda m: m[1] or m[2], _ANCHOR.sub("", text)))
    text = _STRONG.sub(lambda m: f"\x03{m[1] or m[2]}\x03", text)
    text = _EMPHASIS.sub(lambda m: f"*{m[1] or m[2]}*", _HIGHLIGHT.sub(r"\1", text)).replace("\x03", "**")
    text = _RAISED.sub(lambda m: f"^{m[1]}" if m[1] else f"_{m[2]}", text)
    text = re.sub(r"[ ]\+$", "  ", text.replace('"`', "“").replace('`"', "”"), flags=re.MULTILINE)
    return re.sub("\x01(\\d+)\x02", lambda m: code[int(m[1])], text)


def _value(name: str, attributes: Mapping[str, str]) -> str:
    return attributes.get(name, _KNOWN.get(name, name))


def _words(text: str) -> str:
    """Return the words of a link, without the options behind them: `Pots,window=_blank`, `Pots^`."""
    bare = re.sub(r",[ ]*(?:window|role|opts|target|rel|id|title)=.*$", "", text.strip()).removesuffix("^")
    return bare.strip('"').replace("\\]", "]")


def _link(match: re.Match[str]) -> str:
    words, url = _words(match["words"]), match["url"]
    return f"[{words or url}]({url})"


def _reference(match: re.Match[str]) -> str:
    words = _words(match["words"] or match["name"] or "")
    target = match["to"] or match["id"] or ""
    name = re.split(r"[/:#$]", target.partition("#")[2] or target)[-1].removesuffix(".adoc")
    return words or name.strip("_").replace("_", " ").replace("-", " ")


def _macro(match: re.Match[str]) -> str:
    text = match["text"].replace("\\]", "]")
    target = match["target"]
    shown = {
        **dict.fromkeys(("stem", "latexmath", "asciimath"), f"${text}$"),
        **dict.fromkeys(("icon", "anchor", "indexterm"), ""),
        "footnote": f" ({text})" if text else "",
        "kbd": f"`{text}`",
        "btn": f"**{text}**",
        "menu": " > ".join(part.strip() for part in [target, *text.split(">")] if part.strip()),
        "image": "" if "=" in text else text.split(",")[0].strip('"'),
    }
    return shown.get(match["name"], text or target)
