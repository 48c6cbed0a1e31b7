"""The result of a search: as values, as sentences, as documents for programs, and as text for people."""
