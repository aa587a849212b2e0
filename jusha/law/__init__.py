"""Figures of the law by date: a number that a statute sets stands here and nowhere in code.

Law changes on a day, and what happened before that day is judged by the old figure.
"""
