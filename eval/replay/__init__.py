"""Ask a recorded answer again from the same passages.

recorded  read answers of `ask --json` and saved runs
rerun     find the passages of then, and ask again
compare   what differs between the answers of then and now
"""
