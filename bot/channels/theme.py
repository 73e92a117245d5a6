"""The look of the chat: calm colours, system fonts (no web font, hence no request to anyone)."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils.colors import Color

FONTS = ("PingFang SC", "HarmonyOS Sans SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")

_TEAL = Color(
    name="yiju",
    c50="#edf8f6", c100="#d3efeb", c200="#a9dfd8", c300="#75c9bf", c400="#3fa99e", c500="#178a80",
    c600="#0b6b64", c700="#095a54", c800="#0a4844", c900="#0b3b38", c950="#062422",
)  # fmt: skip


def clinic_theme() -> gr.themes.Base:
    """Return the theme; what Gradio's variables cannot say stands in ``static/chat.css``."""
    theme = gr.themes.Base(
        primary_hue=_TEAL,
        secondary_hue=_TEAL,
        neutral_hue=gr.themes.colors.slate,
        text_size=gr.themes.sizes.text_lg,
        radius_size=gr.themes.sizes.radius_lg,
        font=FONTS,
        font_mono=("ui-monospace", "Consolas", "monospace"),
    )
    return theme.set(
        body_background_fill="#f5f8f8",
        body_background_fill_dark="#0e1618",
        body_text_color="#1c2b30",
        body_text_color_dark="#e4edee",
        body_text_color_subdued="#506369",
        body_text_color_subdued_dark="#a3b5b9",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#162124",
        border_color_primary="#d9e3e4",
        border_color_primary_dark="#2b3b3f",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        input_background_fill="#ffffff",
        input_background_fill_dark="#162124",
        input_border_color="#b9c9cb",
        input_border_color_dark="#3a4d52",
        input_placeholder_color="#5d7076",
        input_placeholder_color_dark="#9aadb1",
        button_primary_background_fill="#0b6b64",
        button_primary_background_fill_dark="#178a80",
        button_primary_background_fill_hover="#095a54",
        button_primary_text_color="#ffffff",
    )
