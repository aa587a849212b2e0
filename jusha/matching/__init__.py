"""Sponsors' pools and the published rules that turn a gift into a match."""
