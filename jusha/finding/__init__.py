"""Finding projects and charities: an index of words that a sweep keeps, and the order of a day.

What is found and in which order is a published function that nobody can buy a place in
(docs/design/0029-finding.md).
"""
