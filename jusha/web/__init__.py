"""Pages, without JavaScript too."""
