"""Reports: the pages in the reports folder; make one of a study, or of several to compare them."""

from datetime import UTC, datetime
from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field

from advisor.errors import UnknownError
from advisor.files import safe_join, slug, unique_slug
from advisor.http import plain
from advisor.http.api.studies import SLUG
from advisor.http.body import Body, StrictRoute
from advisor.http.once import Key, once
from advisor.http.service import Service, service
from studies.settings import MAX_NAME

router = APIRouter(route_class=StrictRoute, tags=["reports"])
At = Annotated[Service, Depends(service)]
Name = Annotated[str, Path(pattern=SLUG, description="Of a report.")]
# the page has its own policy inside: scripts by their hashes, no request; here it is also cut off from our origin
SANDBOX = "sandbox allow-scripts allow-downloads allow-popups; frame-ancestors 'none'"


class ReportBody(Body):
    """The studies of a report: of several, a comparison."""

    studies: list[Annotated[str, Field(min_length=1, max_length=MAX_NAME)]] = Field(min_length=1, max_length=20)


class Report(BaseModel):
    """A page in the reports folder."""

    name: str
    bytes: int
    written: str = Field(description="ISO 8601, UTC.")


@router.get("/reports", response_model=list[Report])
def reports(at: At) -> Response:
    """The reports, the newest first."""
    found = [_described(path) for path in at.config.reports_folder.glob("*.html") if slug(path.stem) == path.stem]
    return plain.as_json([r.model_dump() for r in sorted(found, key=lambda r: r.written, reverse=True)])


@router.post("/reports", status_code=201, response_model=Report)
async def make(body: ReportBody, at: At, key: Key = None) -> Response:
    """Write the report of a study, or one that compares several. It takes seconds."""
    path = at.config.reports_folder / f"{unique_slug(*body.studies)}.html"

    async def act() -> tuple[int, bytes]:
        status, answer = await at.writing.ask(written, at.config.store, body.studies, path)
        return (201, answer) if status == 200 else (status, answer)

    return await once(at.store, key, "report", body, act)


@router.get("/reports/{name}", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def report(name: Name, at: At, download: bool = False) -> Response:
    """The page."""
    path = _found(name, at)
    headers = {"Content-Security-Policy": SANDBOX}
    if download:
        headers["Content-Disposition"] = f'attachment; filename="{name}.html"'
    return Response(path.read_bytes(), headers=headers, media_type="text/html; charset=utf-8")


@router.delete("/reports/{name}", response_model=dict[str, str])
def delete(name: Name, at: At) -> Response:
    """Delete the page; the study stays."""
    _found(name, at).unlink(missing_ok=True)
    return plain.as_json({"deleted": name})


def written(store: str, names: list[str], path: File) -> bytes:
    """Write the page of these studies; what it is, as JSON. Runs in a lane: pandas and plotly are loaded there."""
    import reports as drawing
    from studies.store import open_store

    with open_store(store) as opened:
        records = [opened.load(name) for name in names]
    drawing.write(records, path)
    return plain.dumps(_described(path).model_dump())


def _found(name: str, at: Service) -> File:
    path = safe_join(at.config.reports_folder, f"{name}.html")
    if not path.is_file():
        raise UnknownError("report", name, [known.stem for known in at.config.reports_folder.glob("*.html")])
    return path


def _described(path: File) -> Report:
    facts = path.stat()
    written = datetime.fromtimestamp(facts.st_mtime, UTC).isoformat(timespec="seconds")
    return Report(name=path.stem, bytes=facts.st_size, written=written)
