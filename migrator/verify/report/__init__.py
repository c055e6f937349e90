"""The result of a run in different forms: each a function of the same Verification."""
