"""Write or quote the answer.

excerpts  the pieces of pages that answer best, for an answer without a model
widen     the sections around passages          prompt       the messages
chat      the chat client                       stream       server-sent events -> a completion
splitter  streamed text -> finished pieces      search_tool  rounds in which the model searches
section_questions  questions that a section answers, for its index
echo      what a model repeats of the prompt
writer    each piece checked, then shown        judges       stronger checks of support than the rules
"""
