"""The search over the packages in which two environments differ."""
