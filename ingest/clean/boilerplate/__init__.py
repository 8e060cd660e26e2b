"""Chrome: what is on the page but is not its content.

vocabulary  words of class names and phrases    rules      elements that are chrome by name, role or phrase
layout      edges of the content, fallbacks     recurring  blocks that recur over many pages
"""
