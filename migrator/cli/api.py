"""``cuport api``: since when a name of torch's or CUDA's exists, until when, where, and instead of what."""

from __future__ import annotations

import re

import click

from migrator.cli import UsageError, examples
from migrator.report.plain import plain


@click.command(
    "api",
    epilog=examples(
        """
        cuport api AT_CHECK
        cuport api at::gesv --torch 1.8
        cuport api at::Tensor::symeig
        cuport api THC/THCAtomics.cuh
        cuport api cudaThreadSynchronize --cuda 13.0
        """,
        "Exit status: 0 the release has the name; 1 it has not; 2 an error.",
    ),
)
@click.argument("name")
@click.option("--torch", metavar="RELEASE", help="The torch release that is asked about (default: the newest known).")
@click.option("--cuda", metavar="RELEASE", help="The CUDA release that is asked about (default: the newest known).")
@click.pass_context
def command(context: click.Context, name: str, torch: str | None, cuda: str | None) -> None:
    """Say which releases have NAME: a macro, function, type, member or header of torch or CUDA.

    Write it as sources do (at::cholesky, at::Tensor::symeig, TORCH_CHECK, ATen/cuda/CUDAContext.h); without its namespace, every name
    that ends so is listed.
    """
    from migrator.api.index import Index

    index = Index.load()
    asked = {domain.title: _release(f"--{domain.title}", text, domain) for domain, text in zip(index.domains, (torch, cuda), strict=True)}
    name = name.strip().strip("<>\"").removesuffix("()")
    if not name:
        raise UsageError("NAME is empty; write a name such as AT_CHECK")
    entries = index.lookup_all(name)
    if not entries and "/" not in name:
        entries = index.search(name.rpartition("::")[2])
        if "::" in name:
            entries = [e for e in entries if e.name.endswith("::" + name)]
    known = context.obj() if context.obj is not None else None
    handlers = _handlers(known, name, bool(entries)) if known is not None else []
    instead = next((found for r in known.rewrites if r.instead and (found := r.instead(name))), None) if known is not None else None
    if not entries and instead is not None and instead[0]:
        click.echo(f"{name}: last in {instead[0]}\nwrite {instead[1]}")
        context.exit(1)
    if not entries and not handlers and _MADE.search(name):
        raise UsageError(f"{name} is made by a macro (AT_FORALL_SCALAR_TYPES in c10/core/ScalarType.h), whose names the index does not hold")
    if not entries and not handlers:
        near = [n for domain in index.domains for n in index.nearest(name, domain=domain.title)]
        raise UsageError(
            f"no torch from {_short(index.torch.releases[0])} to {_short(index.torch.releases[-1])} and no CUDA from {index.cuda.releases[0]} on "
            f"declares {name}" + (f"; did you mean {near[0]}?" if near else "")
        )
    there = False
    for entry in entries[:SHOWN]:
        domain = next(d for d in index.domains if d.title == entry.domain)
        release = asked[entry.domain]
        has = bool(entry.mask & domain.bit(release))
        there = there or has
        click.echo(_line(entry, domain, release, has))
        if entry.kind != "header":
            click.echo(f"    in <{entry.headers[0]}>" + (f" of {entry.last}" if not has else ""))
    if len(entries) > SHOWN:
        click.echo(f"... and {len(entries) - SHOWN} more; write more of the name")
    for rewrite in handlers:
        click.echo(f"rewrite {rewrite.id}: {plain(rewrite.title)}")
        for case in rewrite.cases:
            if isinstance(case.to, str) and name.rpartition("::")[2] in case.pattern:
                click.echo(f"    {case.pattern}  ->  {case.to}" + (f"  (since {case.since})" if case.since != "1.0" else ""))
    if not there and entries and not handlers and instead is not None:
        click.echo(f"write {instead[1]}")
    elif not there and entries and not handlers:
        domain = next(d for d in index.domains if d.title == entries[0].domain)
        near = index.nearest(entries[0].name, asked[domain.title], domain.title)
        if near:
            click.echo(f"nearest in {_product(domain.title)} {_short('.'.join(map(str, asked[domain.title])))}: {', '.join(near)}")
    if entries and not there:
        context.exit(1)


SHOWN = 12
_MADE = re.compile(r"(?:\A|::)(?:ScalarType::[A-Z]\w+|k[A-Z]\w+)\Z")


def _line(entry, domain, release, has: bool) -> str:
    product = _product(entry.domain)
    minors = [".".join(map(str, m)) for m in domain.minors]
    oldest, newest = minors[0], minors[-1]
    since = f"since {entry.first}" if entry.first != oldest else f"since {oldest} or before"
    until = "" if entry.last == newest else f", last in {entry.last}"
    holes = [m for m in minors[minors.index(entry.first) : minors.index(entry.last)] if m not in entry.releases]
    gaps = f", not in {', '.join(holes[:6])}{' ...' if len(holes) > 6 else ''}" if holes else ""
    verdict = "" if has else f"; not in {product} {'.'.join(map(str, release[:2]))}"
    return f"{entry.name}: {entry.kind}, {product}, {since}{until}{gaps}{verdict}"


def _product(title: str) -> str:
    return "CUDA" if title == "cuda" else title


def _short(release: str) -> str:
    return ".".join(release.split(".")[:2])


def _release(option: str, text: str | None, domain):
    from migrator import releases

    if text is None:
        return domain.minors[-1]
    try:
        release = releases.minor(releases.parse(text))
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
    if not domain.minors[0] <= release <= domain.minors[-1]:
        raise UsageError(f"{option}: the index holds {_short(domain.releases[0])} to {_short(domain.releases[-1])}, not {text}")
    return release


def _handlers(catalogue, name: str, declared: bool) -> list:
    """The rewrites that change a name; of one that headers declare, those of C++."""
    word = name.rpartition("::")[2]
    rewrites = [r for r in catalogue.rewrites if r.language == "c++" or not declared]
    return [r for r in rewrites if r.id != "removed-api" and (word in r.triggers or f"<{name}>" in r.doc)]
