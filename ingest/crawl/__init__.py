"""A URL -> pages as the site serves them.

crawler      the loop: frontier -> visit -> page       frontier     URLs to visit, and limits
scope        which URLs belong to the source           visit        one URL: conditions, redirects, `.md`
fetch        one HTTP exchange within a deadline       connect      DNS and checked addresses (SSRF)
response     status, headers, decompression            politeness   rate limits, Retry-After, robots delays
robots       robots.txt                                discover     sitemaps and llms.txt
aliases      several addresses of one page             markdown_variants   `.md` twins of HTML pages
worker_pool  page cleaning in parallel processes
"""
