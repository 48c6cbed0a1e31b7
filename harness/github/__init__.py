"""Post to GitHub: the client of its API, and the texts."""
