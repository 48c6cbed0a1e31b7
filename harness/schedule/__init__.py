"""Decide what runs next on this machine: environments, fork servers, attempts, memory."""
