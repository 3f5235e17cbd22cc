"""One file per way to the same polynomial in 1/b. Each says what it can do and predicts its cost before it starts."""
