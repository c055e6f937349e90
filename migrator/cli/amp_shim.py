"""``cuport amp-shim``: write the mixed-precision module into a project."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli import GivenPath, UsageError, examples


@click.command("amp-shim", epilog=examples("cuport amp-shim mypackage", "Exit status: 0 written, or there already; 2 an error."))
@click.argument("path", type=GivenPath(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that holds something else.")
def command(path: Path, force: bool) -> None:
    """Write amp_compat.py: one import gives autocast and GradScaler that work on torch 1.6 to 2.15, with CUDA or on CPU only.

    PATH is the folder to write it into, or a file name that ends in .py. It needs nothing but torch.
    """
    from migrator.amp_shim import MODULE, source
    from migrator.write import write_atomically

    target = path if path.suffix == ".py" and not path.is_dir() else path / f"{MODULE}.py"
    data = source()
    try:
        if target.exists() and not force:
            if target.read_bytes() != data:
                raise UsageError(f"{target} exists and holds something else; give another PATH, or --force to replace it")
            click.echo(f"{target} is there already", err=True)
            return
        if not target.parent.is_dir():
            raise UsageError(f"{target.parent} is not a folder; give one that exists")
        write_atomically(target, data, None if target.exists() else 0o644)
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror or error}; nothing was written") from None
    click.echo(f"wrote {target}: from {target.stem} import GradScaler, autocast", err=True)
