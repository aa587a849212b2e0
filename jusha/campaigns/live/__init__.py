"""What is told while a campaign runs: rankings, and names that their donors wish to have shown."""
