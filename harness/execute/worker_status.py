"""The exit statuses that the worker and its parent agree on; a test holds them against the worker's own."""

GATE_STATUS = 97
BROKEN_STATUS = 98
NOT_APPLICABLE_STATUS = 125
