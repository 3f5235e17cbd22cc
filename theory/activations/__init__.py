"""Activation functions that are no polynomials: in doubles, in ball arithmetic with all derivatives, and what is known of them.

    sigmoid 1/(1 + e^-x)      tanh      softplus log(1 + e^x)      gelu x Phi(x)      silu x sigmoid(x)
    elu  e^x - 1 for x < 0, x otherwise            relu  max(x, 0)            leaky_relu(a)  a x for x < 0, x otherwise

An activation is analytic on each side of its breakpoints. It is *smooth* when it is C^1 with a Lipschitz derivative, which is what
Theorems 3.6 and A.9 need: errors of sigma and sigma' then bound the error of every gradient. relu and leaky_relu are not: a pre-activation
on the other side of a jump of sigma', however near, changes the gradient by the jump. Where two pieces meet, the derivative in use is the
left one, as in PyTorch's relu.
    Activation       the record: `named` has the ones above, their formulas are in `formulas`
    activation       from a name to its Activation
    custom           one of your own
"""

from theory.activations.named import activation, leaky_relu
from theory.activations.record import Activation, Piece
from theory.activations.users_own import custom

__all__ = ["Activation", "Piece", "activation", "custom", "leaky_relu"]
