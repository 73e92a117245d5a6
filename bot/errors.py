"""The error tree. A message names the cause, the value and the remedy, in Chinese, for clinic staff to read.

Library code raises these; only the edge (command line, HTTP) turns them into exit codes, statuses and sentences.
"""


class YijuError(Exception):
    """The root of everything that this project raises on purpose."""


class SettingsError(YijuError):
    """A setting has an unusable value."""


class CorpusError(YijuError):
    """A text of the corpus cannot be read; the message names file and line."""


class EncoderError(YijuError):
    """A model cannot be found, unpacked, exported or loaded."""


class IndexFormatError(YijuError):
    """An index is missing, damaged, of another format or foreign; the message says what to do."""


class BuildBusyError(YijuError):
    """Another build holds the lock of this index folder."""


class QuestionError(YijuError):
    """A question cannot be taken (empty, too long); the message is fit for the patient."""


class UnknownPassageError(YijuError):
    """No passage or document of that name is in the index."""


class SafetyError(YijuError):
    """A safety rule file is missing or wrong; the message names file and rule."""


class JournalError(YijuError):
    """The journal cannot be read or changed; the message says what to do."""


class ForgedMessageError(YijuError):
    """A message does not carry a valid, fresh signature of its platform; nothing was done for it."""


class BadMessageError(YijuError):
    """A signed message of a platform cannot be read: damaged, too large, of a forbidden form."""


class MessageTooLargeError(BadMessageError):
    """A message is larger than any honest one."""


class ChannelBusyError(YijuError):
    """A message could not even be noted; its sender is to deliver it again."""


class PlatformError(YijuError):
    """A platform's interface refused a call or cannot be reached.

    ``code`` is the platform's own error code (0: none); ``maybe_done`` where the call may have had its effect.
    """

    def __init__(self, message: str, code: int = 0, maybe_done: bool = False) -> None:
        super().__init__(message)
        self.code, self.maybe_done = code, maybe_done
