"""One form for markdown that authors wrap and pad as they like: a paragraph or table row is one line."""

import re

# A line that begins something of its own and so does not go on with the line before it.
_STARTS = re.compile(
    r"[-*+][ \t]|\d{1,9}[.)][ \t]|#{1,6}[ \t]|\||\x00F|```|~~~|\[[^\]]+\]:|(?:[-*_][ \t]*){3,}$|<|\$\$|"
    r":::|!!!|===|\?\?\?"
)
# A line after which the next one begins anew.
_ENDS = re.compile(r"#{1,6}[ \t]|\||(?:[-*_][ \t]*){3,}$|.*\x00F\d+\x00$|\*\*[^*]*\*\*$|\$\$|:::|!!!|\?\?\?|<")
_PREFIX = re.compile(r"[ \t]*(?:>[ \t]?)*[ \t]*")
_RULER = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?")
_BULLET = re.compile(r"^([ \t]*(?:>[ ]?)*[ \t]*)[*+]([ \t]+)(?=\S)", re.MULTILINE)

_EMPHASIS = re.compile(r"(?<![\w/*_.:\\-])_(?=[^\s_])([^_\n]*[^\s_])_(?![\w/_])")
_QUOTE = re.compile(r"(?:^>.*(?:\n|\Z))+", re.MULTILINE)


def reflow(text: str) -> str:
    """Join wrapped lines, tighten tables, use one sign for list items. Code must be marks by now."""
    text = _EMPHASIS.sub(r"*\1*", _QUOTE.sub(_narrow, _BULLET.sub(r"\1-\2", text)))
    out: list[str] = []
    for raw in text.split("\n"):
        hard = raw.endswith(("  ", "\\"))
        line = raw.rstrip().removesuffix("\\").rstrip() if hard else raw.rstrip()
        lead, words = _split(line)
        if out and _goes_on(out[-1], lead, words):
            out[-1] = f"{out[-1]} {words}"
        else:
            columns = _columns(out[-1]) if out else 0
            out.append(lead + _row(words, columns) if words.startswith("|") else line)
        if hard and words:
            out[-1] += "\x02"
    return "\n".join(line.rstrip("\x02").replace("\x02", "") for line in out)


def _narrow(match: re.Match[str]) -> str:
    """Take surplus space after the quote signs out; beside a list, only what all lines have that are no label."""
    if re.search(r"^>[ \t]*(?:[-*+]|\d+[.)])[ \t]", match[0], re.MULTILINE):
        pads = [len(pad) for pad in re.findall(r"^>([ \t]*)(?!\*\*[^*\n]*\*\*$)(?=\S)", match[0], re.MULTILINE)]
        surplus = min(pads, default=0) - 1
        return re.sub(rf"^>[ \t]{{{surplus}}}", ">", match[0], flags=re.MULTILINE) if surplus > 0 else match[0]
    return re.sub(r"^>[ \t]{2,}(?=\S)", "> ", match[0], flags=re.MULTILINE)


def _split(line: str) -> tuple[str, str]:
    match = _PREFIX.match(line)
    end = match.end() if match else 0
    return line[:end], line[end:]


def _goes_on(before: str, lead: str, words: str) -> bool:
    """Tell whether a line continues the paragraph of the line before it."""
    first_lead, first = _split(before)
    if not words or not first or before.endswith("\x02") or _STARTS.match(words) or _ENDS.match(first):
        return False
    # A quote may go on without its sign; a line with one more sign is a quote of its own.
    return lead.count(">") <= first_lead.count(">") and len(lead) - len(first_lead) < 8


def _columns(line: str) -> int:
    """How many cells a row has, as `_row` writes it; 0 for another line."""
    return len(re.findall(r"(?<!\\)\|", line)) - 1 if line.lstrip(" \t>").startswith("|") else 0


def _row(words: str, columns: int) -> str:
    """Write a table row with one space around each cell, and no fewer cells than the row above it has."""
    cells = re.split(r"(?<!\\)\|", words.strip())
    cells = cells[1:-1] if words.rstrip().endswith("|") and len(cells) > 2 else cells[1:]
    if _RULER.fullmatch(words.strip()):
        cells = ["---"] * len(cells)
    cells += [""] * (columns - len(cells))
    return "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"
