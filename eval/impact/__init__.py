"""What a change of the docs does to the answers.

headings  questions made from the docs' headings
effects   compare the answers to a question before and after
run       answer the questions in two generations
report    the effects as text, markdown and HTML
"""
