"""Where samples and batches come from: streams of random numbers, data sets, batches, synthetic problems."""
