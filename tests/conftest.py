"""Options of the whole test suite."""

import signal

# Started in the background of a script, this process ignores Ctrl-C, and so would every command that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--update-fixtures", action="store_true", help="write the .after files and the .left files from what the engine does now")
    parser.addoption("--kills", type=int, default=12, help="random kill points of tests/transaction/test_kill.py")
    parser.addoption("--examples", type=int, default=25, help="examples of each target of tests/fuzz")
