"""One file per command, with its output in a file next to it.

ask, chat      answer questions; `answering` is what both share, `ask_output` what is printed,
               `ask_text` the answer as people read it, `page_address` where its pages are
dry_run        what would be sent
reindex        update the index; `change_log` writes what changed
inspect        retrieved chunks and pages; `inspect_output` prints them
evaluate       run question sets; `evaluate_output` prints the figures, `new_questions` makes question lines,
               `bakeoff` compares models
impact, gaps   what a docs change does to answers; what readers ask in vain
replay         ask recorded answers again; `replay_output` shows the difference
status, doctor, models
"""
