"""Results become tables, pages and files."""
