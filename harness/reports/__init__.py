"""What people send: scripts, and the other forms in which code arrives. Reads files, starts no process."""
