"""A question -> passages -> a checked answer.

records     hits, passages, answers                 passage     the text of a passage as it is read
thresholds  calibrated thresholds of an index       abstain     how confident retrieval is; when to refuse
query       analyse the question                    retrieve    rank passages
generate    write or quote the answer               verify      citations, links, support
assistant   the use case: question -> answer        serialize   answers and hits as JSON
question_log   what was asked, masked, and how it went
open        an opened index, live for servers       llamaindex  the adapters

The seams for a front end: `open.LiveAssistant.current()` gives an `Opened`, whose `assistant.answer(question, options,
on_event)` returns an `Answer` and reports events (records.Event) meanwhile; `serialize` makes JSON of both.
"""
