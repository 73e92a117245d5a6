"""Every refusal in one shape: ``{"error": {"code", "message"}}`` for programs, a small page for people."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from bot.channels import wording
from bot.channels.pages import render
from bot.errors import YijuError

log = logging.getLogger(__name__)

_CODE_OF_STATUS = {400: "bad_request", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="给程序看的错误代码", examples=["question_empty"])
    message: str = Field(description="给人看的中文说明", examples=["请先写下您的问题。"])


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class ApiError(Exception):
    """A refusal with its HTTP status; ``message`` overrides the wording of ``code``."""

    def __init__(
        self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None, **values: object
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.headers = status, code, headers
        self.message = message or wording.ERRORS[code].format(**values)


def error_response(error: ApiError, scope: Scope) -> Response:
    """Render a refusal: a page where a browser asks for one outside ``/api``, else JSON."""
    accept = dict(scope.get("headers", [])).get(b"accept", b"")
    if b"text/html" in accept and not str(scope.get("path", "")).startswith(("/api/", "/gradio_api/")):
        page = render("notice.html", message=error.message)
        return HTMLResponse(page, status_code=error.status, headers=error.headers)
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, status_code=error.status, headers=error.headers)


def field_errors(errors: list[dict[str, Any]]) -> ApiError:
    """Turn pydantic's findings into one refusal that names the fields but never repeats their values."""
    if any(item["type"] == "json_invalid" for item in errors):
        return ApiError(400, "bad_json")
    lines = []
    for item in errors:
        field = ".".join(str(part) for part in item["loc"] if part not in ("body", "query", "path")) or "body"
        problem = wording.FIELD_PROBLEMS.get(item["type"], wording.FIELD_PROBLEM_OTHER)
        lines.append(wording.FIELD_ERROR.format(field=field[:40], problem=problem))
    return ApiError(422, "bad_fields", wording.ERRORS["bad_fields"] + "\uff1b".join(lines[:5]))


def log_failure(error: BaseException, path: str) -> None:
    """Log where an unexpected error happened, without its message, which may hold a patient's words."""
    frames = "".join(traceback.format_tb(error.__traceback__)[-8:])
    log.error("%s at %s\n%s", type(error).__name__, path, frames)


def install(app: FastAPI) -> None:
    """Register the handlers, so that no refusal reaches a client in another shape."""

    async def refuse(request: Request, error: Exception) -> Response:
        if isinstance(error, ApiError):
            refusal = error
        elif isinstance(error, RequestValidationError):
            refusal = field_errors(list(error.errors()))
        elif isinstance(error, HTTPException):
            code = _CODE_OF_STATUS.get(error.status_code, "bad_request")
            headers = dict(error.headers) if error.headers else None
            # FastAPI reports a body that is not UTF-8 JSON, or nested too deeply, as a bare 400.
            code = "bad_json" if error.status_code == 400 and request.method == "POST" else code
            refusal = ApiError(error.status_code, code, headers=headers)
        else:  # an index that went away under us, and the like
            log_failure(error, request.url.path)
            refusal = ApiError(503, "not_ready", headers={"Retry-After": "5"})
        return error_response(refusal, request.scope)

    for kind in (ApiError, RequestValidationError, HTTPException, YijuError):
        app.add_exception_handler(kind, refuse)
