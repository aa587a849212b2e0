"""Commands of the rival, one a file."""
