"""A question in the words of the docs: slips corrected, other languages translated, two-fold questions split."""

import numpy as np
import pytest

from ingest.index.bm25 import build_bm25
from ingest.text.terms import STOPWORDS
from rag.query.decompose import split
from rag.query.frame import find_definition_question, frame_terms
from rag.query.spelling import Dictionary, correct
from rag.query.translation import Lexicon, fold, read_lexicon, translate
from rag.query.understand import Search, Understanding

DOCS = {
    "stream": 9, "streaming": 30, "structured": 12, "output": 40, "key": 90, "rotate": 3, "token": 50, "max": 20,
    "plain": 30, "mapped": 5, "air": 2, "organization": 7,
}  # fmt: skip
KNOWN = frozenset({"lapse", "the", "work", "does", "it"})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("structred outptus", "structured outputs"),
        ("streeming", "streaming"),
        ("roatate kyes", "rotate keys"),
        ("maxtokens", "max tokens"),
        ("does it lapse?", "does it lapse?"),
        ("the LoRA and WebSocket", "the LoRA and WebSocket"),
        ("HTTP 4O4 kez", "HTTP 4O4 kez"),
        ("unstructured", "unstructured"),
        ("zzzzzzz", "zzzzzzz"),
        ("fotate kyes", "fotate keys"),
        ("organisatoin", "organization"),
        ("a plain plugin", "a plain plugin"),
        ("air-gapped", "air-gapped"),
        ("imitate fey", "imitate fey"),
    ],
)
def test_slips_are_corrected_and_words_are_left(typed: str, meant: str) -> None:
    assert correct(typed, Dictionary(DOCS, KNOWN, lambda word: np.arange(DOCS.get(word, 0), dtype=np.int32))) == meant


class Counting(dict[str, int]):
    """Counts how often a word is looked up."""

    lookups = 0

    def __contains__(self, word: object) -> bool:
        self.lookups += 1
        return super().__contains__(word)

    def get(self, word: str, default: object = None) -> object:  # type: ignore[override]
        self.lookups += 1
        return super().get(word, default)


MADE_UP = " ".join(f"{one}{two}rbl{three}" for one in "bcdfghjk" for two in "aeiou" for three in "aeioubcdfgh")


@pytest.mark.parametrize("typed", ["x" * 3_900, "ab" * 1_950, "Xy" * 1_950, MADE_UP, "streaming " * 390])
def test_the_longest_question_costs_a_bounded_number_of_lookups(typed: str) -> None:
    words = Counting(DOCS)
    assert correct(typed, Dictionary(words, KNOWN, lambda word: np.arange(DOCS.get(word, 0), dtype=np.int32))) == typed
    assert words.lookups < 60_000


@pytest.mark.parametrize("typed", ["x" * 3_900, "bestandteil" * 350])
def test_a_word_of_thousands_of_letters_is_not_looked_up_by_its_parts(typed: str) -> None:
    words = Counting({"bestand": 1})
    assert Lexicon(words, words, {}, joining=True).find([typed]) is None  # type: ignore[arg-type] # counts do for texts
    assert words.lookups < 1_000


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("entiy name of the projct", "entity name of the project"),
        ("log entiy", "log entry"),
        ("lug entry", "lug entry"),
        ("nome of the project", "name of the project"),
        ("nome of the bread", "nome of the bread"),  # no passage speaks for another word
        ("entiy", "entry"),  # nothing tells: the more frequent one
    ],
)
def test_the_other_words_tell_which_near_word_was_meant(typed: str, meant: str) -> None:
    texts = ["entity and name of a project", "a log entry", "an entry", "a log"]
    lexical = build_bm25(texts)
    frequency = {"entity": 1, "entry": 2, "project": 1, "log": 2, "name": 1}
    assert correct(typed, Dictionary(frequency, frozenset({"the"}), lexical.rows_with)) == meant


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "What is the smallest window, and which file holds the key?",
            ("What is the smallest window", "which file holds the key?"),
        ),
        (
            "Which packages do I install for Ruby and for Elixir?",
            ("Which packages do I install for Ruby", "Which packages do I install for Elixir?"),
        ),
        (
            "Where do Alpha and Beta CLI store their files?",
            ("Where do Alpha their files?", "Where do Beta CLI store their files?"),
        ),
        ("How do I set a key?", ()),
        ("Why does my key sk-or-v1-0123456789abcdef fail, how do I get rock-and-roll?", ()),
        ("and", ()),
        ("", ()),
    ],
)
def test_a_question_for_two_things_becomes_two(question: str, parts: tuple[str, ...]) -> None:
    assert split(question, STOPWORDS) == parts


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Wie kann ich die Kosten einer Anfrage begrenzen?", {"how", "cost", "request", "limit"}),
        ("Comment supprimer une clé d'API ?", {"how", "delete", "key", "api"}),
        ("¿Cómo cambio el modelo predeterminado?", {"how", "change", "model", "default"}),
        ("Как удалить ключ?", {"how", "delete", "key"}),
        ("怎样删除密钥?", {"how", "delete", "key"}),
        ("APIキーを削除する方法は?", {"api", "key", "delete"}),
        ("API 키를 어떻게 삭제하나요?", {"api", "key", "how", "delete"}),
    ],
)
def test_other_languages_become_words_of_the_docs(question: str, words: set[str]) -> None:
    assert words <= set(translate(question, lambda _word: False).replace("?", " ").split())


