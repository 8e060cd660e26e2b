"""`ask`.

run        one question                        chat      a session
answering  what both share                     dry_run   what would be sent
output     what is printed of an answer        text      the answer as people read it
"""
