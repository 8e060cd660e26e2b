"""Reading text: pure functions, no files, no network.

markdown      fences, code spans, blocks     front_matter   YAML header of a page
sentences     sentence boundaries            abbreviations  what a full stop may belong to
terms         tokens, stems, stop words      language       which language a text is in
unsafe        control and invisible characters
masking       keys, e-mails, long numbers    markdown_html  markdown as HTML that is safe to open
"""
