"""What `jusha beside` says."""
