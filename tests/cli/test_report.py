from pathlib import Path

import reports
from tests.cli.command import advisor
from tests.reports.sample import study


def test_a_page_is_made_again_from_itself(tmp_path: Path) -> None:
    page = reports.write(study(), tmp_path / "page.html")
    done = advisor("report", "--from", str(page), "-o", str(tmp_path / "again.html"))
    assert done.stdout.strip() == str(tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_nothing_to_report_on_is_one_line() -> None:
    for arguments in ((), ("name", "--from", "page.html")):
        done = advisor("report", *arguments)
        assert done.returncode == 2
        assert "expected names of studies, or --from FILE" in done.stderr
        assert len(done.stderr.splitlines()) == 1
