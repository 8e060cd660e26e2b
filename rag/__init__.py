"""A question -> passages -> a checked answer.

records     hits, passages, answers                 passage     the text of a passage as it is read
thresholds  calibrated thresholds of an index       abstain     how confident retrieval is; when to refuse
query       analyse the question                    retrieve    rank passages
generate    write or quote the answer               verify      citations, links, support
assistant   the use case: question -> answer        serialize   answers and hits as JSON
open        an opened index with its parts          llamaindex  the adapters
"""
