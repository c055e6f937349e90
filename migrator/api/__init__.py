"""Which names the C++ API of each torch and CUDA release has. ``index`` reads the data file; ``build`` and ``scan`` make it."""
