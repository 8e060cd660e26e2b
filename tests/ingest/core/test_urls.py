import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.errors import UsageError
from ingest.core.urls import host_of, identity, normalise, site_path, spellings
from ingest.crawl.scope import Scope
from ingest.docs.folder import file_name

SAME = [
    pytest.param("HTTPS://OpenRouter.AI/docs/Faq", "https://openrouter.ai/docs/Faq", id="case-of-host-only"),
    pytest.param("https://openrouter.ai:443/docs", "https://openrouter.ai/docs", id="default-port"),
    pytest.param("http://h.org:8080/docs", "http://h.org:8080/docs", id="other-port-stays"),
    pytest.param("https://h.org/docs/", "https://h.org/docs", id="trailing-slash"),
    pytest.param("https://h.org", "https://h.org/", id="root"),
    pytest.param("https://h.org/docs#part", "https://h.org/docs", id="fragment"),
    pytest.param("https://h.org/docs/?utm_source=x&ref=y&gclid=z", "https://h.org/docs", id="tracking"),
    pytest.param("https://h.org/docs?b=2&utm_id=1&a=1", "https://h.org/docs?b=2&a=1", id="query-kept-in-order"),
    pytest.param("https://h.org/docs?reference=1", "https://h.org/docs?reference=1", id="ref-is-a-whole-word"),
    pytest.param("https://h.org/a/../b/./c", "https://h.org/b/c", id="dot-segments"),
    pytest.param("https://h.org/a/%2e%2E/b", "https://h.org/b", id="encoded-dot-segments"),
    pytest.param("https://h.org/../../etc/passwd", "https://h.org/etc/passwd", id="above-the-root"),
    pytest.param("https://h.org/%7euser/%c3%a9", "https://h.org/~user/%C3%A9", id="percent-encoding"),
    pytest.param("https://h.org/é x", "https://h.org/%C3%A9%20x", id="raw-characters"),
    pytest.param("https://h.org/a%2fb", "https://h.org/a%2Fb", id="encoded-slash-is-no-slash"),
    pytest.param("https://h.org/a%26b%3Dc%2c?d%26e", "https://h.org/a&b=c,?d%26e", id="encoded-delimiters-of-paths"),
    pytest.param("https://h.org/100%", "https://h.org/100%25", id="lone-percent"),
    pytest.param("https://h.org/docs/faq.md", "https://h.org/docs/faq", id="markdown-variant"),
    pytest.param("https://h.org/docs/faq.mdx", "https://h.org/docs/faq", id="mdx-variant"),
    pytest.param("https://h.org/docs/index.html", "https://h.org/docs", id="index-html"),
    pytest.param("https://h.org/docs/index.html.md", "https://h.org/docs", id="index-html-md"),
    pytest.param("https://h.org/docs/guide.html", "https://h.org/docs/guide.html", id="other-html-stays"),
    pytest.param("https://h.org\\docs\\x", "https://h.org/docs/x", id="backslashes-as-in-browsers"),
    pytest.param("http://h.org\\@evil.org/", "http://h.org/@evil.org", id="backslash-before-user"),
    pytest.param("https://h.org/do\ncs\t", "https://h.org/docs", id="newlines-as-in-browsers"),
    pytest.param("https://h.org./docs", "https://h.org/docs", id="dot-after-host"),
    pytest.param("https://bücher.example/x", "https://xn--bcher-kva.example/x", id="idn"),
    pytest.param("https://h。org/x", "https://h.org/x", id="ideographic-dot"),
    pytest.param("http://[::1]:8000/x", "http://[::1]:8000/x", id="ipv6"),
]


@pytest.mark.parametrize(("url", "normal"), SAME)
def test_normal_form(url: str, normal: str) -> None:
    assert normalise(url) == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "docs/faq",
        "mailto:a@h.org",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://h.org/x",
        "file:///etc/passwd",
        "https://",
        "https:///docs",
        "https://ok@127.0.0.1/",
        "https://user:secret@h.org/",
        "https://h.org:99999/",
        "https://h.org:0/",
        "https://h.org:port/",
        "https://h..org/",
        "https://h%2eorg/",
        "https://-/",
        "https://[::1/",
        "https://faß.example/",
        "https://h.org/" + "a" * 2_100,
    ],
)
def test_unusable(url: str) -> None:
    assert normalise(url) is None
    assert spellings(url) == ()


