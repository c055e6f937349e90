"""The report as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from ..verification import Verification
from .text import story


def as_dict(result: Verification) -> dict[str, Any]:
    project = result.project
    return {
        "version": 1,
        "ok": result.ok,
        "path": str(result.path),
        "archs": list(result.archs),
        "cuda": result.cuda,
        "compiler": result.compiler,
        "units": [
            {
                "source": u.name,
                "extension": u.extension,
                "include_dirs": [str(d) for d in u.include_dirs],
                "defines": list(u.defines),
                "flags": list(u.flags),
                "other_flags": list(u.other_flags),
            }
            for u in (project.units if project else [])
        ],
        "notes": project.notes if project else [],
        "originals": result.before_description,
        "unchanged": result.unchanged,
        "before": result.before.as_dict() if result.before else None,
        "after": result.after.as_dict() if result.after else None,
        "summary": story(result),
        "advice": result.advice,
        "proofs": [proof.as_dict() for proof in result.proofs],
        "run": result.run.as_dict() if result.run else None,
        "cost": {
            "compiled": result.compiled,
            "reused": result.reused,
            "downloaded_bytes": result.downloaded,
            "seconds": round(result.seconds, 2),
            "peak_bytes": result.peak_bytes,
        },
    }


def render(result: Verification) -> str:
    return json.dumps(as_dict(result), indent=2) + "\n"
