"""Pages: rendered on the server, whole without JavaScript, Chinese first and English too."""
