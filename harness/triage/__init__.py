"""Answer a report: choose environments, compare results, check the claims, write the reply."""
