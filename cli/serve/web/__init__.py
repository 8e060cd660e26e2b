"""What people see: the page at /, rendered on the server so that it works without scripts, and the widget.

page       the handlers of / and of its files; `static/` has the template, scripts and styles of page and widget
turn       one question with its answer, sources and passages, as HTML
render     markdown and citations -> safe HTML
fragments  links that open a page at the cited words
"""
