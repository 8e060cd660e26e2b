"""The parsed tree.

parser      HTML -> tree
tree        text, attributes, index         lookups   block containers, tab labels, anchors
generators  which generator made the page   select    the element that holds the content
"""
