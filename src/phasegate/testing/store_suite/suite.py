"""All that every store keeps to."""

from __future__ import annotations

from phasegate.testing.store_suite.access import AccessSentences
from phasegate.testing.store_suite.evidence import EvidenceSentences
from phasegate.testing.store_suite.flags import FlagSentences
from phasegate.testing.store_suite.logs import LogSentences
from phasegate.testing.store_suite.retention import RetentionSentences
from phasegate.testing.store_suite.servers import ServerSentences


class StoreSuite(
    LogSentences,
    EvidenceSentences,
    RetentionSentences,
    FlagSentences,
    AccessSentences,
    ServerSentences,
):
    """Inherit it in a class called Test… and say in `open_store` how your store is opened."""
