"""Settings, the embedded database and the supervisor of all processes."""
