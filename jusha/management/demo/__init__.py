"""An invented world to look at: no charity, project, sponsor or person in it exists."""
