"""What is not broken but dated or wrong: off by default, ``cuport migrate --select modernize``."""
