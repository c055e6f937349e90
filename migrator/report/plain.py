"""Docstrings of rewrites for readers of plain text: code in single backticks, as in all else that cuport says."""


def plain(text: str) -> str:
    """A text of a docstring, with its double backticks as single ones."""
    return text.replace("``", "`")
