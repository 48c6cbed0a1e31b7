"""Compare the speed of the harness with a plain noxfile. No timing makes a test fail."""
