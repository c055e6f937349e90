"""Options of the whole test suite."""


def pytest_addoption(parser):
    parser.addoption("--update-fixtures", action="store_true", help="write the .after files and the .left files from what the engine does now")
    parser.addoption("--kills", type=int, default=12, help="random kill points of tests/transaction/test_kill.py")
