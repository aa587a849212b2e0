"""Entries of the processes that `jusha up` supervises; each also runs alone."""
