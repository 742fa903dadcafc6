"""How files leave and what the checks of headers find; tests/matrix asks every address of the portal by the same rules."""

import ast

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from portal.headers import PERMISSIONS, SANDBOX, HeadersMiddleware, attachment
from tests.lint import doors
from tests.matrix import headers


def test_a_file_is_an_attachment_in_a_sandbox_whatever_it_is_called():
    answer = attachment(b"<script>alert(1)</script>", name='a"\r\nb é.html', content_type="text/html")
    assert dict(answer.headers) == {
        "Content-Type": "text/html",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
        "Cache-Control": "private, no-store",
        "Content-Disposition": "attachment; filename*=utf-8''a%22%0D%0Ab%20%C3%A9.html",
    }
    streamed = attachment(iter([b"a", b"b"]), name="a.bin", content_type="application/octet-stream")
    assert (b"".join(streamed), streamed["Content-Disposition"]) == (b"ab", 'attachment; filename="a.bin"')


def test_a_file_that_a_package_sends_is_put_into_the_sandbox_too():
    sent = HttpResponse(
        b"x", headers={"Content-Disposition": "inline", "Content-Security-Policy": "img-src *"}
    )
    answer = HeadersMiddleware(lambda request: sent)(RequestFactory().get("/"))
    assert dict(answer.headers) == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Disposition": "inline",
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "Permissions-Policy": PERMISSIONS,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }


# --- The checks find what they are for ----------------------------------------------------------------------------------


def page(**changed: str | None) -> HttpResponse:
    policy = "; ".join(f"{name} {value}" for name, value in headers.POLICY.items())
    said = headers.PAGES | {
        "Content-Type": "text/html; charset=utf-8",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": policy.replace("NONCE", "'nonce-a+b='"),
    }
    said |= {name.replace("_", "-"): value for name, value in changed.items()}
    return HttpResponse(b"", headers={name: value for name, value in said.items() if value is not None})


def test_a_good_page_and_a_good_file_have_no_fault():
    assert headers.faults(page()) == []
    file = page(Content_Disposition="attachment", Content_Type="text/html", Content_Security_Policy=SANDBOX)
    assert headers.faults(file) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"X_Content_Type_Options": None},
        {"Cross_Origin_Opener_Policy": "unsafe-none"},
        {"Cross_Origin_Resource_Policy": None},
        {"Permissions_Policy": "camera=(self)"},
        {"X_Frame_Options": "SAMEORIGIN"},
        {"Referrer_Policy": "unsafe-url"},
        {"Cache_Control": "private"},
        {"Content_Security_Policy": None},
        {"Content_Security_Policy": "default-src 'self'; script-src 'self' 'unsafe-inline'"},
        {"Content_Type": "application/pdf"},
        {"Content_Type": "image/svg+xml"},
        {"Content_Disposition": "inline", "Content_Type": "text/html", "Content_Security_Policy": SANDBOX},
        {"Content_Disposition": "attachment", "Content_Type": "application/pdf"},
    ],
)
def test_each_fault_is_found(changed):
    assert len(headers.faults(page(**changed))) == 1


@pytest.mark.parametrize(
    "code",
    [
        'response["Content-Disposition"] = "inline"',
        "from django.http import FileResponse",
        "from django.utils.http import content_disposition_header",
        "answer = FileResponse(file)",
    ],
)
def test_a_file_sent_in_a_way_of_its_own_is_found_in_the_code(code):
    assert [line for line, _ in doors.strays(ast.parse(code))] == [1]
