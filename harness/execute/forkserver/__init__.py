"""Fork servers: processes that import once and are forked for each attempt."""
