"""Write or quote the answer.

excerpts        the pieces of pages that answer best, for an answer without a model
section_units   a section in sentences, items, rows   excerpt_scores  how well each of them answers
excerpt_text    an excerpt as it is read              emphasis        the words of the question in it

prompt          the messages                          chat            the chat client
stream          server-sent events -> a completion    search_tool     rounds in which the model searches
splitter        streamed text -> finished pieces      writer          each piece checked, then shown
"""
