"""The gradient of every example of a batch: its squared norms and inner products by parameter, and the gradient of the mean loss.

`factors` has the gradients as what they are products of, `closed_forms` finds these factors in the layers that have them, `definition`
computes the gradients of all other parameters one by one (by torch.func.vmap, or in a loop), and `examples_gradients` puts both together.
"""