@pytest.mark.parametrize(
    ("link", "normal"),
    [
        ("../faq", "https://h.org/docs/faq"),
        ("/other", "https://h.org/other"),
        ("?page=2", "https://h.org/docs/guides/x?page=2"),
        ("#part", "https://h.org/docs/guides/x"),
        ("//cdn.org/x", "https://cdn.org/x"),
        ("", "https://h.org/docs/guides/x"),
    ],
)
def test_links_are_resolved(link: str, normal: str) -> None:
    assert normalise(link, "https://h.org/docs/guides/x") == normal


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h.org/a", ("https://h.org/a",)),
        ("https://h.org/a/", ("https://h.org/a/", "https://h.org/a")),
        ("https://h.org/a.md", ("https://h.org/a", "https://h.org/a/", "https://h.org/a.md")),
        ("https://h.org/a%26b?ref=x", ("https://h.org/a%26b", "https://h.org/a&b")),
        ("https://h.org/a/index.html", ("https://h.org/a/index.html", "https://h.org/a")),
    ],
)
def test_spellings_to_try(url: str, expected: tuple[str, ...]) -> None:
    assert spellings(url) == expected


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("https://www.h.org/a", "http://h.org/a/", True),
        ("https://h.org/a.md", "https://h.org/a#b", True),
        ("https://h.org/a", "https://h.org/A", False),
        ("https://h.org/a", "https://h.org/a?x=1", False),
        ("https://h.org/a", "https://h.org:8443/a", False),
        ("https://docs.h.org/a", "https://h.org/a", False),
    ],
)
def test_identity(one: str, other: str, equal: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (identity(one) == identity(other)) is equal


def test_a_page_without_a_host_is_known_by_its_path() -> None:
    assert identity("/guides/plain") != identity("/guides/other")
    assert (site_path("/guides/plain"), host_of("/guides/plain")) == ("/guides/plain", "")


def test_parts() -> None:
    assert site_path("https://openrouter.ai/docs/faq/?a=1#x") == "/docs/faq?a=1"
    assert site_path("https://openrouter.ai") == "/"
    assert host_of("https://www.H.org:8443/x") == "h.org:8443"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://openrouter.ai/docs/guides/routing/x", "openrouter.ai__docs__guides__routing__x.md"),
        ("https://www.openrouter.ai/docs/faq.md#x", "openrouter.ai__docs__faq.md"),
        ("https://openrouter.ai/", "openrouter.ai.md"),
        ("http://127.0.0.1:8000/docs", "127.0.0.1_8000__docs.md"),
        ("https://h.org/v1.2/api-keys", "h.org__v1.2__api-keys.md"),
    ],
)
def test_readable_file_names(url: str, name: str) -> None:
    assert file_name(url) == name


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        pytest.param("https://h.org/Docs", r"h\.org__docs--[0-9a-f]{12}\.md", id="capitals"),
        pytest.param("https://h.org/a?b=1", r"h\.org__a-b-1--[0-9a-f]{12}\.md", id="query"),
        pytest.param("https://h.org/a__b", r"h\.org__a__b--[0-9a-f]{12}\.md", id="the-separator-itself"),
        pytest.param("https://h.org/a--b", r"h\.org__a-b--[0-9a-f]{12}\.md", id="the-mark-of-a-hash"),
        pytest.param("https://h.org/..%2f..%2fetc", r"h\.org__[\w.-]*etc--[0-9a-f]{12}\.md", id="traversal"),
        pytest.param("https://h.org/%00", r"h\.org--[0-9a-f]{12}\.md", id="nul"),
        pytest.param("http://con/", r"_con--[0-9a-f]{12}\.md", id="windows-device"),
        pytest.param("http://nul.h.org/x", r"_nul\.h\.org__x--[0-9a-f]{12}\.md", id="windows-device-with-dot"),
        pytest.param("https://h.org/" + "a" * 400, r"h\.org__a{90,100}--[0-9a-f]{12}\.md", id="long"),
        pytest.param("https://h.org/%F0%9F%98%80", r"h\.org--[0-9a-f]{12}\.md", id="emoji"),
        pytest.param("https://h.org/x%20.", r"h\.org__x--[0-9a-f]{12}\.md", id="trailing-dot"),
    ],
)
def test_other_file_names_carry_a_hash(url: str, pattern: str) -> None:
    assert re.fullmatch(pattern, file_name(url))


