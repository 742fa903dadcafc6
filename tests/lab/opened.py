"""A case with access provided, and its contributor at the lab's pages."""

import io
import zipfile

from tests import factories as make
from tests.lab.visitor import Visitor


def opened(make_case=make.with_access):
    """A case and its contributor's session."""
    case = make.Case(make_case)
    return case, Visitor(case.contributor)


def archive_of(visitor, submission) -> dict[str, bytes]:
    """The files of a case's archive, as it comes down; every checksum is right."""
    answer = visitor.client.get(f"/lab/cases/{submission.case_number}/archive/")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}
