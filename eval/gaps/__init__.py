"""What readers ask and the docs do not answer.

clusters        the weak questions of a log, clustered
reasons         why a cluster has no good answer
report          the clusters as text and as one HTML page
question_lines  lines of a question file, made of clusters
"""
