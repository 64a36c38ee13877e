"""Every error that is ours, in one tree.

ApplianceError
+-- SettingsError        a setting is wrong; the start is refused
|   `-- CertificateRefused   a certificate, a key or the box's own authority cannot be used
+-- NetworkError         the LAN does not let us do what was asked
+-- InvalidInput         what was sent cannot be accepted; the sentence says what to do
|   +-- PromptTooLong    more tokens than the model can read
|   +-- GrammarRefused   a grammar or JSON schema that cannot be followed
|   +-- CodeOfAnotherTime    a code of the second factor, minutes too early or too late
|   +-- ConversationFull     a conversation that may not be cut has come to its end
|   +-- DocumentRefused  a document that cannot be read: of no known kind, damaged or hostile
|   `-- ImportRefused    a file that cannot be taken in: not an export, damaged or hostile
|       `-- ImportTooLarge    it is larger than the box takes in, or would become so
+-- NotFound             no such thing, or not this person's
|   `-- LinkGone         a one-time link that is used, too old or not whole
+-- NotSignedIn          nobody is signed in here, or not any more
+-- NotSetUp             there are no accounts yet; nobody is let in before there are
+-- NotAllowed           whoever asks may not do that
+-- TooManyTries         too much was asked for or got wrong; later it may be tried again
|   `-- OverLimit        this person or key has used what is allowed for now
+-- Conflict             right request, wrong moment: another turn is still running
+-- AccountClosed        the account is sealed, and nobody has opened it
+-- ModelError           a model file or preset
|   +-- ModelMissing     there is no such model here
|   `-- ModelRefused     the file is broken, hostile or not what it claims to be
+-- EngineError          the engine could not do what was asked
|   +-- EngineUnavailable    no model is loaded: still loading, or loading failed
|   |   `-- RemoteFailed     the machine at engine.url is away, or does not do what was asked
|   |       +-- RemoteAway       it does not answer, and may come back
|   |       `-- RemoteLoading    it is there, and loads its model
|   `-- QueueFull        too many sequences wait already
+-- StoreError           SQLite could not do what was asked
|   +-- StoreRefused     the database cannot be opened: newer, damaged or not writable
|   `-- StoreFull        no space is left on the disk
+-- InstallationError    the box was not installed, updated, rolled back or removed as asked
|   `-- BundleRefused    a bundle is changed, signed by somebody else, or for another machine
+-- BackupError          a backup could not be made or restored; nothing was changed
|   `-- BackupRefused    the file is damaged, hostile, locked, or of a newer version
`-- HotError             Valkey is away; never reaches a person

Each message is one sentence for the person who reads it, and says what to do. `str(error)` is that
sentence in English, for logs and programs; `error.sentence` can be said in the reader's language.
"""

from datetime import UTC, datetime
from math import ceil

from appliance.sentences import said_before, say

_CLOSED = say("This account is sealed. Sign in with its password to open it.")


def clocks_differ(clock: str) -> str:
    """What to do about a clock that is wrong; `clock` is what the box's own says."""
    return say(
        "That code is one of another time: the clock of this box says %(clock)s. Compare it with "
        "your phone's, and let the one that is wrong set itself. Then type a new code.",
        clock=clock,
    )


class ApplianceError(Exception):
    """The root: catch this at an edge (command line, request), nowhere else."""

    @property
    def sentence(self) -> str:
        """What to tell a person at the page."""
        first = self.args[0] if self.args else ""
        return said_before(first if isinstance(first, str) else str(first))


class SettingsError(ApplianceError):
    """A setting has a value it cannot have."""


class CertificateRefused(SettingsError):
    """A certificate or key is damaged, missing or not what it has to be."""


class NetworkError(ApplianceError):
    """The network around the box is not as it has to be."""


class InvalidInput(ApplianceError):
    """A person or a program sent something that cannot be accepted."""


class PromptTooLong(InvalidInput):
    """A message alone is longer than the model's context."""


class GrammarRefused(InvalidInput):
    """A grammar or JSON schema is wrong, impossible or too large to be followed."""


class CodeOfAnotherTime(InvalidInput):
    """A code that was or will be right; `at` is what the box's clock says."""

    def __init__(self, at: int) -> None:
        clock = datetime.fromtimestamp(at, UTC).strftime("%H:%M UTC")
        super().__init__(clocks_differ(clock))
        self.at = at


class ConversationFull(InvalidInput):
    """The whole conversation does not fit into the context, and nothing of it may be left out."""


class DocumentRefused(InvalidInput):
    """The file is no document that the box can read, or is damaged or hostile."""


class ImportRefused(InvalidInput):
    """The file is no export that the box knows, or is damaged or hostile."""


class ImportTooLarge(ImportRefused):
    """The file, or what it unpacks to, is larger than the box takes in."""


class NotFound(ApplianceError):
    """There is no such thing, or it belongs to someone else; the two look the same from outside."""


class LinkGone(NotFound):
    """A link that lets in once is not good, or not any more."""


class NotSignedIn(ApplianceError):
    """Nobody is signed in in this browser, or the key is not known."""


class NotSetUp(ApplianceError):
    """There are no accounts yet. `is_here`: whether the one who asks is at this very machine."""

    def __init__(self, sentence: str, *, is_here: bool) -> None:
        super().__init__(sentence)
        self.is_here = is_here


class NotAllowed(ApplianceError):
    """The box knows who asks, and they may not."""


class TooManyTries(ApplianceError):
    """Not now: so much was asked for, or so often got wrong."""

    def __init__(self, sentence: str, retry_after_seconds: int) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class OverLimit(TooManyTries):
    """Asked as often, or for as many tokens, as is allowed; `kind` is `requests` or `tokens`."""

    def __init__(self, sentence: str, kind: str, seconds: float) -> None:
        super().__init__(sentence, ceil(seconds))
        self.kind = kind


class Conflict(ApplianceError):
    """The request is fine, but not now."""


class AccountClosed(ApplianceError):
    """What is kept is sealed, and its key is not here: its person has to open it."""

    def __init__(self, sentence: str = _CLOSED) -> None:
        super().__init__(sentence)


class ModelError(ApplianceError):
    """A model file or preset cannot be used."""


class ModelMissing(ModelError):
    """No model of that name, or its file is gone."""


class ModelRefused(ModelError):
    """The file is damaged, hostile or not a GGUF model."""


class EngineError(ApplianceError):
    """The engine could not run a sequence."""


class EngineUnavailable(EngineError):
    """No model is loaded at the moment."""


class RemoteFailed(EngineUnavailable):
    """The machine at engine.url is away, or does not do what it was asked."""


class RemoteAway(RemoteFailed):
    """It does not answer, or fails; it may be back in a moment."""


class RemoteLoading(RemoteFailed):
    """It is there, and loads its model."""


class QueueFull(EngineError):
    """So many sequences wait that another one would only make everybody slower."""


class StoreError(ApplianceError):
    """SQLite could not do what was asked."""


class StoreRefused(StoreError):
    """The database cannot be opened as it is."""


class StoreFull(StoreError):
    """The disk has no space left; nothing that was accepted before is lost."""


class InstallationError(ApplianceError):
    """The installation stays, or is again, as it was; the sentence says why."""


class BundleRefused(InstallationError):
    """A bundle is not what was signed, or not for this machine; nothing of it was unpacked."""


class BackupError(ApplianceError):
    """A backup could not be made or restored; what was there before still is."""


class BackupRefused(BackupError):
    """The file is no whole backup that this version can restore."""


class HotError(ApplianceError):
    """Valkey did not answer. Callers carry on without it."""
