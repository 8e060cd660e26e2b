"""A page as served -> a markdown document.

page         which form it is, and whether it is usable     decode       bytes -> text
metadata     title, description, canonical address          html         DOM -> document
markdown     markdown or MDX -> document
dom          the tree: parse, look up, know the generator, select the content
boilerplate  chrome: by rules, by layout, by recurrence over pages
render       content -> markdown
mdx          MDX and other markdown dialects -> plain markdown
"""
