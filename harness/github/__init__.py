"""What is posted to GitHub, and the client that posts it."""
