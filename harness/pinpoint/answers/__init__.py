"""What a search found: as values, as sentences, as documents for programs, and as text for people."""
