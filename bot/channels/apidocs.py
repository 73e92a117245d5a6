"""The interface's own manual at ``/docs``: Swagger UI from the package ``fastapi-swagger``, nothing from a CDN."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from bot.channels.pages import render

# Swagger UI writes style attributes; its scripts are files.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def swagger_files() -> Path:
    """Return the folder of the Swagger UI files, found without importing the package."""
    spec = find_spec("fastapi_swagger")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("缺少 fastapi-swagger:pip install fastapi-swagger")
    return Path(next(iter(spec.submodule_search_locations))) / "resources"


def install(app: FastAPI) -> None:
    """Add ``/docs`` and the files it needs."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(render("docs.html", title=app.title), headers={"Content-Security-Policy": _POLICY})

    app.mount("/docs/files", StaticFiles(directory=swagger_files()), name="swagger")
