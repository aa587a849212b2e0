"""The front door: checks signatures over raw bytes and answers when a message is durable."""
