"""Files are kept by hash, for the charity's people until something published refers to them."""

import hashlib
import io
import subprocess
from datetime import date
from threading import BoundedSemaphore
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory
from PIL import Image
from pypdf import PdfWriter

from jusha.charities.models import Charity
from jusha.charities.propose import propose_certificate
from jusha.charities.rules import Role
from jusha.people.accounts import open_account
from jusha.people.rules import Office
from jusha.projects.disclosure_models import DisclosurePaper
from jusha.projects.hold import place
from jusha.projects.models import ProjectHold
from jusha.projects.publish_paper import PaperRefusedError, Written, publish_post
from jusha.uploads import keep as keeping
from jusha.uploads import pace
from jusha.uploads.keep import keep
from jusha.uploads.models import Upload, UploadShown
from jusha.uploads.publish import UnknownUploadError, publish_upload, withdraw_upload
from jusha.uploads.queries import copies, find, named, shown
from jusha.uploads.rules import FILE_BYTES_MAX, PAPERS, PICTURES, UploadRefusedError
from jusha.uploads.store import UploadLostError, get, place_of, put, store
from tests.cast import BOOKS
from tests.web.conftest import Site
from tests.web.join import credit_code
from tests.web.staff import member, officer, signed_in

BY = uuid4()


def paper(pages: int = 1) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(90, 90)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def picture(colour: tuple[int, int, int] = (9, 99, 9)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(out, "PNG")
    return out.getvalue()


def kept(data: bytes, name: str = "证书.pdf", **more: Any) -> Upload:
    asked: dict[str, Any] = {"by": BY, "charity": "shan", "kinds": PAPERS}
    return keep(SimpleUploadedFile(name, data, "text/html"), **(asked | more))


def test_a_file_is_kept_under_the_hash_of_what_is_kept(site: Site) -> None:
    data = paper()
    made = kept(data, "../../etc/证书.exe")
    assert made.sha256 == hashlib.sha256(data).hexdigest()
    assert (made.kind, made.bytes, made.name) == ("pdf", len(data), "证书.pdf")
    assert get(made.sha256) == data
    assert kept(data).pk == made.pk
    other = kept(data, charity="other")
    assert other.pk != made.pk
    assert find(made.sha256, charity="shan") == made
    assert find(made.sha256, charity="other") == other
    assert copies(made.sha256) == [made, other]
    assert named([made.sha256, "0" * 64], charity="shan") == {made.sha256: made}


def test_a_picture_is_found_by_what_was_written_anew(site: Site) -> None:
    made = kept(picture() + b"<script>", "a.pdf")
    assert made.kind == "png"
    assert made.name == "a.png"
    assert hashlib.sha256(get(made.sha256)).hexdigest() == made.sha256
    assert kept(picture()).pk == made.pk


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"%PDF-" + bytes(FILE_BYTES_MAX), "too-large"),
        (b"hello", "unknown-kind"),
    ],
)
def test_what_is_refused_leaves_nothing(site: Site, data: bytes, why: str) -> None:
    with pytest.raises(UploadRefusedError) as caught:
        kept(data)
    assert caught.value.code == why
    assert not Upload.objects.exists()


def test_an_account_without_a_charity_hands_in_only_so_much(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "GUEST_FILES_A_DAY", 1)
    made = kept(paper(), charity="")
    with pytest.raises(UploadRefusedError, match="too-many"):
        kept(paper(2), charity="")
    assert kept(paper(2)).charity == "shan"
    assert kept(paper(3), charity="", by=uuid4()).pk != made.pk


def test_a_charity_hands_in_only_so_much_a_day(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "CHARITY_BYTES_A_DAY", len(paper()))
    kept(paper())
    with pytest.raises(UploadRefusedError, match="too-many"):
        kept(paper(2), by=uuid4())
    assert kept(paper(2), charity="else").charity == "else", "others go on"


def test_what_is_refused_counts_and_an_account_is_slowed_before_it_costs_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "AN_HOUR", 2)
    monkeypatch.setattr(keeping, "PACE", pace.Pace())
    for _ in range(2):
        with pytest.raises(UploadRefusedError, match="unknown-kind"):
            kept(b"hello")
    with pytest.raises(UploadRefusedError, match="too-fast"):
        kept(paper())
    assert kept(paper(), by=uuid4()).charity == "shan", "others go on"


def test_a_file_waits_for_an_examiner_only_so_long(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "EXAMINERS", BoundedSemaphore(1))
    monkeypatch.setattr(keeping, "WAIT_SECONDS", 0.01)
    with keeping.EXAMINERS, pytest.raises(UploadRefusedError, match="busy"):
        kept(paper())
    assert kept(paper()).kind == "pdf"


def test_what_stood_in_a_file_is_in_no_log(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_args: Any, **_more: Any) -> Any:
        told = "Traceback\n  File x\nbuiltins.ValueError: 李雷 530102199001011234\n"
        return subprocess.CompletedProcess([], 1, b"", told.encode())

    monkeypatch.setattr(subprocess, "run", broken)
    with pytest.raises(UploadRefusedError, match="too-complex"):
        kept(paper())
    said = capsys.readouterr().out
    assert "builtins.ValueError" in said
    assert "530102" not in said


