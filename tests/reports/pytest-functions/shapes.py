import numpy as np


def column():
    return np.ones((4, 1))
