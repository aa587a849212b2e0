"""Open data: what pages show to everybody, for programs, streamed and without persons."""
