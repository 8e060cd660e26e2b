"""The folder of markdown pages.

folder    read and write pages       changes   compare, plan, carry out       starter   the pages shipped with askdocs
"""
