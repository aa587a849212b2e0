"""One file a page: parse, ask, render. No writes through the ORM, no money arithmetic."""