HOSTS = st.sampled_from(["h.org", "www.h.org", "h.org:8080", "con", "a_b.org", "127.0.0.1:1", "h.org_1"])
SEGMENT = st.text(alphabet="aAbB-_.~%+ 0é/\\?=&", max_size=6) | st.sampled_from(["..", "index.html", "x.md", "%26"])
URLS = st.builds(lambda host, segments: f"https://{host}/{'/'.join(segments)}", HOSTS, st.lists(SEGMENT, max_size=4))


@given(URLS)
def test_normal_form_is_stable(url: str) -> None:
    normal = normalise(url)
    assert normal is None or (normalise(normal) == normal and normal.isascii())


@given(URLS, URLS)
def test_distinct_pages_have_distinct_safe_names(one: str, other: str) -> None:
    assert (file_name(one) == file_name(other)) is (identity(one) == identity(other))
    name = file_name(one)
    assert re.fullmatch(r"[a-z0-9._-]{1,140}\.md", name)
    assert name.split(".")[0] not in {"con", "nul"}
    assert not name.startswith((".", "-"))


def test_scope_is_by_segment_and_host() -> None:
    scope = Scope.of("https://h.org/docs/")
    inside = ["https://h.org/docs", "https://www.h.org/docs/a?b", "http://h.org/docs/a/../b", "https://h.org/docs?x=1"]
    outside = [
        "https://h.org/docs-old/a",
        "https://h.org/",
        "https://h.org.evil.org/docs/a",
        "https://h.org:8443/docs",
        "https://evil.org/https://h.org/docs",
        "https://h.org@evil.org/docs",
        "https://h.org/docs/../private",
        "https://docs.h.org/docs",
    ]
    assert [url for url in inside + outside if scope.contains(url)] == inside


def test_scope_of_a_file_is_its_folder() -> None:
    assert Scope.of("https://h.org/guide/intro.html").contains("https://h.org/guide/other.html")


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("/docs/api", ["/docs/api", "/docs/api/x", "/docs/api/x/y"]),
        ("/docs/*/x", ["/docs/api/x", "/docs/api/x/y"]),
        ("/docs/*/**", ["/docs/api/x", "/docs/api/x/y"]),
        ("https://h.org/docs/api/**", ["/docs/api/x", "/docs/api/x/y"]),
        ("y", ["/docs/api/x/y"]),
        ("re:api(-old)?$", ["/docs/api", "/docs/api-old"]),
        ("/docs/api.old", []),
    ],
)
def test_patterns(pattern: str, matching: list[str]) -> None:
    paths = ["/docs/api", "/docs/api/x", "/docs/api/x/y", "/docs/api-old"]
    kept = Scope.of("https://h.org/docs", include=(pattern,))
    left = Scope.of("https://h.org/docs", exclude=(pattern,))
    assert [path for path in paths if kept.admits(f"https://h.org{path}")] == matching
    assert [path for path in paths if not left.admits(f"https://h.org{path}")] == matching


def test_generated_sdk_pages_are_left_out_of_openrouter_only() -> None:
    paths = ["/docs/client-sdks/python", "/docs/client-sdks/python/models/x", "/docs/agent-sdk/typescript/errors/x"]
    openrouter, other = Scope.of("https://openrouter.ai/docs"), Scope.of("http://127.0.0.1:8000/docs")
    assert [openrouter.admits(f"https://www.openrouter.ai{path}") for path in paths] == [True, False, False]
    assert all(other.admits(f"http://127.0.0.1:8000{path}") for path in paths)
    asked_for = Scope.of("https://openrouter.ai/docs", include=("/docs/**",))
    assert all(asked_for.admits(f"https://openrouter.ai{path}") for path in paths)


@pytest.mark.parametrize("source", ["openrouter.ai/docs", "ftp://h.org", "https://user@h.org/"])
def test_bad_source(source: str) -> None:
    with pytest.raises(UsageError, match="not an http or https URL"):
        Scope.of(source)


def test_bad_pattern() -> None:
    with pytest.raises(UsageError, match="not a regular expression"):
        Scope.of("https://h.org", exclude=("re:(",))
