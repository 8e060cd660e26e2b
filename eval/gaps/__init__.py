"""What readers ask and the docs do not answer.

clusters  the weak questions of a log, clustered
reasons   why a cluster has no good answer
"""
