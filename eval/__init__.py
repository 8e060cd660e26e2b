"""Evaluate question sets, and what a maintainer learns from them.

dataset   read and check question files       scaffold  make question lines
gold      find the gold passages              runner    run the questions
records   questions, outcomes, runs           storage   save, resume, fingerprint
metrics   recall, MRR, nDCG, word budgets     citation_metrics   citation precision and recall
intervals bootstrap                           compare   significance between two runs
calibrate thresholds                          summary   figures of a run
report    the HTML report                     html      escaping, bars and charts
impact    what a docs change does to answers  gaps      what readers ask and the docs do not answer
bakeoff   which model is worth its price
replay    ask a recorded answer again           word_diff compare two texts word by word
questions the shipped question sets
"""
