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
