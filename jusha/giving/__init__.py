"""Gifts: deeds as settled, refunds, cases, and files of gifts given elsewhere."""
