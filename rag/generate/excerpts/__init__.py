"""The pieces of pages that answer best, for an answer without a model.

choose           one to three excerpts           sections     the sections of hits as pieces
units            a section in sentences, items, table rows, code
scores           how well each of them answers   windows      the best piece with its neighbours
find_definition  the piece that defines a term   definitions  how well a sentence defines it
text             an excerpt as it is read        emphasis     the words of the question in it
"""