@pytest.mark.parametrize(
    "question", ["How do I delete a key?", "azure foundry resource_type", "rate limits", "", "???", "איך מוחקים מפתח?"]
)
def test_english_and_what_no_lexicon_knows_stays(question: str) -> None:
    assert translate(question, lambda _word: True) == question


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("Comment être averti quand une vidéo est prête ?", "how be"),  # comment, est and video are in the docs, too
        ("Antwortzeitlimit oder Standardmodell", "response time"),
    ],
)
def test_words_that_two_languages_share_do_not_hide_one(question: str, english: str) -> None:
    assert translate(question, lambda word: word in {"comment", "video", "api"}).startswith(english)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("كيف أحذف الفاتورة القديمة؟", {"how", "delete", "invoice", "old"}),
        ("كَيفَ نَرفَعُ المِلَفّاتِ", {"how", "upload", "file"}),
        ("وبالملفات", {"file"}),
        ("Làm thế nào để đổi mật khẩu của tôi?", {"how", "change", "password", "my"}),
        ("Tại sao máy chủ chậm?", {"why", "server", "slow"}),
    ],
)
def test_words_are_found_behind_prefixes_and_in_phrases(question: str, words: set[str]) -> None:
    assert words <= set(translate(question, lambda _word: False).replace("?", " ").split())


@pytest.mark.parametrize("question", ["define quorum", "Define error quorum", "configure quorum"])
def test_words_that_another_language_spells_alike_do_not_make_a_question_foreign(question: str) -> None:
    assert translate(question, lambda _word: False) == question


def test_words_that_are_spelt_alike_do_not_hide_a_language() -> None:
    assert translate("error modelo", lambda word: word == "error") != "error modelo"


@pytest.mark.parametrize(
    ("question", "phrase", "frame"),
    [
        ("What does E12 mean?", "E12", {"mean"}),
        ("what does GIL stand for in Python", "GIL", {"stand", "for"}),
        ("Please explain the quorum.", "the quorum", {"explain"}),
        ("quorum definition", "quorum", {"definition"}),
        ("what exactly is a quorum", "a quorum", set()),
        ("How do I change the quorum?", None, set()),
    ],
)
def test_the_words_that_only_ask_are_told_from_the_term(question: str, phrase: str | None, frame: set[str]) -> None:
    found = find_definition_question(question)
    assert (found.phrase if found else None) == phrase
    assert frame_terms(question) == frame


@pytest.mark.parametrize(
    "language", ["ar", "vi", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "zh"]
)
def test_lexicons_are_well_formed(language: str) -> None:
    lexicon = read_lexicon(language)
    assert len(lexicon.words) + len(lexicon.stems) > 500
    assert all(fold(form) in lexicon.words and "\t" not in english for form, english in lexicon.words.items())
    assert all(len(stem) >= 2 for stem in lexicon.stems)


def test_accents_may_be_left_out_but_tell_words_apart() -> None:
    assert translate("Wo finde ich den Schlussel?", lambda _word: False) == translate(
        "Wo finde ich den Schlüssel?", lambda _word: False
    )
    assert "change" in translate("Wie ändere ich den Schlüssel?", lambda _word: False)
    assert "other" in translate("Gibt es andere Schlüssel?", lambda _word: False)


def test_what_is_searched_for() -> None:
    understanding = Understanding(
        build_bm25(["streaming output of tokens", "rotate the key", "delete a key"]), frozenset({"how", "do"})
    )
    assert understanding.search_for("How do I rotaet the kyes?") == Search("How do I rotate the keys?")
    assert understanding.search_for("Wie lösche ich den Schlüssel?").text.startswith("how delete")
    assert understanding.search_for("rotate the key and delete the key").parts != ()
