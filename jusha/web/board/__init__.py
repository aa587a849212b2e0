"""The board: rankings, the big screen and the wall of names, told beside the live numbers.

Its process may be killed at any moment and is the first to be let go under load (shed.py). What it
knows stands in its own tables and files; settlement never waits for it.
"""
