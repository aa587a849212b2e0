"""The back office: officers of the platform look things up here, and change nothing.

It is Django's own admin, held to reading: it lists, filters and finds, and leads to the page of the
desk where a verb is. Nothing here can add, change or delete anything.
"""
