"""MDX and other markdown dialects -> plain markdown.

source      the passes in order           components   JSX components
normalize   spelling and line breaks      code_tables  tables that are code with line numbers
"""
