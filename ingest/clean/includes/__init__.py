"""Files that a source page includes -> their text in the page.

selection    which lines of a file are included
forms        a line of a dialect -> what it includes
partials     MDX: imported pages and code
expand       the passes over a markdown page; the caller reads the files
directives   the same for reStructuredText      asciidoc     the same for AsciiDoc
"""
