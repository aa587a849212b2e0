"""The desk of staff: what waits for whom, and who may open which page of it."""
