"""Plan files: text to `core.plan.Plan` and back, with everything wrong said at once."""

from phasegate.planfile.document import Look, Parsed, parse, parse_unreviewed
from phasegate.planfile.schema import schema
from phasegate.planfile.writing import write

__all__ = ["Look", "Parsed", "parse", "parse_unreviewed", "schema", "write"]
