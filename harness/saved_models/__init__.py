"""Read who wrote a saved model, without Keras and without running any code of the model."""
