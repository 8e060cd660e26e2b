"""Score how well a piece of a page answers a question; scores are comparable within one question only. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ingest.text.markdown import plain, without_bullet
from ingest.text.terms import STOPWORDS, terms

Idf = Callable[[str], float]

_SAME_STEM: Final = 5
"""Letters of the common prefix from which on two words are forms of one word ("stream", "streaming")."""
_STEM_CREDIT: Final = 0.7
_HEADING_CREDIT: Final = 0.5
"""Weight of a word of the question if only another form of it, or only the headings above, contain it."""

_FITS: Final = 0.4
"""Bonus for a piece in the form of the answer: a figure for an amount, a definition for "what is". """
_INSTRUCTION: Final = 0.3
"""Bonus for an instruction if the question asks how to do something."""
_DANGLES: Final = 0.25
"""Penalty for a piece that begins with a pronoun or continues the text before it."""

_POINTS_ELSEWHERE: Final = 0.5
"""Penalty for a sentence or list that only refers the reader to other pages."""

_WANTS_CODE = re.compile(
    r"\b(code|snippet|example|curl|python|typescript|javascript|json|yaml|toml|request body|command)\b", re.IGNORECASE
)
_LANGUAGES: Final = {
    word: names
    for names in (
        frozenset({"python", "py"}),
        frozenset({"javascript", "js", "jsx", "node", "typescript", "ts", "tsx"}),
        frozenset({"curl", "bash", "sh", "shell", "console"}),
        frozenset({"go", "golang"}),
        frozenset({"csharp", "cs"}),
        *(frozenset({name}) for name in ("java", "ruby", "php", "rust", "kotlin", "swift")),
    )
    for word in names
}
"""Languages by the words of questions and of fences that name them."""
_STYLES: Final = frozenset({"css", "scss", "sass", "less"})
"""Languages of fences that say how an example looks; they are shown to those who ask about looks."""
_ASKS_FOR_STYLE = re.compile(r"\b(?:css|scss|sass|less|styl\w+|colou?r\w*|theme\w*|font\w*|layout)\b", re.IGNORECASE)
_ENGLISH_WORDS: Final = frozenset({"go", "node", "shell", "console", "swift", "rust"})
_WORD = re.compile(r"[a-z]+")
_WANTS_AMOUNT = re.compile(
    r"\bhow (?:many|much|long|often|large|big|fast|soon|old|far)\b|\b(?:limit|maximum|minimum|default|price|cost)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve)\b", re.IGNORECASE)
_NUMBERING = re.compile(r"(?m)^[ \t]*\d{1,3}[.)][ \t]")
_WANTS_STEPS = re.compile(r"\bhow (?:do|does|can|to|would|should|could)\b|\bwhat do I\b|\bshow me\b", re.IGNORECASE)
_INSTRUCTS = re.compile(
    r"(?:(?:First|Second|Then|Next|Now|Finally|Afterwards|Instead|"
    r"(?:To|For|If|When|In|On|With|After|Before|Once)\b[^.,:;]{2,80},)\s*,?\s*)?"
    r"(?:(?:you (?:can|may|must|should|need to|have to)|you['’]ll need to|simply|just|please|first|also)\s+)*"
    r"(?:add|append|apply|assign|attach|build|call|change|choose|click|compile|configure|copy|create|declare|define|"
    r"deploy|disable|download|edit|enable|enter|export|extend|fill|follow|generate|give|go to|head to|import|include|"
    r"initialize|insert|install|invoke|mount|move|name|navigate|open|override|paste|pass|pick|place|point|press|provide|"
    r"put|raise|register|remove|rename|replace|request|return|run|save|select|send|set|specify|start|store|switch|tick|"
    r"toggle|turn|type|update|upload|use|visit|wrap|write)\s+\S",
    re.IGNORECASE,
)
"""A sentence or list item that says what to do."""
_HOW_TO = re.compile(
    r"\bhow (?:to|(?:do|can|would|should|could|must|may) (?:I|we|you|one|someone|people|users?))\b"
    r"|\bwhat do I\b|\bshow me\b",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(
    r"\W*(?:is|are|was|were|do|does|did|can|could|will|would|should|may|must|has|have)\b", re.IGNORECASE
)
_WANTS_DEFINITION = re.compile(
    r"\W*(?:what(?:'s| is| are| does| do)|define|meaning of)\b(?P<subject>[^?]*)", re.IGNORECASE
)
_DEFINES = re.compile(r"(?P<subject>[^.:;—]{1,60}?)(?:\s(?:is|are|means?|refers? to|stands for)\s|:\s|\s[—–-]\s)")
_DANGLING = re.compile(
    r"(?:It|Its|This|They|These|Those|That|Their|He|She|Such|Both|Either|However|But|Also|Then|Otherwise|Instead|So|"
    r"Therefore|Thus|And|Additionally|Alternatively|Finally|In this case|In that case|For this|To do this|Here)\b"
)


_POINTER = re.compile(
    r"(?:See|Read|Learn|Refer to|Check out|Check|Visit|Explore|Browse|Head to|For (?:more|further|full))\b"
    r"(?!.*\b(?:if|when|to)\b).*",
    re.DOTALL,
)
_PART: Final = r"(?:section|chapter|page|guide|tutorial|article|part|lesson)"
_ANNOUNCES = re.compile(
    rf"(?:(?:Later|Earlier|Before that|Next|Now|So far)\b,?\s*)?"
    rf"(?:(?:in|on|with) (?:this|the (?:next|previous|following|main|first|last)) (?:[\w-]+ )?{_PART}s?\b|Later\b)"
    r"[^.]*\b(?:you|we)(?:['’](?:ll|ve)| will| have)? (?:already |also |now )?"
    r"(?:see|saw|seen|learn|learned|read|look|cover|covered|discuss|explain|show|explore|walk)\b"
    r"|(?:And )?(?:then )?(?:You|We)(?:['’]ve| have)? (?:also |already )(?:read|saw|seen|learned|covered)\b"
    rf"|(?:This|The following) {_PART} (?:covers|explains|describes|shows|lists|walks|discusses|introduces|assumes)\b"
    r"|(?:You|We)(?:['’]ll| will) (?:see|learn|look|cover|explore|walk)\b"
    r"|As (?:you|we)(?:['’]ve| have)? (?:already )?(?:saw|seen|learned|read|mentioned|discussed)\b"
    r"|Here (?:you|we|I)(?:['’]ll| will) (?:see|learn|show|look|cover|explore|explain|walk)\b",
    re.IGNORECASE,
)
"""What a text says of itself: what it will show, or has shown."""
_DETAILS = re.compile(
    r"For (?:more|further|full|complete|additional)\b[^.]*\b(?:see|refer|check|visit|read)\b", re.IGNORECASE
)
_LINK = re.compile(r"\[[^\]\n]*\]\([^)\s]*\)")
_LONGEST_POINTER: Final = 14


def is_announcement(text: str) -> bool:
    """Whether a text only says what the page will show, or has shown."""
    return bool(_ANNOUNCES.match(plain(text)))


def points_elsewhere(text: str) -> bool:
    """Whether a text only refers the reader to other pages: "See …", or little more than links."""
    words = plain(text)
    if (
        _DETAILS.match(words)
        or _ANNOUNCES.match(words)
        or (len(words.split()) <= _LONGEST_POINTER and _POINTER.match(words))
    ):
        return True
    linked = sum(len(plain(link).split()) for link in _LINK.findall(text))
    return linked > 0 and linked >= 0.6 * len(words.split())


def is_dangling(text: str) -> bool:
    """Whether a sentence begins with a word that refers to the text before it."""
    return bool(_DANGLING.match(plain(text)))


@dataclass(frozen=True)
class Question:
    """A question and the kind of answer it asks for; `idf` is how rare a term is in the docs."""

    text: str
    idf: Idf

    @cached_property
    def weights(self) -> dict[str, float]:
        """Its content words with their weights, which add up to 1."""
        asked = set(terms(self.text))
        content = {word for word in asked if word not in STOPWORDS} or asked
        total = sum(max(self.idf(word), 0.0) for word in content) or 1.0
        return {word: max(self.idf(word), 0.0) / total for word in content}

    @property
    def wants_code(self) -> bool:
        """Whether code is asked for."""
        return bool(_WANTS_CODE.search(self.text))

    @cached_property
    def _languages(self) -> frozenset[str]:
        asked = [word for word in _WORD.findall(self.text.lower()) if word not in _ENGLISH_WORDS]
        return frozenset().union(*(_LANGUAGES.get(word, frozenset()) for word in asked))

    @property
    def wants_yes_or_no(self) -> bool:
        """Whether yes or no answers it."""
        return bool(_YES_OR_NO.match(self.text))

    def accepts_language(self, code: str) -> bool:
        """Whether fenced code is in a language that the question names; True if it names none or the fence none.

        Style sheets are accepted only if the question is about style.
        """
        named = _WORD.match(code.lstrip(" \t>`~").lower())
        if named and named[0] in _STYLES and not _ASKS_FOR_STYLE.search(self.text):
            return False
        return not self._languages or named is None or named[0] not in _LANGUAGES or named[0] in self._languages

    @property
    def wants_steps(self) -> bool:
        """Whether it asks how to do something."""
        return bool(_WANTS_STEPS.search(self.text))

    @cached_property
    def _asks_how_to(self) -> bool:
        return bool(_HOW_TO.search(self.text))

    @cached_property
    def _found(self) -> dict[str, dict[str, float]]:
        """What `found` returned: headings and excerpts are looked at again and again."""
        return {}

    def found(self, text: str) -> Mapping[str, float]:
        """Return its words that a text contains, each with 1.0, or less if the text contains another form of it."""
        if text not in self._found:
            self._found[text] = self._find(text)
        return self._found[text]

    def _find(self, text: str) -> dict[str, float]:
        own = set(terms(text))
        found = dict.fromkeys(self.weights.keys() & own, 1.0)
        others = [word for word in self.weights if word not in found and len(word) >= _SAME_STEM]
        stems = {word[:_SAME_STEM] for word in own if len(word) >= _SAME_STEM} if others else set()
        return found | {word: _STEM_CREDIT for word in others if word[:_SAME_STEM] in stems}

    def coverage(self, found: Iterable[Mapping[str, float]]) -> float:
        """The share of the question that words found in several places cover together, 0..1."""
        best: dict[str, float] = {}
        for each in found:
            for word, credit in each.items():
                best[word] = max(credit, best.get(word, 0.0))
        return sum(self.weights[word] * credit for word, credit in best.items())

    def score(self, text: str, headings: str) -> float:
        """How well a text below these headings answers."""
        above = {word: credit * _HEADING_CREDIT for word, credit in self.found(headings).items()}
        fits = (self._has_figure(text) + self._defines(text)) * _FITS + self.is_instruction(text) * _INSTRUCTION
        loss = (_DANGLES if is_dangling(text) else 0.0) + (_POINTS_ELSEWHERE if points_elsewhere(text) else 0.0)
        return self.coverage([above, self.found(text)]) + fits - loss

    def is_instruction(self, text: str) -> bool:
        """Whether a text begins with what to do, and the question asks how to do something."""
        return self._asks_how_to and bool(_INSTRUCTS.match(without_bullet(plain(text)).lstrip()))

    def _has_figure(self, text: str) -> bool:
        return bool(_WANTS_AMOUNT.search(self.text) and _FIGURE.search(plain(_NUMBERING.sub("", text))))

    def _defines(self, text: str) -> bool:
        """Whether a text begins with a definition of the term that the question asks about."""
        said = _DEFINES.match(plain(text)) if self._subject else None
        return said is not None and not self._subject.isdisjoint(terms(said["subject"]))

    @cached_property
    def _subject(self) -> set[str]:
        """The words of the term whose definition is asked for."""
        asked = _WANTS_DEFINITION.match(self.text)
        return (
            {word for word in terms(asked["subject"]) if word not in STOPWORDS and word != "mean"} if asked else set()
        )
