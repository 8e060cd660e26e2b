"""Which model, embedder or reranker is worth its price.

systems   what is compared, opened            run       ask every system every question, within a budget
verdict   measures, significance, the best    report    the table as text, JSON and HTML
"""
