"""Write or quote the answer.

extractive   sentences of the pages           prompt       the messages
chat         the chat client                  stream       server-sent events -> a completion
search_tool  rounds in which the model searches    writer  a written answer, piece by piece
"""
