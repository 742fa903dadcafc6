"""The pages of findings, the same under /partner/ and /lab/."""

from django.urls import path

from partners.views import advisories, finding_files, findings

FINDING = "findings/<uuid:finding_id>/"
FILE = f"{FINDING}files/<uuid:file_id>/"


def pages(side: findings.Side) -> list:
    given = {"side": side}
    return [
        path("findings/", findings.listed, given, name="findings"),
        path("findings/new/", findings.new, given, name="new_finding"),
        path(FINDING, findings.finding, given, name="finding"),
        path("findings/import/", advisories.bring_in, given, name="import_finding"),
        path(f"{FINDING}file/<slug:written>/", advisories.advisory, given, name="finding_file"),
        path(f"{FINDING}files/add/", finding_files.add, given, name="add_file"),
        path(f"{FILE}content/", finding_files.content, given, name="open_file"),
        path(f"{FILE}remove/", finding_files.remove, given, name="remove_file"),
        path(f"{FINDING}edit/", findings.edit, given, name="edit_finding"),
        path(f"{FINDING}take/<slug:verb>/", findings.step, given, name="take_finding"),
    ]
