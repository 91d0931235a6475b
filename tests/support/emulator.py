"""A Hub on loopback, large enough for the real `huggingface_hub` and `datasets` clients.

Every request can be made to fail (`HubEmulator.inject`): with a status, with a connection that is dropped
before or after the request took effect, with a page of HTML, or with no answer at all.
Tests may read its state: plain Python.
"""

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from hub_state import Repo, content_oid, is_large, list_tree, sha256, tree_entry

USER = "me"
TOKEN = "hf_emulatedTokenOfTheTests"
DROP_BEFORE, DROP_AFTER, HANG, PAGE = "drop-before", "drop-after", "hang", "page"
HTML = b"<!doctype html><html><body>Please sign in to the network of the hotel.</body></html>"


@dataclass
class Reply:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    endpoint: str
    kind: int | str
    skip: int
    times: int
    headers: dict[str, str]
    effect: Callable[[], None]


@dataclass
class Request:
    emulator: "HubEmulator"
    method: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    path_parts: dict[str, str]

    def json(self) -> dict:
        return json.loads(self.body)


def as_json(value: object, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def refusal(status: int, message: str, code: str = "") -> Reply:
    headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return as_json({"error": message}, status, **headers)


class HubEmulator:
    """Accepts the token `TOKEN` of the user `USER`, who may write to `USER/*` only."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.unanswered: list[str] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self.is_over = threading.Event()
        emulator = self

        class Handler(HubHandler):
            hub = emulator

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> "HubEmulator":
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()

    def inject(
        self,
        endpoint: str,
        kind: int | str,
        *,
        skip: int = 0,
        times: int = 1,
        headers: dict[str, str] | None = None,
        effect: Callable[[], None] = lambda: None,
    ) -> Fault:
        """Let `skip` requests to `endpoint` through, then fail `times`; each runs `effect`."""
        self.faults.append(Fault(endpoint, kind, skip, times, headers or {}, effect))
        return self.faults[-1]

    def due_fault(self, endpoint: str) -> Fault | None:
        for fault in self.faults:
            if fault.endpoint != endpoint or not fault.times:
                continue
            if fault.skip:
                fault.skip -= 1
            else:
                fault.times -= 1
                return fault
        return None

    def answer(self, endpoint: str, request: Request) -> Reply:
        """The reply, or the refusal that a wrong token or a missing repository earns."""
        repo_id = request.path_parts.get("repo_id")
        repo = self.repos.get(repo_id)
        signed_in = request.headers.get("authorization") == f"Bearer {TOKEN}"
        if "authorization" in request.headers and not signed_in:
            return refusal(401, "Invalid credentials in Authorization header")
        is_hidden = repo and repo.private and not (signed_in and is_mine(repo_id))
        if repo_id and (not repo or is_hidden):
            return refusal(404 if signed_in else 401, "Repository not found", "RepoNotFound")
        if endpoint in WRITING and not signed_in:
            return refusal(401, "Invalid username or password.")
        if endpoint in WRITING and repo_id and not is_mine(repo_id):
            return refusal(403, "You don't have the rights to write here")
        try:
            return ENDPOINTS[endpoint](request, repo)
        except Exception as error:
            self.unanswered.append(f"{endpoint}: {error!r}")
            return refusal(500, "The emulated Hub cannot answer")


class HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    hub: ClassVar[HubEmulator]

    def log_message(self, *arguments: object) -> None:
        pass

    def handle_request(self) -> None:
        url = urlsplit(self.path)
        body = self.read_body()
        with self.hub.lock:
            endpoint, match = self.route(url.path)
            if endpoint is None:
                self.hub.unanswered.append(f"{self.command} {url.path}")
                return self.send(refusal(404, "No such endpoint"))
            parts = {name: unquote(part or "") for name, part in match.groupdict().items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.hub, self.command, parse_qs(url.query), headers, body, parts)
            self.hub.requests.append(endpoint)
            fault = self.hub.due_fault(endpoint)
            if fault is None:
                return self.send(self.hub.answer(endpoint, request))
            if fault.kind == DROP_AFTER:
                self.hub.answer(endpoint, request)
            fault.effect()
            if fault.kind == PAGE:
                return self.send(Reply(200, HTML, {"Content-Type": "text/html"}))
            if isinstance(fault.kind, int):
                return self.send(Reply(fault.kind, b'{"error": "injected"}', fault.headers))
            self.close_connection = True
        if fault.kind == HANG:  # not under the lock: others are answered
            self.hub.is_over.wait()

    do_GET = do_HEAD = do_POST = do_PUT = handle_request

    def route(self, path: str) -> tuple[str | None, re.Match | None]:
        for endpoint, method, pattern in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.command == method:
                return endpoint, match
        return None, None

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)


def is_mine(repo_id: str) -> bool:
    return repo_id.startswith(f"{USER}/")


def create(request: Request, _: None) -> Reply:
    wanted = request.json()
    repo_id = f"{wanted.get('organization') or USER}/{wanted['name']}"
    url = f"{request.emulator.url}/datasets/{repo_id}"
    if not is_mine(repo_id):
        return refusal(403, "You don't have the rights to create a dataset under this namespace")
    if repo_id in request.emulator.repos:
        return as_json({"error": "You already created this dataset repo", "url": url}, 409)
    private = bool(wanted.get("private")) or wanted.get("visibility") == "private"
    request.emulator.repos[repo_id] = Repo(repo_id, private)
    return as_json({"url": url, "id": repo_id, "name": repo_id})


def info(request: Request, repo: Repo) -> Reply:
    commit = repo.at(request.path_parts["revision"] or "main")
    if commit is None:
        return refusal(404, "No such revision", "RevisionNotFound")
    siblings = [{"rfilename": path} for path in commit.files]
    description = {"id": repo.repo_id, "sha": commit.oid, "private": repo.private}
    return as_json({**description, "siblings": siblings, "tags": []})


def commits(request: Request, repo: Repo) -> Reply:
    listed = [
        {"id": c.oid, "title": c.title, "message": c.message, "date": "2026-01-01T00:00:00.000Z"}
        for c in reversed(repo.commits)
    ]
    return as_json([{**commit, "authors": [{"user": USER}]} for commit in listed])


def tree(request: Request, repo: Repo) -> Reply:
    commit = repo.at(request.path_parts["revision"])
    recursive = request.query.get("recursive") in (["true"], ["True"], ["1"])
    entries = commit and list_tree(commit.files, request.path_parts["path"], recursive)
    return refusal(404, "No such entry", "EntryNotFound") if entries is None else as_json(entries)


def paths_info(request: Request, repo: Repo) -> Reply:
    files = repo.at(request.path_parts["revision"]).files
    # Older clients send a form.
    is_form = "form" in request.headers.get("content-type", "")
    wanted = parse_qs(request.body.decode())["paths"] if is_form else request.json()["paths"]
    return as_json([tree_entry(path, files[path]) for path in wanted if path in files])


def preupload(request: Request, repo: Repo) -> Reply:
    files = repo.at(request.path_parts["revision"]).files

    def plan(path: str) -> dict:
        mode = "lfs" if is_large(path) else "regular"
        oid = content_oid(path, files[path]) if path in files else None
        return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid}

    return as_json({"files": [plan(file["path"]) for file in request.json()["files"]]})


def lfs_batch(request: Request, _: Repo) -> Reply:
    emulator = request.emulator
    objects = []
    for wanted in request.json()["objects"]:
        upload = {"upload": {"href": f"{emulator.url}/lfs/{wanted['oid']}"}}
        known = wanted["oid"] in emulator.blobs
        objects.append(wanted | ({} if known else {"actions": upload}))
    return as_json({"transfer": "basic", "objects": objects})


def lfs_put(request: Request, _: None) -> Reply:
    if sha256(request.body) != request.path_parts["oid"]:
        return refusal(400, "The content does not have this digest")
    request.emulator.blobs[request.path_parts["oid"]] = request.body
    return Reply(200)


def commit(request: Request, repo: Repo) -> Reply:
    header, *operations = (json.loads(line) for line in request.body.splitlines())
    if header["value"].get("parentCommit", repo.head.oid) != repo.head.oid:
        return refusal(412, "A commit has happened since. Please refresh and try again.")
    files = dict(repo.head.files)
    for operation in operations:
        value = operation["value"]
        if operation["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif operation["key"] == "lfsFile":
            if value["oid"] not in request.emulator.blobs:
                return refusal(400, f"The file {value['path']} was not uploaded")
            files[value["path"]] = request.emulator.blobs[value["oid"]]
        elif operation["key"] == "deletedFile":
            del files[value["path"]]
        else:
            return refusal(400, f"Unknown operation {operation['key']}")
    oid = repo.commit(header["value"]["summary"], header["value"]["description"], files).oid
    url = f"{request.emulator.url}/datasets/{repo.repo_id}/commit/{oid}"
    return as_json({"success": True, "commitOid": oid, "commitUrl": url})


def resolve(request: Request, repo: Repo) -> Reply:
    found = repo.at(request.path_parts["revision"])
    path = request.path_parts["path"]
    if found is None or path not in found.files:
        return refusal(404, "Entry not found", "EntryNotFound")
    content = found.files[path]
    headers = {"ETag": f'"{content_oid(path, content)}"', "X-Repo-Commit": found.oid}
    headers |= {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if not wanted:
        return Reply(200, content, headers)
    start, end = int(wanted[1]), int(wanted[2] or len(content) - 1)
    span = f"bytes {start}-{min(end, len(content) - 1)}/{len(content)}"
    return Reply(206, content[start : end + 1], headers | {"Content-Range": span})


REPO = r"(?P<repo_id>[^/]+/[^/]+)"
REVISION = r"(?P<revision>[^/]+)"
ROUTES = [
    ("create", "POST", r"/api/repos/create"),
    ("validate-yaml", "POST", r"/api/validate-yaml"),
    ("whoami", "GET", r"/api/whoami-v2"),
    ("info", "GET", rf"/api/datasets/{REPO}(/revision/{REVISION})?"),
    ("commits", "GET", rf"/api/datasets/{REPO}/commits/{REVISION}"),
    ("tree", "GET", rf"/api/datasets/{REPO}/tree/{REVISION}(/(?P<path>.*))?"),
    ("paths-info", "POST", rf"/api/datasets/{REPO}/paths-info/{REVISION}"),
    ("preupload", "POST", rf"/api/datasets/{REPO}/preupload/{REVISION}"),
    ("lfs-batch", "POST", rf"/datasets/{REPO}\.git/info/lfs/objects/batch"),
    ("lfs-put", "PUT", r"/lfs/(?P<oid>[0-9a-f]{64})"),
    ("commit", "POST", rf"/api/datasets/{REPO}/commit/{REVISION}"),
    ("resolve-head", "HEAD", rf"/datasets/{REPO}/resolve/{REVISION}/(?P<path>.+)"),
    ("resolve-get", "GET", rf"/datasets/{REPO}/resolve/{REVISION}/(?P<path>.+)"),
]
WRITING = {"create", "preupload", "lfs-batch", "commit"}
ENDPOINTS: dict[str, Callable[[Request, Repo | None], Reply]] = {
    "create": create,
    "validate-yaml": lambda request, _: as_json({"errors": [], "warnings": []}),
    "whoami": lambda request, _: as_json({"type": "user", "name": USER, "orgs": []}),
    "info": info,
    "commits": commits,
    "tree": tree,
    "paths-info": paths_info,
    "preupload": preupload,
    "lfs-batch": lfs_batch,
    "lfs-put": lfs_put,
    "commit": commit,
    "resolve-head": resolve,
    "resolve-get": resolve,
}
