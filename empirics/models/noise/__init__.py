"""What `gradient_noise` is made of: how a model behaves, gradients summed over examples or batches, moments, and the laws in b."""
