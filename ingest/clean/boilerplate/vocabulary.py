"""Names and phrases of chrome, from the themes of the documentation generators.

Words inside class names and ids cover the themes that are not listed.
"""

import re
from functools import lru_cache

from bs4.element import Tag

from ingest.clean.boilerplate.density import Measure
from ingest.clean.dom.tree import attr, tokens

DROPPED_TAGS = frozenset(
    "script style noscript template svg nav footer select dialog iframe canvas object embed map audio "
    "link meta head title datalist progress meter rt rp astro-dev-toolbar".split()
)

# Exact class tokens, from the themes of the generators. Substrings are never matched: `scrollbar-thin`
# is not a bar.
CHROME_CLASSES = frozenset(
    """
    headerlink hash-link header-anchor heading-anchor anchorjs-link fern-anchor anchor-link subheading-anchor
    heading-link sl-anchor-link permalink direct-link self-link header-link td-heading-self-link anchor-heading
    toc table-of-contents toc-drawer toc-container page-toc contents local-toc nextra-toc rm-ToC tocCollapsible
    theme-doc-toc-mobile theme-doc-toc-desktop fern-toc fern-layout-toc td-toc VPDocAside VPDocAsideOutline
    VPLocalNav VPDocOutlineDropdown bd-toc right-sidebar-panel
    breadcrumbs breadcrumb fern-breadcrumb theme-doc-breadcrumbs nextra-breadcrumb td-breadcrumbs rst-breadcrumbs
    bd-header-article wy-breadcrumbs md-path
    pagination pagination-nav pagination-links rst-footer-buttons related sphinxsidebar prev-next-area
    prev-next-footer prev-next-links nav-chapters nav-wrapper mobile-nav-chapters rm-Pagination fern-footer-nav
    md-footer VPDocFooter page-nav page-navigation post-nav prevnext navheader navfooter td-page-nav
    feedback page-feedback md-feedback feedback-toolbar feedback--answer feedback--question feedback--response
    was-this-helpful doc-feedback thumbs helpful fern-feedback fern-feedback-button rating
    theme-edit-this-page theme-doc-footer theme-last-updated edit-this-page edit-page edit-link edit-page-link
    md-source-file md-content__button md-tags page-meta td-page-meta last-updated page-actions fern-page-actions
    fern-toolbar page-actions-menu rm-AIDropdown fern-layout-footer fern-builtwith contributors git-revision-date
    md-sidebar wy-nav-side wy-side-scroll bd-sidebar bd-sidebar-primary bd-sidebar-secondary sidebar-drawer
    fern-sidebar-container nextra-sidebar-container td-sidebar sidebar-nav nav-container sidebar-wrapper
    copybtn copy-button copy-btn btn-copy clipboard md-clipboard fern-copy-button code-snippet-feedback-button
    source-toolbox code-actions copy-code-button toolbar tryit-button
    viewcode-link viewsource-link rst-versions ethical-rtd ethical-sidebar rst-other-versions
    sr-only visually-hidden visuallyhidden screen-reader-text skip-link skip-to-main skip-to-content assistive-text
    fern-ai-agents-notice chat-assistant-floating-input chat-assistant-sheet fern-ask-ai-button
    share social-share share-buttons advertisement carbonads newsletter cookie-banner cookie-consent announcement
    nav-logo theme-toggle search-form searchbox no-print noprint print-hidden d-print-none not-printable
    dropdown-panel dropdown-menu dropdown-trigger dropdown-toggle dropdown-content popover hideme
    linenos linenodiv src-link footnote-backref backrefs fn-backref fn-back data-footnote-backref reversefootnote
    md-nav md-header nocontent
    language-selection language-selector language-switcher lang-selector version-switcher version-selector
    prev-next next-prev previous-next navsettop navsetbottom tocset tocview tocsub summary_toggle
    page-metadata page-metadata-container article-meta article-author article-votes article-footer article-share
    article-relatives article-comments article-more-questions related-articles recent-articles comment-list
    mw-editsection mw-cite-backlink mw-jump-link navbox catlinks printfooter view-source-button
    view-source-toggle-state git-button tsd-sources
    """.split()
)

