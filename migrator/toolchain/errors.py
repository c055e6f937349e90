"""The one error of this package. Its message is one line that says what to do next."""


class ToolchainError(Exception):
    """Something needed to compile is not here, or could not be fetched."""
