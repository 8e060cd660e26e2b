"""Documentation generators: how to recognise each of them, and where it puts the content.

The ids and classes come from the generators' own themes. A selector here is `tag#id.class`, with at
most one ancestor before a space; `[role=x]` and `[itemprop=x]` are the only attributes.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """A generator: its words in `meta[name=generator]`, `signs` in the tree, selectors of its content."""

    name: str
    generators: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    chrome: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()


PROFILES = (
    Profile(
        "fern",
        generators=("buildwithfern", "fern"),
        signs=("#fern-docs", "#fern-sidebar", "#fern-header", ".fern-prose", ".fern-layout-content", "#builtwithfern"),
        roots=(
            ".fern-layout-reference", ".fern-layout-guide article", ".fern-layout-overview article",
            ".fern-layout-changelog", ".fern-layout-content", ".fern-layout-page", ".fern-prose", "main",
        ),
        titles=(".fern-page-heading",),
        descriptions=(".fern-page-subtitle",),
    ),
    Profile(
        "mintlify",
        generators=("mintlify",),
        signs=("#content.mdx-content", "#content-area .mdx-content", "#page-context-menu"),
        roots=("#content.mdx-content", ".mdx-content", "#content", "#content-area"),
        titles=("#page-title",),
        descriptions=("#header .prose",),
        chrome=frozenset(("eyebrow",)),
        also=("#request-example", "#response-example"),
    ),
    Profile(
        "docusaurus",
        generators=("docusaurus",),
        signs=(".theme-doc-markdown", "#__docusaurus"),
        roots=(".theme-doc-markdown", "article .markdown", ".markdown", "article", "main"),
        chrome=frozenset(("col--3",)),
    ),
    Profile(
        "mkdocs-material",
        generators=("mkdocs-material", "zensical"),
        signs=("article.md-content__inner",),
        roots=("article.md-content__inner", ".md-content"),
    ),
    Profile(
        "sphinx",
        generators=("sphinx", "docutils"),
        signs=(
            "#furo-main-content", "article.bd-article", "[itemprop=articleBody]", "div.body[role=main]",
            ".sphinxsidebar",
        ),
        roots=(
            "#furo-main-content", "article.bd-article", "[itemprop=articleBody]", "div.body[role=main]", "div.body",
            "article[role=main]", "div.document [role=main]", "[role=main]", "div.document",
        ),
    ),
    Profile(
        "vitepress",
        generators=("vitepress", "vuepress"),
        signs=(".vp-doc", ".vt-doc", ".VPDoc", ".theme-default-content"),
        roots=(".vt-doc", ".vp-doc", ".theme-default-content", ".VPHome", "#VPContent", "main"),
    ),
    Profile(
        "nextra",
        generators=("nextra",),
        signs=(".nextra-content", ".nextra-toc", ".nextra-body", ".nextra-navbar", ".nextra-nav-container"),
        roots=("article main", ".nextra-content", "main article", "article", "main"),
    ),
    Profile(
        "starlight",
        generators=("starlight",),
        signs=(".sl-markdown-content", "#starlight__sidebar"),
        roots=(".sl-markdown-content", "main"),
        titles=("#_top",),
    ),
    Profile(
        "gitbook",
        generators=("gitbook",),
        signs=(".gitbook-root", "#site-header.gitbook", ".markdown-section"),
        roots=(".markdown-section", "main", "article"),
    ),
    Profile(
        "mdbook",
        generators=("mdbook",),
        signs=("#menu-bar", ".nav-chapters", "#mdbook-content", "#mdbook-menu-bar"),
        roots=("#content main", "#mdbook-content main", "main"),
    ),
    Profile(
        "rustdoc",
        generators=("rustdoc",),
        signs=("#rustdoc_body_wrapper", ".rustdoc", "rustdoc-search"),
        roots=("#main-content", "section#main", "main"),
        chrome=frozenset(("src",)),
    ),
    Profile(
        "readme",
        signs=(".rm-Markdown", ".rm-Article", ".rm-Guides", "#ssr-props"),
        roots=("article.rm-Article", ".rm-Article", ".rm-Markdown", "#content", "main"),
        descriptions=("#content-head .markdown-body",),
    ),
    Profile(
        "docsy",
        signs=(".td-content", ".td-main"),
        roots=(".td-content", "main"),
        descriptions=(".td-content .lead",),
    ),
    Profile(
        "antora",
        generators=("antora",),
        signs=("article.doc", ".nav-container .nav-menu", ".toolbar .breadcrumbs"),
        roots=("article.doc", "main article", "main .content", "main"),
    ),
    Profile(
        "asciidoctor",
        generators=("asciidoctor",),
        roots=("#content",),
    ),
    Profile(
        "hugo-book",
        signs=("article.book-article", ".book-page"),
        roots=("article.book-article", "article.markdown"),
    ),
    Profile(
        "just-the-docs",
        signs=(".main-content-wrap",),
        roots=("#main-content.main-content", ".main-content main", ".main-content"),
    ),
    Profile("docsify", signs=(".markdown-section",), roots=(".markdown-section",)),
    Profile("fumadocs", signs=("#nd-page", "#nd-docs-layout"), roots=("#nd-page", "article", "main")),
    Profile(
        "rspress",
        generators=("rspress",),
        signs=(".rspress-doc", ".rp-doc"),
        roots=(".rspress-doc", ".rp-doc", "main"),
    ),
    Profile(
        "doxygen",
        generators=("doxygen",),
        signs=("#doc-content",),
        roots=("div.contents", "#doc-content"),
        titles=(".headertitle .title",),
    ),
    Profile("typedoc", generators=("typedoc",), signs=(".tsd-page-title",), roots=(".col-content", "main")),
    Profile("javadoc", generators=("javadoc",), roots=("main", ".contentContainer")),
    Profile("redoc", signs=(".redoc-wrap",), roots=(".api-content",)),
    Profile("swagger-ui", signs=("#swagger-ui", ".swagger-ui"), roots=(".swagger-ui",), titles=(".info .title",)),
    Profile("scribble", signs=(".maincolumn .main",), roots=(".maincolumn .main",)),
    Profile(
        "docbook",
        generators=("docbook",),
        signs=(".titlepage .title", "div.refnamediv"),
        roots=(".book", ".part", ".chapter", ".appendix", ".preface", ".refentry", ".article", ".sect1", ".section"),
        titles=(".titlepage .title", ".refnamediv .refentrytitle"),
    ),
    Profile(
        "readthedocs-mkdocs",
        generators=("mkdocs",),
        roots=("[itemprop=articleBody]", "div[role=main]", ".col-md-9", "main"),
    ),
    Profile(
        "mediawiki",
        generators=("mediawiki",),
        roots=("#mw-content-text .mw-parser-output", "#mw-content-text"),
    ),
    Profile("github", signs=("article.markdown-body",), roots=("article.markdown-body",)),
)  # fmt: skip

# Tried when the generator is unknown, or when its usual places are empty.
GENERIC_ROOTS = (
    "main article", "article[role=main]", "[role=main] article", "article", "[role=main]", "[itemprop=articleBody]",
    "main", "#main-content", "#content", "#main", ".markdown-body", ".content", ".document", ".documentation",
)  # fmt: skip

GENERIC_DESCRIPTIONS = (".page-description", ".page-subtitle", ".lead", ".subtitle")