CHROME_IDS = frozenset(
    """
    fern-header fern-sidebar fern-sidebar-spacer builtwithfern navbar banner sidebar sidebar-content
    table-of-contents table-of-contents-layout content-side-layout page-context-menu pagination
    chat-assistant-sheet footer toc td-page-toc page-toc breadcrumbs nav-bread feedback page-feedback
    labels-section comments-section likes-and-labels-container likes-section
    searchbox doc-conventions side-nav sidebar-nav site-header site-footer menu-bar pre-footer cookie-banner
    """.split()
)

# Remarks of readers below a page.
REMARKS = frozenset(("usernotes", "disqus_thread", "utterances", "giscus"))

CHROME_PARTS = frozenset(
    "step-line step-number callout-icon card-icon code-group-tab-bar code-block-header tabs-list "
    "accordion-caret-right step-number-anchor-link".split()
)

CHROME_ROLES = frozenset(
    "navigation search banner contentinfo dialog menu menubar toolbar tablist complementary-nav alertdialog".split()
)

HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
SECTIONS = frozenset("section sect1 sect2 sect3 level1 level2 level3".split())

PROSE_PARENTS = frozenset("p li dt dd td summary".split())

CHANGED = re.compile(
    r"(?:page |[\w./-]{1,60} (?:[·•|–] )?|(?:this|the) (?:page|document|article|file|topic) (?:was|is|has been) )?"
    r"last (?:modified|updated|edited|changed|reviewed)(?: on| at| by| in)?:?\s*"
    r"(?:.{0,25}\d|.{0,20}\bago\b|yesterday|today|$)|updated .{1,20}\bago$"
)

# The line of rights below a page, and the question whether it was any good.
RIGHTS = re.compile(r"(?:copyright )?(?:©|\(c\)) ?(?:copyright )?(?:19|20)\d\d|all rights reserved")
ASKS = re.compile(
    r"(?:did|was|is|were) (?:you find )?(?:this|these) (?:page|article|guide|docs?|topic|section|information|content) "
    r"(?:help|useful|helpful)(?:ful)?(?: (?:you|to you))?\s*\?"
)

# A banner: this page is about another version than the current one, or the site sets cookies.
_READER = (
    r"(?:you(?:'re|’re| are) (?:currently )?(?:viewing|reading|looking at|browsing|on)|"
    r"this (?:page|site|document|is)|these docs|this documentation)"
)
_OLD = (
    r"(?:old|older|outdated|previous|archived|unreleased|upcoming|pre-?release|development|legacy|unsupported|"
    r"unmaintained|different)\b.{0,20}\b(?:version|release|docs|documentation)"
)
BANNER = re.compile(
    rf"\b{_READER}\b.{{0,80}}\b(?:{_OLD}|no longer (?:actively )?(?:maintained|supported|updated))|"
    r"\b(?:switch|go|click|see|view|read)\b.{0,30}\b(?:latest|newest|current|stable) (?:stable )?"
    r"(?:version|release|docs)\b|"
    r"\b(?:we|this (?:web)?site|our (?:web)?site|our partners)\b.{0,40}\bcookies\b",
    re.IGNORECASE,
)

# Headings of sections at the end of a page that ask for something, or lead to other pages of the site. "Need help?"
# and "Contact us" are not among them: what is below them is often all that a site says about its support.
ASKING_ENDS = frozenset(
    """
    submitcorrection feedback sendfeedback givefeedback sendusfeedback wasthispagehelpful wasthishelpful
    isthispageuseful howcanweimprove helpusimprove helpusimprovethispage improvethispage editthispage reportanissue
    reportaproblem foundanerror foundabug foundamistake sharethis sharethispage sharethisarticle ratethispage
    ratethisarticle leaveacomment leaveareply followus newsletter stayuptodate
    """.split()
)
RELATED_ENDS = frozenset(
    """
    relatedarticles relatedpages relatedcontent relatedposts relateddocs relateddocumentation relatedguides
    relatedlinks relatedtopics recommendedcontent recommendedreading recommendedarticles youmayalsolike
    youmightalsolike morearticles populararticles populartopics inthissection morefrom upnext keepreading
    """.split()
)

# Headings at the end of a page whose content was chrome or comes by a script.
EMPTY_ENDS = frozenset(
    "additionalresources relatedarticles relatedpages relatedcontent comments feedback discussion seealso navigation "
    "recommendedcontent".split()
)

