"""`measure`: many runs of a user's model from the same weights, and what the batch size does to their gradients, losses and errors.

`request` checks what was asked, `record` is what decides the numbers, `measurement` runs it: blocks of runs (`blocks`) that are trained
(`training`, by batches in the order of `orders`), looked at (`observation`) and evaluated (`evaluation`). `results` makes estimates of it.
"""
