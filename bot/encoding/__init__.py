"""Text to vectors: the ``Encoder`` protocol and its makers.

Only what is cheap to import is re-exported here. ``SentenceTransformerEncoder`` (``torch_encoder``) and ``export``
(``onnx_export``) bring torch with them once used: import them from their own modules.
"""

from bot.encoding.encoder import Agreement, Encoder, agreement, normalise
from bot.encoding.onnx_encoder import OnnxEncoder

__all__ = ["Agreement", "Encoder", "OnnxEncoder", "agreement", "normalise"]
