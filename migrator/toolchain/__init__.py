"""What can compile here: nvcc, the host compiler, and the headers of any torch release."""
from .errors import ToolchainError
from .flags import compile_flags, python_include, standard
from .headers import HeaderSet, header_set, list_header_sets, pybind11_include, remove_header_set
from .releases import KNOWN_RELEASES, minor, resolve_release
from .toolkit import Toolkit, find_toolkits, install_toolkit, usable_toolkit

__all__ = [
    "KNOWN_RELEASES", "HeaderSet", "Toolkit", "ToolchainError", "compile_flags", "find_toolkits", "header_set",
    "install_toolkit", "list_header_sets", "minor", "pybind11_include", "python_include", "remove_header_set",
    "resolve_release", "standard", "usable_toolkit",
]
