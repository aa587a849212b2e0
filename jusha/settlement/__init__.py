"""The one writer: envelopes in; books, matches and log entries out, in one transaction."""
