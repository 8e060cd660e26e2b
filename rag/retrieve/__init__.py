"""Rank passages.

search            first stage, second ranking, hits     fusion      scores into one ranking; diversification
late_interaction  token vectors against the question    rerank      cross-encoders
baselines         other rankings to compare with
"""
