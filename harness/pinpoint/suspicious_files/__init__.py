"""The changed files that may be the cause of a transition: a hint where no commit is searched."""
