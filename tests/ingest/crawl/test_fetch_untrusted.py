"""Lists, addresses, links in folders and bytes that mean harm, or are merely odd."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.clean.page import clean_page
from ingest.core.records import Document, Page
from ingest.core.urls import identity, normalise
from ingest.crawl.discover import read_sitemap
from ingest.docs.changes import UpdatePlan, write_pages
from ingest.docs.folder import file_name, read_corpus, read_document, write_document


def entity(name: str, value: str) -> str:
    return f'<!DOCTYPE l [<!ENTITY {name} "{value}">]>'


@pytest.mark.parametrize(
    "body",
    [
        (entity("a", "x" * 100_000) + "<urlset><url><loc>" + "&a;" * 10_000 + "</loc></url></urlset>").encode(),
        (entity("a", "x") + "<urlset/>").encode("utf-16"),
        b'<!DOCTYPE l [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p.dtd"> %p;]><urlset/>',
        b'<?xml version="1.0" encoding="utf-16"?><urlset/>',
        b"<urlset " + b"a='x' " * 200_000 + b"/>",
    ],
)
def test_xml_that_means_harm_ends_at_once(body: bytes) -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match="no sitemap"):
        read_sitemap(body)
    assert time.process_time() - start < 1


ODD = [
    *("%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc%2fpasswd", "....//....//x", "%00", "a%00b", "a\\b", "..\\..\\x"),
    *("C:", "C:%5Cx", "con", "NUL.txt", "com1", "LPT9", "aux/", "a" * 300, "%F0%9F%98%80" * 20, "é", "e%CC%81"),
    *("x.", "x%20", "x ", ".x", "-x", "~", "$HOME", "`id`", "a;b", "a|b", "a%0Ab", "%7F", "%C2%85", "%E2%80%AE", "*"),
    *("?", "?q=1", "?q=2", "?Q=1", "x?a/../../b", "a:b", "a%3Ab", "%2F", "%5C", "index", "llms.md.md", "%25", "%2500"),
]


def test_three_hundred_hostile_addresses_become_files_in_the_folder(tmp_path: Path) -> None:
    starts = ["", "docs/", "docs/a/", "Docs/", "docs//", "a__b/", "%64ocs/x/"]
    urls = [f"https://h.org/{start}{odd}" for start in starts for odd in ODD] + [f"https://H.org/{n}" for n in range(9)]
    usable = {identity(normal): normal for url in urls if (normal := normalise(url))}
    assert len(urls) > 300
    assert len(usable) > 200
    for url in usable.values():
        write_document(tmp_path / "docs", file_name(url), Document(url, "T", "", f"# T\n\n{url}\n"))
    files = list((tmp_path / "docs").iterdir())
    assert len({path.name.casefold() for path in files}) == len(files) == len(usable)
    assert {path.resolve().parent for path in files} == {(tmp_path / "docs").resolve()}
    assert {read_document(path, tmp_path / "docs").url for path in files} == set(usable.values())
    assert [path.name for path in tmp_path.iterdir()] == ["docs"]


def loop(folder: Path, outside: Path) -> None:
    folder.symlink_to(folder)


def outside_file(folder: Path, outside: Path) -> None:
    folder.symlink_to(outside / "mine.md")


def outside_folder(folder: Path, outside: Path) -> None:
    folder.symlink_to(outside)


def dangling(folder: Path, outside: Path) -> None:
    folder.symlink_to(outside / "new.md")


@pytest.mark.parametrize("plant", [loop, outside_file, outside_folder, dangling])
def test_links_planted_in_the_docs_folder_lead_nowhere(tmp_path: Path, plant: Callable[[Path, Path], None]) -> None:
    outside, docs = tmp_path / "outside", tmp_path / "docs"
    outside.mkdir()
    docs.mkdir()
    (outside / "mine.md").write_text("# Mine\n")
    page = Document("https://h.org/a", "A", "", "# A\n", source="https://h.org")
    plant(docs / "h.org__a.md", outside)
    write_pages(docs, UpdatePlan(write=[page]), read_corpus(docs).files)
    assert page in read_corpus(docs).documents
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("mine.md", "# Mine\n")]


def text(title: str, *, head: str = "", said: str = "") -> str:
    return f"<html><head>{head}</head><body><main><h1>{title}</h1><p>{said}</p></main></body></html>"


TEA = "Чай и кофе — это не одно и то же"
JAPANESE = "お茶とコーヒーは同じではありません"
CHINESE = "茶和咖啡不是一回事"
HTML = "text/html; charset="
ENCODED: dict[str, tuple[str, str, str, str]] = {  # words, how encoded, what the header says, what the page says
    "utf-8": (TEA, "utf-8", "utf-8", ""),
    "no header": (TEA, "utf-8", "", ""),
    "utf-8 said to be latin-1": (TEA, "utf-8", "iso-8859-1", ""),
    "utf-8 said to be cp1251 in the page": (TEA, "utf-8", "", "windows-1251"),
    "utf-8 with a mark": (TEA, "utf-8-sig", "", ""),
    "utf-16 with a mark": (TEA, "utf-16", "", ""),
    "utf-16 said": (JAPANESE, "utf-16", "utf-16", ""),
    "cp1251 by header": (TEA, "cp1251", "windows-1251", ""),
    "cp1251 by meta": (TEA, "cp1251", "", "windows-1251"),
    "cp1251, header lies": (TEA, "cp1251", "utf-8", "windows-1251"),
    "koi8-r": (TEA.replace("—", "-"), "koi8-r", "koi8-r", ""),
    "iso-8859-5": (TEA.replace("—", "-"), "iso-8859-5", "ISO-8859-5", ""),
    "shift_jis": (JAPANESE, "shift_jis", "Shift_JIS", ""),
    "shift_jis by meta": (JAPANESE, "shift_jis", "", "shift_jis"),
    "euc-jp": (JAPANESE, "euc_jp", "EUC-JP", ""),
    "iso-2022-jp": (JAPANESE, "iso2022_jp", "ISO-2022-JP", ""),
    "gbk": (CHINESE, "gbk", "gbk", ""),
    "gb2312 by meta": (CHINESE, "gb2312", "", "gb2312"),
    "gb18030": (CHINESE, "gb18030", "gb18030", ""),
    "big5": ("茶和咖啡不一樣", "big5", "big5", ""),
    "euc-kr": ("차와 커피는 같지 않다", "euc_kr", "EUC-KR", ""),
    "cp1252": ("thé ‘vert’ – œuvre", "cp1252", "windows-1252", ""),
    "cp1255": ("תה וקפה", "cp1255", "windows-1255", ""),
    "cp1256": ("الشاي والقهوة", "cp1256", "windows-1256", ""),
    "unknown name": (TEA, "utf-8", "klingon", ""),
    "decomposed": ("the\u0301 vert", "utf-8", "utf-8", ""),
}


@pytest.mark.parametrize("name", ENCODED)
def test_encodings(name: str) -> None:
    words, codec, header, meta = ENCODED[name]
    head = f'<meta charset="{meta}">' if meta else ""
    body = text("Tea", head=head, said=words).encode(codec)
    document = clean_page(Page("https://h.org/a", body, HTML + header if header else "text/html")).document
    assert document.body == f"# Tea\n\n{words}\n"


@pytest.mark.parametrize("junk", [b"\xff\xfe\xfd", b"\xed\xa0\x80", b"\xc0\xaf", b"\x80", b"\xf5\x90\x80\x80"])
def test_bytes_that_are_no_text_do_not_break_a_page(junk: bytes) -> None:
    body = text("Tea", said="Before JUNK after.").encode().replace(b"JUNK", junk)
    got = clean_page(Page("https://h.org/a", body, "text/html; charset=utf-8")).document.body
    assert got.startswith("# Tea\n\nBefore ")
    assert got.endswith(" after.\n")
    assert got.encode("utf-8")
