"""The application, asked without a server."""

import asyncio
import json
import re
import threading

import pytest
from support.asgi import HOST, request

from vidpipe.serving import page
from vidpipe.serving.jobs import Answer
from vidpipe.utils.errors import UserError

ANSWER = Answer(b"film", "video/mp4", "gan3d-0.mp4", "vidpipe generate gan3d", "é")


@pytest.fixture
def jobs(monkeypatch):
    """What was asked for; each job is answered at once."""
    seen = []

    def run_job(*job):
        seen.append(job)
        return ANSWER

    monkeypatch.setattr(page, "run_job", run_job)
    return seen


def ask(method, path, body=(), **headers):
    async def once():
        return await request(page.application(page.Worker()), method, path, body, **headers)

    return asyncio.run(once())


def test_the_page_asks_nothing_of_another_machine():
    reply = ask("GET", "/")
    html = reply.body.decode()
    assert reply.status == 200
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", html) == []
    assert re.findall(r"(?:src|href)=\"([^\"]*)\"", html) == ["data:,"]
    assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_a_job_is_its_fields_and_its_picture(jobs):
    reply = ask("POST", "/make/gan3d?seed=3&name=a%20b.png", [b"pic", b"ture"])
    assert jobs == [("gan3d", {"seed": "3", "name": "a b.png"}, b"picture")]
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"film", "video/mp4")
    assert reply.told == {"command": ANSWER.command, "name": ANSWER.name, "note": "é"}


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "[::1"},
        {"host": ""},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:3000"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/make/gan3d")])
def test_other_sites_may_not_ask(jobs, method, path, headers):
    reply = ask(method, path, **headers)
    assert reply.status == 403
    assert reply.error
    assert not jobs


@pytest.mark.parametrize("host", [HOST, "localhost", "localhost:9000", "[::1]:8765"])
def test_this_machine_may_ask_by_any_of_its_names(jobs, host):
    headers = {"host": host, "origin": f"http://{host}", "sec_fetch_site": "same-origin"}
    assert ask("POST", "/make/gan3d", **headers).status == 200


def test_a_body_that_is_too_large_is_told_and_not_kept(jobs, monkeypatch):
    monkeypatch.setattr(page, "MAX_BODY", 2**20)
    reply = ask("POST", "/make/pix2pix", (bytes(2**16) for _ in range(200)))
    assert (reply.status, jobs) == (400, [])
    assert "at most 1 MiB" in reply.error


def test_a_body_without_end_is_broken_off(jobs, monkeypatch):
    monkeypatch.setattr(page, "MAX_BODY", 2**10)
    monkeypatch.setattr(page, "MAX_DRAINED", 2**20)
    chunks = (bytes(2**16) for _ in iter(int, 1))
    assert "at most" in ask("POST", "/make/pix2pix", chunks).error


def test_a_mistake_is_told_in_words_and_a_bug_too(monkeypatch, caplog):
    def refuse(*_):
        raise UserError("label: gan3d knows jack")

    monkeypatch.setattr(page, "run_job", refuse)
    reply = ask("POST", "/make/gan3d")
    assert (reply.status, reply.error) == (400, "label: gan3d knows jack")
    assert not caplog.records


def test_two_users_are_served_one_after_another_and_each_gets_its_own(monkeypatch):
    running = threading.Lock()

    def run_job(model, fields, picture):
        assert running.acquire(blocking=False), "two at a time"
        try:
            threading.Event().wait(0.01)
        finally:
            running.release()
        return Answer(fields["seed"].encode(), "video/mp4", "", "")

    monkeypatch.setattr(page, "run_job", run_job)

    async def both():
        app = page.application(page.Worker())
        paths = [f"/make/gan3d?seed={seed}" for seed in range(5)]
        return await asyncio.gather(*(request(app, "POST", path) for path in paths))

    assert [reply.body for reply in asyncio.run(both())] == [b"0", b"1", b"2", b"3", b"4"]


def test_nothing_is_made_for_a_user_who_has_gone(jobs):
    async def leave():
        gone = asyncio.Event()
        gone.set()
        return await request(page.application(page.Worker()), "POST", "/make/gan3d", (), gone)

    assert asyncio.run(leave()).status == page.GONE
    assert not jobs


def test_too_many_who_wait_are_told(jobs, monkeypatch):
    monkeypatch.setattr(page, "MAX_WAITING", 0)
    assert "wait already" in ask("POST", "/make/gan3d").error


def test_the_models_are_listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = json.loads(ask("GET", "/models").body)
    here = {about["name"]: about["origin"] for about in told["models"] if about["origin"]}
    assert here == dict.fromkeys(("pix2pix", "mocogan", "convlstm_gan"), "shipped")
    assert told["limits"] == {"bytes": page.MAX_BODY, "frames": 100}
