"""Bills and statements that rails, banks and platforms give out, read as they are.

A reader knows a file's form (encoding, container, what stands above and below the lines) and
hands out its lines; what a line means is said by a map, in the room of gifts. Every line comes
out, read or refused, and what the file says of its own sums is compared with them.
"""
