"""Search terms: versions, dates, numbered things however they are written; scripts without spaces; stems."""

import pytest

from ingest.text.language import detect_language
from ingest.text.terms import number_terms, stem, terms


@pytest.mark.parametrize("written", ["3.2.1", "v3.2.1", "V3.2.1", "Version 3.2.1", "(v3.2.1)", "release 3.2.1."])
def test_a_version_is_one_term_however_it_is_written(written: str) -> None:
    found = set(terms(written))
    assert {"3.2.1", "3.2"} <= found
    assert not {"1", "2", "3"} & found


def test_neighbouring_versions_share_their_series_alone() -> None:
    assert set(terms("3.2.1")) & set(terms("3.2.10")) == {"3.2"}
    assert set(terms("3.0.0-rc.1")) >= {"3.0.0-rc.1", "3.0"}


@pytest.mark.parametrize("written", ["March 1, 2026", "1 March 2026", "Mar. 1st, 2026", "1. March 2026", "2026-03-01"])
def test_a_date_is_found_by_its_iso_form(written: str) -> None:
    assert "2026-03-01" in set(terms(written))


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("Valve 7 opens", "valve 7"), ("valves #7", "valve 7"), ("RFC 7231", "rfc 7231"),
        ("port no. 8080", "port 8080"), ("Artículo nº 7", "artículo 7"), ("ISO\u00a0N° 9", "iso 9"),
        ("error 402", "error 402"), ("HTTP 402:", "http 402"), ("v3", "version 3"), ("Version 3", "version 3"),
    ],
)  # fmt: skip
def test_a_numbered_thing_is_a_term_of_its_own(text: str, term: str) -> None:
    assert term in set(number_terms(text))


@pytest.mark.parametrize("text", ["at 5", "in 2026-03", "valve 7.5", "March 7", "id 1234567890"])
def test_what_is_not_numbered_makes_no_such_term(text: str) -> None:
    assert [term for term in number_terms(text) if " " in term] == []


def test_scripts_without_spaces_are_cut_into_pairs() -> None:
    assert list(terms("有効期限")) == ["有効", "効期", "期限"]
    assert list(terms("API鍵")) == ["api", "鍵"]
    assert "기한" in set(terms("유효기한"))


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "schlüssel", "schlüssels"),
        ("fr", "facturation", "facturations"),
        ("ru", "ключ", "ключа"),
        ("es", "claves", "clave"),
    ],
)
def test_forms_of_a_word_share_their_stem(language: str, one: str, other: str) -> None:
    assert stem(one, language) == stem(other, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wie lange gilt ein Schlüssel, und wo wird er angelegt?", "de"),
        ("How long is a key valid, and where is it made?", "en"),
        ("Какой срок действия у ключа и где его создать?", "ru"),
        ("キーの有効期限はどのくらいですか", "ja"),
        ("密钥的有效期是多长时间", "zh"),
        ("Quelle est la durée de validité d'une clé, et où la créer ?", "fr"),
        ("¿Cuánto cuesta el plan básico y qué incluye?", "es"),
        ("유효 기간은 얼마나 됩니까", "ko"),
        ("max_tokens", "en"),
        ("", "en"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert detect_language([text]) == language
