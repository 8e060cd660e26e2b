"""Write or quote the answer.

excerpts          the pieces of pages that answer best, for an answer without a model
section_units     a section in sentences, items, rows   excerpt_scores   how well each of them answers
excerpt_sections  the sections of hits as pieces        excerpt_windows  the best piece with its neighbours
find_definition   the piece that defines a term         definitions      how well a sentence defines it
excerpt_text      an excerpt as it is read              emphasis         the words of the question in it

widen           the sections around passages          prompt          the messages
chat            the chat client
stream          server-sent events -> a completion    search_tool     rounds in which the model searches
splitter        streamed text -> finished pieces      writer          each piece checked, then shown
judges          stronger checks of support than the rules
"""
