"""Text to vectors: the ``Encoder`` protocol and its makers.

Only what is cheap to import is re-exported here. ``SentenceTransformerEncoder`` (``torch_encoder``) and ``export``
(``onnx_export``) bring torch with them once used: import them from their own modules.
"""

import os

# onnxruntime 1.29 and later reports its use to its maker over the network and keeps an identifier of the machine under
# the user's home, unless this is set before it is first imported; nothing outside this folder imports it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from bot.encoding.encoder import Agreement, Encoder, agreement, normalise
from bot.encoding.onnx_encoder import OnnxEncoder

__all__ = ["Agreement", "Encoder", "OnnxEncoder", "agreement", "normalise"]
