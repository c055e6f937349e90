"""Build and run-time logs explained: the first real failure, its cause, and what to do."""

from .reader import lines
from .scan import Event, Report, scan
from .signature import Signature
from .signatures import signatures

__all__ = ["Event", "Report", "Signature", "lines", "scan", "signatures"]
