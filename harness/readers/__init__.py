"""The versions that read a file: from the published table, and by trying it."""
