"""Files that people hand in: judged by what they hold, kept under their hash, shown when public."""
