"""What an attacker sends: every body, path and text is answered by one line of a problem, and nothing runs or leaks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from advisor.http.app import create_app
from advisor.http.config import Config
from tests.http.loop import run

SECRET = "the content of a file that nobody may read"  # noqa: S105
JSON = {"Content-Type": "application/json"}
DEEP = 100_000
DIGITS = 4_000
GPT = '{"model": "gpt2", "plan": %s}'

BODIES = {
    "nothing": "",
    "no JSON": "model=gpt2",
    "half": '{"model": "gpt2"',
    "more": '{"model": "gpt2"} {}',
    "a list": "[]",
    "a text": '"gpt2"',
    "a number": "7",
    "null": "null",
    "true": "true",
    "an unknown key": '{"model": "gpt2", "modle": 1}',
    "a key twice": '{"model": "gpt2", "model": "tiny"}',
    "a key twice, inside": GPT % '{"batch": 1, "batch": 2}',
    "NaN": GPT % '{"batch": NaN}',
    "Infinity": GPT % '{"batch": Infinity}',
    "-Infinity": GPT % '{"batch": -Infinity}',
    "1e400": GPT % '{"batch": 1e400}',
    "-1e400": GPT % '{"batch": -1e400}',
    "4,000 digits": GPT % f'{{"batch": {"9" * DIGITS}}}',
    "5,000 digits": GPT % f'{{"batch": {"9" * 5_000}}}',
    "4,000 decimals": GPT % f'{{"batch": 0.{"9" * DIGITS}}}',
    "20 digits": GPT % '{"batch": 99999999999999999999}',
    "zero": GPT % '{"batch": 0}',
    "below zero": GPT % '{"batch": -1}',
    "true for 1": GPT % '{"batch": true}',
    "1.0 for 1": GPT % '{"batch": 1.0}',
    "a text for 1": GPT % '{"batch": "1"}',
    "a list for 1": GPT % '{"batch": [1]}',
    "a table for 1": GPT % '{"batch": {"__class__": 1}}',
    "1 for true": GPT % '{"grad_clip": 1}',
    "a text for true": '{"model": "gpt2", "rows": "true"}',
    "a table for a list": '{"model": {"family": "decoder", "depth": []}}',
    "no family": '{"model": {"family": "nothing"}}',
    "an unknown field": GPT % '{"__init__": 1}',
    "a field of Python's": GPT % '{"__class__": {"__base__": 1}}',
    "deep lists": "[" * DEEP + "]" * DEEP,
    "deep tables": '{"a":' * DEEP + "1" + "}" * DEEP,
    "rather deep": '{"model": ' + "[" * 500 + "]" * 500 + "}",
    "deep within bounds": '{"model": ' + '{"mlp": ' * 25 + "1" + "}" * 26,
    "a long name": json.dumps({"model": "x" * 100_000}),
    "a name of nothing": '{"model": ""}',
    "a null byte": '{"model": "gpt2\\u0000"}',
    "half a surrogate": '{"model": "\\ud800"}',
    "half a surrogate as GPU": '{"model": "gpt2", "gpu": "\\udfff"}',
    "a control character": '{"model": "gp\tt2"}',
    "a file as model": '{"model": "/etc/passwd"}',
    "a file of our own as model": '{"model": "../presets/gpt2.toml"}',
    "a file as profile": '{"model": "gpt2", "gpu": "T4", "profile": "../../../../etc/passwd"}',
    "a file as fraction": '{"model": "gpt2", "gpu": "T4", "fraction": "/etc/passwd"}',
    "memory beyond bounds": '{"model": "gpt2", "gpu_memory": 9223372036854775808}',
    "a million GPUs": '{"model": "gpt2", "gpu": "1000000x H100 SXM"}',
    "an empty Hugging Face config": '{"hf": {}}',
    "code beside a config": '{"hf": {"model_type": "__import__(\'os\')"}}',
    "a wide config": json.dumps({"hf": {f"key{i}": i for i in range(20_000)}}),
    "the deepest with the longest cycle": json.dumps(
        {
            "model": {
                "family": "decoder", "context": 8, "d_model": 8, "depth": 16384, "embedding": {"vocab": 8},
                "attention": {"heads": 1}, "mlp": {"hidden": 8},
            },
            "plan": {"checkpointing": "block", "checkpoint_every": 63, "gpus": 65536, "sharding": "zero3", "batch": 0},
        }
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service beside whose folders lies a secret."""
    folder = tmp_path_factory.mktemp("hostile")
    for name in ("data", "runs"):
        (folder / name).mkdir()
    (folder / "secret").write_text(SECRET)
    (folder / "secret.html").write_text(SECRET)
    (folder / "data" / "link").symlink_to(folder / "secret")
    (folder / "runs" / "link.html").symlink_to(folder / "secret.html")
    config = Config(store=str(folder / "s.db"), data_folder=folder / "data", reports_folder=folder / "runs")
    with TestClient(create_app(config), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


def refused(answer: object) -> None:
    """One line that says what was expected, of a mistake of the client's."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:200])  # type: ignore[attr-defined]
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    problem = answer.json()  # type: ignore[attr-defined]
    assert set(problem) == {"status", "title", "detail", "near"}
    assert problem["detail"].isprintable()
    assert len(problem["detail"]) < 1000
    assert not any(word in problem["detail"] for word in (SECRET, "Traceback", "advisor/", 'File "'))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_hostile_bodies(target: TestClient, body: str) -> None:
    refused(target.post("/api/v1/size", content=body.encode("utf-8", "surrogatepass"), headers=JSON))


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b'{"model": "\xc3\x28"}', "{}".encode("utf-16"), b"\x00"])
def test_bodies_that_are_no_utf_8(target: TestClient, content: bytes) -> None:
    refused(target.post("/api/v1/size", content=content, headers=JSON))


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"]
)
def test_only_json_is_read_as_json(target: TestClient, kind: str) -> None:
    refused(target.post("/api/v1/size", content=b'{"model": "gpt2"}', headers={"Content-Type": kind}))


@pytest.mark.parametrize("body", list(BODIES.values()), ids=BODIES.keys())
@pytest.mark.parametrize("path", ["/api/v1/studies", "/api/v1/propose", "/api/v1/reports"])
def test_hostile_bodies_elsewhere(target: TestClient, path: str, body: str) -> None:
    refused(target.post(path, content=body.encode("utf-8", "surrogatepass"), headers=JSON))


UP = (
    "../secret",
    "..\\secret",
    "%2e%2e/secret",
    "..%2fsecret",
    "%2e%2e%2fsecret",
    "..%5csecret",
    "%252e%252e%252fsecret",
)
TRAVERSALS = [
    *UP, "....//secret", "..;/secret", "../" * 8 + "etc/passwd", "%2e%2e%2f" * 8 + "etc%2fpasswd", "/etc/passwd",
    "//etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "file:%2f%2f%2fetc%2fpasswd", "~/.ssh/id_rsa",
    "~root/.bashrc", ".", "..", "%2e", "%2e%2e", "./secret", "secret%00", "secret%00.html", "secret.html%00",
    "..%00/secret", "..%0a/secret", "link", "link%2f", "%c0%ae%c0%ae/secret", "%c0%ae%c0%ae%c0%afsecret",
    "..%c0%afsecret", "%uff0e%uff0e/secret", "%ef%bc%8e%ef%bc%8e%2fsecret", "C:%5cWindows%5cwin.ini",
    "%5c%5chost%5cshare", "..%2f..%2f..%2fproc%2fself%2fenviron", "logs%2f..%2f..%2fsecret", "..%2fs.db",
    "%2fdev%2fzero", "%2fproc%2fself%2fmem", "nul", "con.html",
]  # fmt: skip


def get(client: TestClient, raw: str) -> tuple[int, str]:
    """Status and text of GET by a path that no client has put right before it was sent."""
    head = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"}
    path = {"path": unquote(raw), "raw_path": raw.encode(), "query_string": b"", "root_path": ""}
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        **head,
        **path,
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    run(client.app, scope, receive, send)
    return said[0]["status"], b"".join(message.get("body", b"") for message in said).decode("utf-8", "replace")


@pytest.mark.parametrize("path", TRAVERSALS)
def test_paths_lead_nowhere_else(target: TestClient, path: str) -> None:
    for place in ("/api/v1/reports/", "/static/", "/api/v1/studies/", "/api/v1/gpus/"):
        status, text = get(target, place + path)
        assert status in (400, 404, 405, 422), text[:200]
        assert SECRET not in text
        assert "root:" not in text


@pytest.mark.parametrize("path", TRAVERSALS)
def test_data_of_a_study_lies_in_the_data_folder(target: TestClient, path: str) -> None:
    refused(target.post("/api/v1/studies", json={"name": "thief", "budget_seconds": 60, "data": path}))
    assert target.get("/api/v1/queue").json() == []


@pytest.mark.parametrize(
    "name", ["..", ".", "a/b", "-x", "--resume", "A", "a b", "a\n", "", "é", "a" * 65, "con\x00", "a.", "%2e"]
)
def test_names_of_new_studies_are_slugs(target: TestClient, name: str) -> None:
    refused(target.post("/api/v1/studies", json={"name": name, "budget_seconds": 60}))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 5000])
def test_other_methods(target: TestClient, method: str) -> None:
    answer = target.request(method, "/api/v1/size")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "é"])
def test_keys_are_printable_and_short(target: TestClient, key: str) -> None:
    body = {"name": "keyed", "budget_seconds": 60}
    refused(target.post("/api/v1/studies", json=body, headers={"Idempotency-Key": key.encode()}))


def test_the_tables_are_as_long_as_promised() -> None:
    assert len(BODIES) >= 40
    assert len(TRAVERSALS) >= 40


def test_the_secret_is_where_the_tests_say(target: TestClient) -> None:
    folder: Path = target.app.state.service.config.data_folder  # type: ignore[attr-defined]
    assert (folder / "link").read_text() == (folder / "../secret").read_text() == SECRET
