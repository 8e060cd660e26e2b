"""Chrome: the elements of a page that are not its content.

vocabulary  words of class names and phrases    density    text and links of every element, measured once
rules       elements that are chrome by name, role or phrase
layout      chrome by its position: around the title, at the end, around the content of a bare body
endings     sections at the end that ask for feedback or lead to other pages
recurring   blocks that recur over many pages
"""
