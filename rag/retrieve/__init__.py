"""Rank passages.

search            first stage, second ranking             fusion      scores into one ranking; diversification
ranked            its best passages, and their evidence
exact             literals of the question, to the letter
late_interaction  token vectors against the question    rerank      cross-encoders
token_match       where a passage matches it               neighbours  the chunks around a hit
baselines         other rankings to compare with
"""
