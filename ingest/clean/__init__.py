"""A page as served -> a markdown document.

page         any form -> document, unless it is unusable    redirects    pages that only redirect
decode       bytes -> text, and its form
html         parse, plan, render                            plan         which elements are content
metadata     title, description, canonical address, links   markdown     markdown or MDX -> blocks
restructuredtext  reStructuredText -> HTML
asciidoc     AsciiDoc -> markdown                           asciidoc_inline  its marks within a line
dom          the tree: parse, look up, recognise the generator, select the content
boilerplate  chrome: by rules, by layout, by recurrence over pages
render       content -> markdown
includes     files that a source includes -> their text in it
mdx          MDX and other markdown dialects -> plain markdown
"""
