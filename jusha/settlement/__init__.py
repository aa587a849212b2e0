"""The one writer: reads envelopes, decides, and writes books, matches and log entries in one transaction."""
