"""Surveys many repositories: each is planned, and verified if asked, in a process of its own; what came out is one survey.

    listing   the repositories that a list or a GitHub export names
    job       one repository with what was asked for, as plain data that can travel to another machine
    mirror    bare clones, and a worktree of one commit for as long as a job needs it
    task      what the process of a job does: the record of one repository
    child     starts that process inside its limits and completes the record
    store     one record a repository in the output folder; finished ones are kept
    cluster   the same jobs on a Dask scheduler
    survey    the records as one value, as JSON and as Parquet
    html      the same as a page

Nothing of a repository is executed.
"""


class FleetError(Exception):
    """The survey, or one repository of it, cannot be made; the message is one line that says what to do."""
