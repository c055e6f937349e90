"""What can compile here: nvcc, the host compiler, and the headers of any torch release."""
from .errors import ToolchainError
from .find import find_toolkits, usable_toolkit
from .flags import compile_flags, python_include, standard, torch_standard
from .headers import HeaderSet, header_set, list_header_sets, needs_pybind11, pybind11_include, remove_header_set
from .host import HostCompiler, accepts, host_compiler, host_compilers
from .install import install_toolkit, remove_toolkit
from .releases import KNOWN_RELEASES, minor, resolve_release
from .toolkit import Toolkit

__all__ = [
    "KNOWN_RELEASES", "HeaderSet", "HostCompiler", "Toolkit", "ToolchainError", "accepts", "compile_flags", "find_toolkits",
    "header_set", "host_compiler", "host_compilers", "install_toolkit", "list_header_sets", "minor", "needs_pybind11",
    "pybind11_include", "python_include", "remove_header_set", "remove_toolkit", "resolve_release", "standard", "torch_standard",
    "usable_toolkit",
]
