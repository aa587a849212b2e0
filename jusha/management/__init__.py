"""What a person runs by hand: `jusha <command>`; each command parses, calls one verb and tells."""
