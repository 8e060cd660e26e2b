"""The pipeline, and all that only a reindex needs.

pipeline       the order of the stages              options         what a run was asked to do
plan           sources, what to fetch again         crawl_source    gather by crawling
folder_source  gather from files                    response_cache  answers of the site, kept for the next run
dedupe         one page for several addresses       reclean         a newer cleaner over kept answers
safeguards     loss of pages, new hosts
"""
