"""The parsed tree.

tree        parse, text, attributes         lookups   ids, templates, tables of the page
generators  which generator made the page   select    the element that holds the content
"""
