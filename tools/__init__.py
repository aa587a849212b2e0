"""What the house uses to write its own catalogues and reference; no part of the platform."""
