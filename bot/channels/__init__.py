"""The doors to the outside: Gradio chat, REST interface, source pages. Each knows only a dialogue and its replies."""
