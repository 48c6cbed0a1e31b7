"""From a report to an answer: choose environments, compare what they show, check the claims, write the reply."""
