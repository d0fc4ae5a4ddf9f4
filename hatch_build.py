"""Compiles flowsql's two small C libraries when it is built or installed, editable or not.

It takes the system's C compiler; where there is none, the one that the package ziglang brings. Without
either, or when compiling fails, flowsql is built without them: it then reads text with pyarrow.csv and counts
statistics with DuckDB, more slowly, with the same result.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("flowsql/ingest/tokenizer.c", "flowsql/store/group_by.c")
FLAGS = ["-O3", "-shared", "-fPIC"]
ZIG = "ziglang>=0.13,<1"
ZIG_MACHINES = ("x86_64", "aarch64")


class LibrariesHook(BuildHookInterface[Any]):
    """Adds the compiled libraries to the wheel, and the platform to the wheel's name."""

    def dependencies(self) -> list[str]:
        """What must be installed before building: a compiler, where the system has none."""
        can_have_zig = sys.platform == "linux" and platform.machine() in ZIG_MACHINES
        return [ZIG] if can_have_zig and not _system_compiler() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles before the wheel is put together; `version` is standard or editable."""
        if self.target_name != "wheel":
            return
        compiler = _system_compiler() or _zig()
        if not compiler:
            self.app.display_warning("no C compiler: building without the compiled libraries")
            return
        for source in SOURCES:
            library = Path(source).with_suffix(".so")
            if self._compile(compiler, Path(self.root, source), Path(self.root, library)):
                build_data["artifacts"].append(f"/{library}")
                build_data["pure_python"] = False
                build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

    def _compile(self, compiler: list[str], source: Path, library: Path) -> bool:
        draft = library.with_suffix(f".{os.getpid()}.so")
        command = [*compiler, *FLAGS, "-o", str(draft), str(source)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
            # Renamed, not written over: running processes may have the old one mapped.
            draft.replace(library)
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or error
            self.app.display_warning(f"building without the compiled {source.name}: {said}")
            draft.unlink(missing_ok=True)
            return False
        return True


def _system_compiler() -> list[str]:
    named = shlex.split(os.environ.get("CC", ""))
    if named:
        return named
    return next(([name] for name in ("cc", "gcc", "clang") if shutil.which(name)), [])


def _zig() -> list[str]:
    found = importlib.util.find_spec("ziglang") is not None
    return [sys.executable, "-m", "ziglang", "cc"] if found else []
