"""A documentation site by no known generator: everything on its pages stands in `<div>`s without telling names."""

PAGES = {
    "kites": ("Kites", "A kite is held by the wind and by a line.", ""),
    "sail": ("The sail", "Cut the sail from ripstop nylon, with a hot knife.", "CARE"),
    "spars": ("Spars", "Two spars of carbon carry the sail; ash does for small kites.", ""),
    "bridle": ("The bridle", "The bridle decides how steeply the kite stands.", "KNOT"),
    "line": ("The line", "Use a line that holds five times the pull.", "CARE"),
    "knots": ("Knots", "A lark's head holds the line, and opens again.", "KNOT"),
    "tail": ("The tail", "A tail makes an unsteady kite steady.", ""),
    "launch": ("Launching", "Stand with your back to the wind and let the line out.", "CARE"),
    "wind": ("Reading the wind", "Leaves move at two Beaufort; flags stand at four.", ""),
    "repair": ("Repairs", "Tape a tear on both sides.", "KNOT"),
    "winding": ("Winding up", "Walk towards the kite while you wind.", ""),
    "rules": ("Where to fly", "Keep away from roads and power lines.", "CARE"),
}
EXTRA = {
    "": "",
    "CARE": "<div><p>Never fly in a thunderstorm, whatever the line is made of.</p></div>",
    "KNOT": "<h2 id='tie'>Tying it</h2><pre><code>knot --loop 2 --pull\n</code></pre><p>Pull until it sits.</p>",
}
CONTENT = {
    "CARE": "\n\nNever fly in a thunderstorm, whatever the line is made of.",
    "KNOT": "\n\n## Tying it\n\n```bash\nknot --loop 2 --pull\n```\n\nPull until it sits.",
    "": "",
}


def plain_page(slug: str, *, said: str = "", more: tuple[str, ...] = ()) -> str:
    """One page as HTML; `said` replaces its sentence, `more` are new entries of the menu."""
    title, sentence, extra = PAGES.get(slug, (slug.capitalize(), f"All about {slug}.", ""))
    names = list(PAGES)
    entries = "".join(
        f"<div><span>{PAGES[name][0]}</span></div>"
        if name == slug
        else f'<div><a href="/docs/{name}">{PAGES[name][0]}</a></div>'
        for name in PAGES
    ) + "".join(f'<div><a href="/docs/{name}">{name.capitalize()}</a></div>' for name in more)
    at = names.index(slug) if slug in names else 0
    return (
        f"<html><head><title>{title} - Kitebook</title></head><body>"
        '<div class="x1"><a href="/docs/kites">Kitebook</a> <a href="/shop">Shop</a> <a href="/forum">Forum</a></div>'
        f'<div class="x2"><div>Building kites</div>{entries}<p>Sewing courses begin in March, book now.</p></div>'
        f'<div class="x3"><div><a href="/docs/kites">Home</a> / <a href="/docs/kites">Kites</a> / {title}</div>'
        f'<h1 id="{slug}-top">{title}</h1><p>{said or sentence}</p>{EXTRA[extra]}</div>'
        '<div class="x5"><p>Did these lines lift you up?</p><span>Yes</span> <span>Not yet</span></div>'
        f'<div class="x6"><a href="/docs/{names[at - 1]}">{PAGES[names[at - 1]][0]}</a></div>'
        '<div class="x7"><p>Kitebook is written by flyers for flyers.</p><a href="/imprint">Imprint</a></div>'
        "</body></html>"
    )


def content(slug: str, *, said: str = "") -> str:
    """The markdown that is left of a page when all that recurs around it is gone."""
    title, sentence, extra = PAGES[slug]
    return f"# {title}\n\n{said or sentence}{CONTENT[extra]}\n"
