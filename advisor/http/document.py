"""The OpenAPI document: FastAPI's own, with our one shape of errors in place of its own."""

from typing import Any

from fastapi import FastAPI

from advisor.http.problem import Problem

THEIRS = ("HTTPValidationError", "ValidationError")


def install(app: FastAPI) -> None:
    """The app's document, made when it is first asked for."""
    theirs = app.openapi

    def openapi() -> dict[str, Any]:
        document = theirs()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        for name in THEIRS:
            schemas.pop(name, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
