"""The parsed tree.

tree        parse, text, attributes         lookups   block containers, tab labels, anchors
generators  which generator made the page   select    the element that holds the content
"""
