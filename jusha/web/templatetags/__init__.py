"""Words that templates use: amounts, grains, proofs."""
