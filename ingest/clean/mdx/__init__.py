"""Markdown of site generators (MDX, MyST, MkDocs, Hugo, VitePress, GitBook ...) -> plain markdown.

source       passes over a file; first removes code, formulas, programs, comments
containers   boxes, tabs, definitions: lines -> component tags; fenced code -> blocks
directives   kinds and titles of containers      fences       fenced code: language, title, removed lines
expressions  JavaScript in the prose of MDX
formulas     TeX between dollar signs or brackets
directive_tables  directives that write tables and lists
indented     indented code, by markdown-it-py    shortcodes   Hugo, GitBook, Jekyll, mdBook
roles        inline marks of dialects            html_blocks  HTML tables, lists, headings
components   component tags -> markdown          references   reference links -> inline links
normalize    spelling and line breaks            code_tables  tables that are code with line numbers
"""
