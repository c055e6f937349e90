"""``python -m cuport``: the command line, where no ``cuport`` is on the PATH. From Python: ``from migrator import plan, apply``."""

from rewrites import main

if __name__ == "__main__":
    main()
