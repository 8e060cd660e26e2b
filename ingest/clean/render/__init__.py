"""Content elements -> markdown.

walk        the traversal                     blocks      paragraphs, lists, headings
inline      emphasis, links, code spans       tables      tables, spans, cells
code        code blocks and their titles      languages   the language of a code block
widgets     tabs, accordions, steps           components  callouts, cards, fields, definition lists
"""
