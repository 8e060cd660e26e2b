"""Check what was written against the passages.

citations      resolve marks to quotes        links           links that lead to sources only
sentence_gate  release judged sentences       support         whether a passage supports a sentence
statements     the statements of a passage    claims          the words of a claim
contradictions opposites and figures
"""
