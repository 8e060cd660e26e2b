"""Check what was written against the passages.

sentence_gate  a finished piece of an answer, checked: the three below in their order
citations      marks in all their forms, and their quotes        links   links that lead to sources only
support        whether a passage supports a sentence             support_check  the protocol, for stronger judges

statements     the statements of a passage    claims          the words of a claim
contradictions opposites and figures          closeness       how well the best place matches a claim
token_reader   the token vectors of both
"""
