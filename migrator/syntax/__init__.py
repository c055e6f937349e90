"""Syntax trees of C++ and CUDA sources, with ``#define`` bodies parsed in place."""

from migrator.syntax.tree import Node, Tree, parse_fragment, parse_tree

__all__ = ["Node", "Tree", "parse_fragment", "parse_tree"]
