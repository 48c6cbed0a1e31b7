"""Files and folders: bounded reading, atomic writing, folders that are removed with their process."""
