"""Projects, and the money line of each: which fen went where."""
