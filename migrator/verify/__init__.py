"""Shows what a port is worth: it compiles, it links, its kernels are the same, it runs.

    units     which translation units the extension has, read from its build files without running them
    compile   units by releases, to real objects, through ptxas
    link      what the objects ask for, against what the release's libraries export
    prove     the PTX of every kernel, before and after, instruction by instruction
    runner    built with the installed torch, imported, its operators listed
    report    the results as text, JSON and JUnit

Only `runner` executes anything of the project's.
"""
