"""Models that go on from where they stopped: the kernels behind the pages' live laboratories.

A page calls a kernel some sixty times a second, for a few steps each time, so all that the model
remembers is in arrays. One file a model; every step is taken by the model's own kernel.
"""
