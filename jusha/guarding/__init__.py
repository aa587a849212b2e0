"""Abuse of matches: rules with dates, what they find, what people decide about it."""