# Elements that are chrome when their whole text is one of these.
PHRASES = frozenset(
    """
    on this page|in this article|table of contents|copy page|was this page helpful?|was this helpful?|edit this page
    ask ai|built with|¶|copy|copied!|edit this page on github|edit on github|improve this page|is this page useful?
    suggest edits|raise issue|view as markdown|open in chatgpt|open in claude|report incorrect code|try it|edit page
    skip to main content|collapse all|expand all|view page source|show source|report an issue|send feedback|copy link
    give feedback|copy as markdown|back to top|return to top|scroll to top|print this page|share this page|previous
    next|rate this page|thank you for your feedback!|did this page help you?|edit on gitlab|view source
    copy markdown|copy to clipboard|expand description|open in claude code
    view as md|view this page on github|skip to content|toggle navigation|show more|show less|see more|report feedback
    open in playground|edit source|view page history|download this page|submit feedback|copy code|skip to navigation
    report a problem|report a bug|report bug|improve this doc|improve this article|suggest an edit
    """.strip()
    .replace("\n    ", "|")
    .split("|")
)
# What buttons in the text do to the page; elsewhere these are words like any other.
BUTTON_WORDS = frozenset(
    "hide show expand collapse toggle run reset play print listen wrap yes no edit top close menu open".split()
)
TURNING = frozenset(
    (
        "previous",
        "next",
        "prev",
        "previous page",
        "next page",
        "← previous",
        "next →",
        "up next",
        "next lesson",
        "previous lesson",
        "go to next lesson",
        "next chapter",
        "previous chapter",
        "next article",
        "previous article",
        "next topic",
        "previous topic",
        "next up",
    )
)

# Whole words of a name, split at `-`, `_` and capitals: `osano-cm-window`, `breadcrumbNav`. A word that is
# only part of a longer one does not count: `scrollbar-thin` has the word `scrollbar`, not `bar`.
_WORDS = {
    **dict.fromkeys(("breadcrumb", "breadcrumbs", "crumbs", "pagination", "pager", "prevnext"), "links"),
    **dict.fromkeys(("sidebar", "sidenav", "navbar", "topnav", "menu", "nav", "navigation"), "links"),
    "toc": "toc",
    **dict.fromkeys(("feedback", "helpful", "votes"), "asks"),
    **dict.fromkeys(("onetrust", "osano", "cookiebot", "gdpr"), "asks"),
}
_BOXES = frozenset(("banner", "consent", "notice", "bar", "dialog", "popup", "modal", "overlay", "message"))
_OWNERS = frozenset("page site global main doc docs document documentation layout app book article content".split())
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_FOOTER = 2000  # characters of a footer
_LONGEST = 400  # characters of a box that only asks for something; a section about feedback or cookies is longer
_LINKED = 0.6
_NEVER = frozenset("html body main article section pre code table tr td th h1 h2 h3 h4 h5 h6 a span".split())


@lru_cache(maxsize=4096)
def name_kind(name: str) -> str:
    """Return what a class token or id says an element is: `links`, `toc`, `asks` or ""."""
    words = [word.lower() for word in _PIECE.findall(name)]
    if not words or len(name) > 60:
        return ""
    if words[0] in ("cookie", "cookies", "announcement") and not _BOXES.isdisjoint(words[1:]):
        return "asks"
    if words[-1] == "footer" and _OWNERS.issuperset(words[:-1]):
        return "footer"
    return next((_WORDS[word] for word in words if word in _WORDS), "")


def named_chrome(tag: Tag, size: Measure) -> bool:
    """Return whether an element is chrome by words in its class or id, and its content agrees."""
    names = [*tokens(tag), attr(tag, "id"), tag.name if "-" in tag.name else ""]
    kinds = {name_kind(name) for name in names if name} - {""}
    if not kinds or tag.name in _NEVER or size.structure:
        return False
    if "asks" in kinds:
        return size.text < _LONGEST
    if "footer" in kinds:
        return size.text < _FOOTER
    if "toc" in kinds:
        return bool(size.links) and not size.paragraphs and not size.table
    return bool(size.links) and size.share() > _LINKED
