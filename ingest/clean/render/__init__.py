"""Content elements -> markdown.

walk        the traversal                       blocks      paragraphs, lists, headings
inline      emphasis, links, code spans         formulas    TeX between dollar signs
raw_formulas  TeX in text that a script sets
tables      tables, spans, cells                notes       footnotes, notes below code
code        code blocks and their titles        code_marks  removed lines and annotations in code
languages   the language of a code block        boxes       where the headings inside a box end
widgets     tabs, accordions, steps             components  callouts, cards, fields, definition lists
"""
