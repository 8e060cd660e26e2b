"""The language of a text, by its script and its function words. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Final

from ingest.text.terms import STOPWORDS, terms

_SCRIPTS: Final = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
"""Scripts that tell a language (or its commonest user). Kana come before Han: Japanese has both."""

_WORDS: Final = {
    language: frozenset(words.split())
    for language, words in {
        "en": (
            "the and of to is in that for with are this be as on or by you can not it from an how what which when does"
        ),
        "de": (
            "der die das und ist nicht ein eine einen mit für auf den dem des von zu im sich wird werden wie was "
            "wenn kann oder auch nach bei aus sie wo wer warum welche welcher wann gibt ich"
        ),
        "fr": (
            "le la les des et est une un dans pour que qui avec sur pas par plus du au ce cette sont être comment "
            "vous quel quelle quels où pourquoi quand il elle ne se"
        ),
        "es": (
            "el la los las de y en que es un una con para por se no del al como más cómo qué cuál cuándo dónde "
            "son está puede su lo si"
        ),
        "it": (
            "il lo la gli le di e che è un una con per non si del della dei nel come quale quando dove perché "
            "sono può alla da più cosa"
        ),
        "pt": (
            "o os as de e que em um uma com para não por do da dos das se como mais qual quando onde são está "
            "pode ao é são você"
        ),
        "nl": (
            "de het een en van is dat niet met voor op te zijn in wordt worden hoe wat wanneer waar welke kan ook "
            "door naar bij uit of je"
        ),
        "sv": ("och att det är en ett som för på med av den inte till kan hur vad när var vilken om eller från"),
        "da": ("og at det er en et som for på med af den ikke til kan hvordan hvad hvornår hvor om eller fra"),
        "pl": ("i w na z że jest nie się do jak co czy dla od po przez oraz który która które gdzie kiedy można"),
        "cs": ("a v na je se že s z do jak co pro nebo který která které kde kdy není být od po"),
        "tr": ("ve bir bu için ile da de ne nasıl mi mı değil olarak olan var gibi daha hangi nerede kadar veya"),
        "vi": ("là và của có không một các được cho trong với để này khi như thế nào những bạn thì nếu"),
        "fi": ("ja on ei se että kun tai niin kuin ovat voi miten mikä missä jos myös"),
        "hu": ("a az és hogy nem egy van ez is meg hogyan mi mikor hol ha vagy"),
        "ro": ("și în de la cu pe este un o care nu pentru sau din ce cum când unde sunt"),
        "id": ("dan yang di untuk dengan dari adalah ini itu tidak pada ke dalam bagaimana apa atau jika"),
    }.items()
}
"""Function words by language: the commonest of each, as any grammar lists them."""

_WORD: Final = re.compile(r"[^\W\d_]+")


@cache
def stop_terms(language: str) -> frozenset[str]:
    """The function words of a language as search terms; those of English are `STOPWORDS`."""
    if language == "en":
        return STOPWORDS
    return frozenset(term for word in _WORDS.get(language, ()) for term in terms(word, language))


_LEAST: Final = 0.08
"""The share of a text's words that must be function words of a language; running text has .3 to .5."""


def detect_language(texts: Iterable[str], default: str = "en") -> str:
    """The ISO 639-1 code of the language of these texts, taken together; `default` where their words show none."""
    words = [word for text in texts for word in _WORD.findall(text.lower())]
    scripts: Counter[str] = Counter()
    for word in words:
        if not word.isascii():
            scripts.update({name: len(word) for name in _script_of(word)})
    if scripts.total() > 0.3 * sum(map(len, words)):
        if scripts["ja"] * 10 > scripts["zh"]:
            return "ja"
        return scripts.most_common(1)[0][0]
    counts = {language: sum(word in known for word in words) for language, known in _WORDS.items()}
    best = max(counts, key=lambda name: (counts[name], name == default))
    return best if counts[best] > _LEAST * len(words) else default


def _script_of(word: str) -> list[str]:
    return [name for name, pattern in _SCRIPTS if pattern.search(word)][:1]
