"""cuport's engine: parses C++, CUDA and Python sources, applies rewrites, proves the result. Knows nothing of PyTorch."""

__version__ = "0.1.0"
