"""Django's PostgreSQL engine with a cheaper way to learn that a connection is gone."""
