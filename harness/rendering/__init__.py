"""Results become tables, pages and files: their values are computed first, then rendered in a format."""
