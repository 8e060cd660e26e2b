"""Evaluate question sets.

dataset   read and check question files       scaffold  make question lines
gold      find the gold passages              runner    run the questions
records   questions, outcomes, runs           storage   save, resume, fingerprint
metrics   recall, MRR, nDCG, word budgets     citation_metrics   citation precision and recall
intervals bootstrap                           compare   significance between two runs
calibrate thresholds                          summary   figures of a run
report    the HTML report                     html      escaping, bars and charts
gaps      weak questions of a log, clustered    gap_reasons  why they have no answer
impact    what a docs change does to answers    impact_run  answer in two generations
impact_report  its markdown and HTML
questions the shipped question sets
"""