def test_an_examiner_that_is_ended_refuses(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_args: Any, **_more: Any) -> Any:
        return subprocess.CompletedProcess([], -9, b"ok pdf\nhalf", b"killed")

    monkeypatch.setattr(subprocess, "run", ended)
    with pytest.raises(UploadRefusedError, match="too-complex"):
        kept(paper())


def test_bytes_that_were_changed_or_lost_are_not_served_and_are_mended(site: Site) -> None:
    made = kept(paper())
    publish_upload(made.sha256, "report 1", charity="shan")
    store().save(place_of(made.sha256), ContentFile(b"%PDF-half"))
    with pytest.raises(UploadLostError):
        get(made.sha256)
    assert site.get(f"/files/{made.sha256}.pdf").status_code == 404
    assert put(paper()) == made.sha256
    assert site.get(f"/files/{made.sha256}.pdf").status_code == 200


def test_a_public_file_is_served_as_what_it_is(site: Site) -> None:
    made, drawn = kept(paper()), kept(picture(), "图.png")
    for each in (made, drawn):
        publish_upload(each.sha256, "report 1", charity="shan")
        publish_upload(each.sha256, "report 1", charity="shan")
    answer = site.get(f"/files/{made.sha256}.pdf")
    assert answer.content == paper()
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
    assert "immutable" in answer["Cache-Control"]
    seen = site.get(f"/files/{drawn.sha256}.png")
    assert seen["Content-Type"] == "image/png"
    assert seen["Content-Disposition"].startswith("inline")
    absent = (f"/files/{made.sha256}.png", f"/files/{'0' * 64}.pdf")
    assert [site.get(each).status_code for each in absent] == [302, 302]


def test_what_is_withdrawn_everywhere_is_public_no_longer(site: Site) -> None:
    made = kept(paper())
    for where in ("report 1", "report 2"):
        publish_upload(made.sha256, where, charity="shan")
    withdraw_upload(made.sha256, "report 1", charity="shan")
    assert shown(made.sha256) == made
    withdraw_upload(made.sha256, "report 2", charity="shan")
    assert shown(made.sha256) is None
    with pytest.raises(UnknownUploadError):
        publish_upload("0" * 64, "report 1", charity="shan")


def test_an_unpublished_file_is_for_its_own_people(site: Site) -> None:
    uploader = member(site, "li@shan.example", Role.PROGRAMME)
    made = kept(paper(), by=uploader.pk)
    seen = {
        "own": signed_in(uploader),
        "colleague": signed_in(member(site, "wang@shan.example", Role.VIEWER)),
        "reviewer": signed_in(officer(site, "rev@platform.example", Office.REVIEWER)),
        "auditor": signed_in(officer(site, "aud@platform.example", Office.AUDITOR)),
        "operator": signed_in(officer(site, "op@platform.example", Office.OPERATOR)),
        "stranger": Client(),
    }
    path = f"/files/{made.sha256}.pdf"
    found = {who: client.get(path).status_code for who, client in seen.items()}
    assert found == {
        "own": 200, "colleague": 200, "reviewer": 200, "auditor": 200,
        "operator": 403, "stranger": 302,
    }  # fmt: skip
    assert "no-store" in seen["own"].get(path)["Cache-Control"]


def test_another_charity_sees_nothing(site: Site) -> None:
    made = kept(paper(), charity="far")
    colleague = signed_in(member(site, "wang@shan.example", Role.FINANCE))
    assert colleague.get(f"/files/{made.sha256}.pdf").status_code == 404


@pytest.mark.parametrize("table", ["jusha_upload", "jusha_uploadshown"])
@pytest.mark.parametrize("change", ["UPDATE {} SET sha256 = ''", "DELETE FROM {}"])
def test_what_was_handed_in_is_never_changed(site: Site, table: str, change: str) -> None:
    publish_upload(kept(paper()).sha256, "report 1", charity="shan")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


def test_a_file_above_the_limit_is_cut_while_it_comes(site: Site) -> None:
    large = b"%PDF-" + bytes(FILE_BYTES_MAX + 500_000)
    request = RequestFactory().post("/", {"paper": SimpleUploadedFile("a.pdf", large)})
    taken = request.FILES["paper"]
    assert isinstance(taken, UploadedFile)
    assert taken.size == FILE_BYTES_MAX + 1
    with pytest.raises(UploadRefusedError, match="too-large"):
        keep(taken, by=BY, charity="shan", kinds=PICTURES)
    taken.close()


def test_a_request_above_the_limit_is_not_read(site: Site) -> None:
    answer = site.client.post(
        "/account/sign-in",
        b"--x",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(1 << 40),
    )
    assert answer.status_code == 400


