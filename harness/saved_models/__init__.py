"""What saved models say about who wrote them, read without Keras and without running any code of theirs."""
