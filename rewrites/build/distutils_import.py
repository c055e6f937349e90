"""Import from setuptools what came from distutils.

Python 3.12, which torch supports from 2.2 on, has no distutils.

Before:
    from distutils.core import setup
    setup(name="op")
After:
    from setuptools import setup
    setup(name="op")
"""

from __future__ import annotations

from migrator.python import cst, dotted
from migrator.rewrite import Change, Finding, Rewrite

ID = "distutils-import"
_MOVED = {
    ("distutils.core", "setup"): "setuptools",
    ("distutils.core", "Extension"): "setuptools",
    ("distutils.core", "Command"): "setuptools",
    ("distutils.extension", "Extension"): "setuptools",
    ("distutils.cmd", "Command"): "setuptools",
    ("distutils.dist", "Distribution"): "setuptools",
    ("distutils.command.build_ext", "build_ext"): "setuptools.command.build_ext",
    ("distutils.command.build_py", "build_py"): "setuptools.command.build_py",
    ("distutils.command.build", "build"): "setuptools.command.build",
    ("distutils.command.build_clib", "build_clib"): "setuptools.command.build_clib",
    ("distutils.command.install", "install"): "setuptools.command.install",
    ("distutils.command.install_lib", "install_lib"): "setuptools.command.install_lib",
    ("distutils.command.sdist", "sdist"): "setuptools.command.sdist",
}
_ADVICE = {
    "distutils.version": "packaging.version.Version, or torch.torch_version.TorchVersion for torch.__version__",
    "distutils.spawn": "from shutil import which",
    "distutils.sysconfig": "sysconfig of the standard library: sysconfig.get_paths()['include'], sysconfig.get_config_var(...)",
    "distutils.util": "write strtobool out; sysconfig.get_platform() for get_platform",
    "distutils.dir_util": "shutil.copytree(..., dirs_exist_ok=True), os.makedirs(..., exist_ok=True)",
    "distutils.file_util": "shutil.copy",
    "distutils.errors": "setuptools.errors (DistutilsError is BaseError there)",
    "distutils.ccompiler": "setuptools._distutils.ccompiler after import setuptools",
    "distutils.log": "logging",
}


def fix(ctx):
    module = ctx.module
    if module is None:
        return
    setuptools_first = min(
        (module.start(n) for n in module.find(cst.Import, cst.ImportFrom) if _source(n).split(".")[0] == "setuptools"), default=None
    )
    for node in module.find(cst.Import, cst.ImportFrom):
        source = _source(node)
        if source.split(".")[0] != "distutils" or module.enclosing(node, cst.Try) is not None:
            continue
        if isinstance(node, cst.ImportFrom) and not node.relative and not isinstance(node.names, cst.ImportStar):
            names = [dotted(a.name) for a in node.names]
            homes = {_MOVED.get((source, name)) for name in names}
            if len(homes) == 1 and None not in homes:
                yield Change(ID, (module.replace(node.module, homes.pop()),))
                continue
            if source == "distutils.spawn" and names == ["find_executable"] and node.names[0].asname is None:
                yield Change(ID, (module.replace(node.module, "shutil"), module.replace(node.names[0].name, "which as find_executable")))
                continue
        if setuptools_first is not None and setuptools_first < module.start(node):
            continue  # setuptools puts its own copy there
        advice = _ADVICE.get(source) or (
            next(
                (
                    _ADVICE[f"distutils.{a.name.value}"]
                    for a in getattr(node, "names", ())
                    if f"distutils.{getattr(a.name, 'value', '')}" in _ADVICE
                ),
                "",
            )
            if source == "distutils" and isinstance(node, cst.ImportFrom)
            else ""
        )
        yield Finding(
            ID, module.start(node), f"{source}: Python 3.12 has no distutils", advice or "use setuptools, or the standard library"
        )


def _source(node) -> str:
    if isinstance(node, cst.ImportFrom):
        return "." * len(node.relative) + (dotted(node.module) or "" if node.module is not None else "")
    return dotted(node.names[0].name) or ""


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"distutils"}), language="python", removed_in="2.2")
