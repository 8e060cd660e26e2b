"""The commands that measure.

evaluate  run question sets                        evaluate_output  print the figures
bakeoff   compare models                           new_questions    make lines of a question file
impact    what a docs change does to answers       gaps             what readers ask in vain
replay    ask recorded answers again               replay_output    show the difference
"""