def test_a_hash_that_another_charity_handed_in_is_shown_by_that_one_alone(site: Site) -> None:
    theirs = kept(paper(), "李雷身份证.pdf", charity="else")
    with pytest.raises(UnknownUploadError):
        publish_upload(theirs.sha256, "report 1", charity="shan")
    with pytest.raises(IntegrityError), transaction.atomic():
        UploadShown.objects.create(
            sha256=theirs.sha256, where="report 1", charity="shan", shown=True
        )
    assert site.get(f"/files/{theirs.sha256}.pdf").status_code == 302
    kept(paper(), "report.pdf")
    publish_upload(theirs.sha256, "report 1", charity="shan")
    told = site.get(f"/files/{theirs.sha256}.pdf")["Content-Disposition"]
    assert told == 'attachment; filename="report.pdf"', "not what the other charity called it"


def test_a_decision_names_only_files_of_its_charity(site: Site) -> None:
    li = member(site, "li@shan.example", Role.PROGRAMME)
    theirs = kept(paper(), charity="else")
    Charity.objects.filter(code="shan").update(uscc=credit_code(1))
    said: dict[str, Any] = {"number": "C-2", "issuer": "民政厅", "evidence": theirs.sha256}
    said |= {"valid_from": date(2026, 1, 1), "valid_until": date(2027, 1, 1)}
    said |= {"uscc": credit_code(1)}
    with pytest.raises(IntegrityError), transaction.atomic():
        propose_certificate("shan", by=li.pk, **said)
    kept(paper(), by=li.pk)
    assert propose_certificate("shan", by=li.pk, **said).evidence == [theirs.sha256]


def test_a_post_and_its_form_take_no_file_of_another_charity(site: Site) -> None:
    li = member(site, "li@shan.example", Role.PROGRAMME)
    theirs = kept(picture(), "受助儿童.png", charity="else")
    typed = {"title": "进展", "words": "到了。", "kept": theirs.sha256}
    answer = signed_in(li).post(f"/desk/disclosures/write?project={BOOKS}", typed)
    assert answer.status_code == 303
    assert DisclosurePaper.objects.get().files == []
    written = Written("进展", "到了。", files=(theirs.sha256,))
    with pytest.raises(PaperRefusedError):
        publish_post(BOOKS, written, by=li.pk)
    assert site.get(f"/files/{theirs.sha256}.png").status_code == 302


def test_a_form_tells_nobody_what_others_called_their_file(site: Site) -> None:
    theirs = kept(paper(), "李雷身份证.pdf", charity="", by=uuid4())
    guest = open_account("new@charity.example", invited=True)
    said = {"registration_kept": theirs.sha256, "evidence_kept": theirs.sha256, "raises": "yes"}
    html = signed_in(guest).post("/join", said).content.decode()
    assert "李雷" not in html
    assert theirs.sha256 not in html.replace(f'value="{theirs.sha256}"', "")


def test_who_holds_a_paper_cannot_ask_by_its_hash_whether_it_is_here(site: Site) -> None:
    here, absent = kept(paper()).sha256, "0" * 64
    donor = signed_in(open_account("donor@mail.example", invited=True))
    for client in (Client(), donor):
        seen = [client.get(f"/files/{each}.pdf").status_code for each in (here, absent)]
        assert len(set(seen)) == 1, seen


def test_pictures_and_posts_go_with_a_project_that_is_taken_down(site: Site) -> None:
    li = member(site, "li@shan.example", Role.PROGRAMME)
    drawn = kept(picture(), "孩子.png", by=li.pk)
    publish_post(BOOKS, Written("进展", "到了。", files=(drawn.sha256,)), by=li.pk)
    way, page = f"/files/{drawn.sha256}.png", f"/p/{BOOKS}/disclosures/post/1"
    assert [site.get(each).status_code for each in (way, page)] == [200, 200]
    assert "到了。" in site.text(f"/p/{BOOKS}/disclosures")
    reviewer = officer(site, "rev@platform.example", Office.REVIEWER)
    hold: dict[str, Any] = {"reason": "other", "words": "有人的隐私。", "by": reviewer.pk}
    place(BOOKS, cause="suspended", **hold)
    assert site.get(way).status_code == 200, "what is suspended keeps its story"
    place(BOOKS, cause="taken-down", **hold)
    assert [site.get(each).status_code for each in (way, page)] == [302, 404]
    assert "到了。" not in site.text(f"/p/{BOOKS}/disclosures")
    publish_upload(drawn.sha256, "annual", charity="shan")
    assert site.get(way).status_code == 200, "what another page shows stays"


def test_a_project_hold_is_made_milder_by_no_page_alone(site: Site) -> None:
    reviewer = officer(site, "rev@platform.example", Office.REVIEWER)
    place(BOOKS, cause="taken-down", reason="other", words="核实中。", by=reviewer.pk)
    row = {"project": BOOKS, "charity": "shan", "what": "place", "reason": "other", "words": "x"}
    with pytest.raises(IntegrityError), transaction.atomic():
        ProjectHold.objects.create(by=reviewer.pk, cause="suspended", **row)
