"""Calendar feeds: the text that calendar programs fetch, and the forms by which people make and end addresses."""
