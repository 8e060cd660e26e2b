"""The reindex pipeline and the modules that only a reindex needs.

pipeline       the order of the stages              options         options and report of a run
plan           sources, pages to fetch again        crawl_source    read sources by crawling
folder_files   read files as pages                  included_files  files that pages include
folder_source  clean the pages of files             response_cache  HTTP responses kept for the next run
dedupe         one page for several addresses       reclean         clean kept responses with a newer cleaner
questions      have a model write questions for sections     question_cache  what it wrote
safeguards     loss of pages, new hosts
"""
