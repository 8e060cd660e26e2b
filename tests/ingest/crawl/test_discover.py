import gzip
import time

import pytest

from ingest.core.urls import site_path
from ingest.crawl.discover import MAX_URLS, Seeds, discover, read_llms, read_sitemap
from ingest.crawl.fetch import Fetcher
from ingest.crawl.robots import read_robots
from ingest.crawl.scope import Scope
from tests.ingest.crawl.site import Answer, Site, html

TEXT = {"Content-Type": "text/plain"}
XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(*urls: str) -> str:
    return f"<urlset {XMLNS}>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>"


def index(*urls: str) -> str:
    return f"<sitemapindex {XMLNS}>{''.join(f'<sitemap><loc>{url}</loc></sitemap>' for url in urls)}</sitemapindex>"


def find(site: Site, fetcher: Fetcher, source: str = "/docs") -> Seeds:
    url = site.url(source)
    return discover(url, fetcher, Scope.of(url), read_robots(url, fetcher))


def paths(seeds: Seeds) -> list[str]:
    return [site_path(url) for url in seeds.urls]


def test_all_lists_together(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {
        "/robots.txt": Answer("Sitemap: /maps.xml", headers=TEXT),
        "/docs/llms.txt": Answer(
            "# H\n- [A](/docs/a.md): about A\n- [Other](https://other.org/docs/b)\n", headers=TEXT
        ),
        "/llms.txt": Answer("- [B](/docs/b)\n- [A again](/docs/a)\n- [Blog](/blog/x)", headers=TEXT),
        "/maps.xml": index(site.url("/docs/one.xml"), site.url("/docs/two.xml.gz")),
        "/docs/one.xml": urlset(site.url("/docs/c"), site.url("/docs/a/")),
        "/docs/two.xml.gz": Answer(gzip.compress(urlset(site.url("/docs/d")).encode())),
        "/sitemap.xml": urlset(site.url("/docs/e"), site.url("/docs-old/f")),
    }
    seeds = find(site, fetcher)
    assert paths(seeds) == ["/docs/a", "/docs/b", "/docs/e", "/docs/c", "/docs/d"]
    found = [(site_path(listing.url), listing.kind, listing.pages) for listing in seeds.listings]
    assert found == [
        ("/docs/llms.txt", "llms.txt", 1),
        ("/llms.txt", "llms.txt", 1),
        ("/maps.xml", "sitemap", 0),
        ("/sitemap.xml", "sitemap", 1),
        ("/docs/one.xml", "sitemap", 1),
        ("/docs/two.xml.gz", "sitemap", 1),
    ]
    assert seeds.problems == []


def test_nothing_there(site: Site, fetcher: Fetcher) -> None:
    assert find(site, fetcher) == Seeds()
    assert sorted(site.paths()) == ["/docs/llms.txt", "/docs/sitemap.xml", "/llms.txt", "/robots.txt", "/sitemap.xml"]


def test_nested_indexes_of_llms(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {
        "/docs/llms.txt": Answer(
            "[API](/docs/_llms/api.md) [Guides](/docs/guides/llms.txt) [All](/docs/llms-full.txt)", headers=TEXT
        ),
        "/docs/_llms/api.md": Answer("[X](/docs/api/x) [self](/docs/llms.txt)", headers=TEXT),
        "/docs/guides/llms.txt": Answer("[Y](/docs/guides/y)", headers=TEXT),
    }
    assert paths(find(site, fetcher)) == ["/docs/api/x", "/docs/guides/y"]
    assert site.paths().count("/docs/llms.txt") == 1


def test_a_page_that_says_not_found_is_no_llms_txt(site: Site, fetcher: Fetcher) -> None:
    site.pages["/llms.txt"] = html("Not found", "/docs/a", text="see [the start](/docs/start)")
    assert find(site, fetcher).urls == []


def test_sitemaps_that_name_each_other_end(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {
        "/sitemap.xml": index(site.url("/sitemap.xml"), site.url("/s1.xml")),
        "/s1.xml": index(site.url("/sitemap.xml"), site.url("/s2.xml")),
        "/s2.xml": index(site.url("/s3.xml")),
        "/s3.xml": urlset(site.url("/docs/too-deep")),
    }
    assert find(site, fetcher).urls == []
    assert site.paths().count("/sitemap.xml") == 1
    assert "/s3.xml" not in site.paths()


def test_only_the_host_of_the_source_is_asked(site: Site, fetcher: Fetcher) -> None:
    with Site({"/x.xml": urlset(site.url("/docs/evil"))}) as other:
        site.pages |= {
            "/robots.txt": Answer(
                f"Sitemap: {other.url('/x.xml')}\nSitemap: http://169.254.169.254/x.xml", headers=TEXT
            ),
            "/sitemap.xml": Answer(status=302, headers={"Location": other.url("/x.xml")}),
        }
        seeds = find(site, fetcher)
        assert other.log == []
    assert seeds.urls == []
    assert [problem.reason for problem in seeds.problems] == ["off-site-redirect"]


def test_forbidden_lists_are_not_read(site: Site, fetcher: Fetcher) -> None:
    site.pages["/robots.txt"] = Answer("User-agent: *\nDisallow: /sitemap.xml\nDisallow: /docs/llms.txt", headers=TEXT)
    find(site, fetcher)
    assert not {"/sitemap.xml", "/docs/llms.txt"} & set(site.paths())


def test_broken_lists_are_reported_and_the_others_used(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {
        "/docs/sitemap.xml": html("A page"),
        "/llms.txt": Answer(status=500),
        "/sitemap.xml": urlset(site.url("/docs/a")),
    }
    seeds = find(site, fetcher)
    assert paths(seeds) == ["/docs/a"]
    assert sorted(problem.reason for problem in seeds.problems) == ["bad-sitemap", "http-500"]


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>'
HOSTILE = {
    "laughs": LAUGHS.encode(),
    "external": b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>',
    "dtd": b'<!DOCTYPE urlset SYSTEM "http://127.0.0.1:9/x.dtd"><urlset/>',
    "deep": b"<urlset>" + b"<a>" * 1_000_000,
    "page": b"<!doctype html><html><body><p>Not found<br></body></html>",
    "well-formed page": b"<html><body/></html>",
    "cut": urlset("https://h.org/a").encode()[:-20],
    "nothing": b"",
    "utf-7": b'<?xml version="1.0" encoding="utf-7"?><urlset/>',
    "unknown encoding": b'<?xml version="1.0" encoding="klingon"?><urlset/>',
    "cut gzip": gzip.compress(urlset("https://h.org/a").encode())[:-5],
    "bomb": gzip.compress(b"<urlset>" + b" " * 60_000_000),
    "text": b"https://h.org/a\nhttps://h.org/b\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_sitemaps(kind: str) -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match=r"no sitemap|gzip|bytes"):
        read_sitemap(HOSTILE[kind])
    assert time.process_time() - start < 2


def test_sitemap_details() -> None:
    text = f"""<?xml version="1.0"?><urlset {XMLNS} xmlns:i="http://www.google.com/schemas/sitemap-image/1.1">
      <url><loc>
        https://h.org/a?x=1&amp;y=2 </loc><lastmod>2026-01-01</lastmod>
        <i:image><i:loc>https://h.org/a.png</i:loc></i:image></url>
      <url><loc><![CDATA[https://h.org/b]]></loc></url></urlset>"""
    expected = (["https://h.org/a?x=1&y=2", "https://h.org/b"], [])
    assert read_sitemap(text.encode()) == expected
    assert read_sitemap(text.replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16")) == expected


def test_sitemap_with_too_many_urls_is_read_up_to_the_limit() -> None:
    pages, _ = read_sitemap(urlset(*(f"https://h.org/{n}" for n in range(MAX_URLS + 10))).encode())
    assert (len(pages), pages[-1]) == (MAX_URLS, f"https://h.org/{MAX_URLS - 1}")


def test_links_of_llms() -> None:
    text = "[A](/a): x\n- [B]( <https://h.org/b> )\n![pic](/p.png)\nSee https://h.org/c. And [text] (no)\n<https://h.org/d>"
    assert list(read_llms(text)) == ["/a", "https://h.org/b", "/p.png", "https://h.org/c", "https://h.org/d"]
