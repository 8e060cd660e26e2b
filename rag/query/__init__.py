"""Analyse the question.

understand   the steps in order       spelling     correct misspelt words
translation  lexicons into English    decompose    two-fold questions
rewrite      follow-up questions      literals     versions, numbered things, identifiers
frame        words that only ask, such as "mean"   small_talk   greetings, thanks, "who are you?"
"""
