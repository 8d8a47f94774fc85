"""Mails that broke a real program once, and what Delta Chat sends."""

import pytest

from channels_app.mail import Limits, parse
from channels_app.mail.reading import read
from tests.mail.mails import all_eml, eml


@pytest.mark.parametrize("name", all_eml())
def test_every_mail_is_read(name: str) -> None:
    parsed = read(eml(name), Limits())
    assert "\0" not in parsed.text
    assert len(parsed.text) <= Limits().text


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("attach_filename_apostrophed_cont", "Maßnahmen März 2022.html"),
        ("attach_filename_apostrophed_invalid", "somedäüta.html.zip"),
        ("attach_filename_combined", "Maßnahmen Okt. 2020.ignored.html"),
        ("attach_filename_encoded_words_bad_delimiter", "foo.bar"),
        ("attach_filename_encoded_words_cont", "Maßn'ah'men Okt. 2020.html"),
        ("attach_filename_simple", "test.html"),
        ("pdf_filename_simple", "simple.pdf"),
        ("apple_cid_jpg", "small.jpg"),
        ("big_forwarded_with_big_attachment", "Some subject.eml"),
    ],
)
def test_names_of_files(name: str, filename: str) -> None:
    assert [file.name for file in parse(eml(f"quirks/{name}.eml")).attachments] == [filename]


@pytest.mark.parametrize(
    ("name", "auto"),
    [
        ("gmail_ndn_group", "bounce"),
        ("gmx_ndn", "bounce"),
        ("yahoo_ndn", "bounce"),
        ("tiscali_ndn", "bounce"),
        ("testrun_ndn", "bounce"),
        ("ndn_with_attachment", "bounce"),
        ("ms_exchange_report_disposition_notification", "receipt"),
        ("list-from", "list"),
        ("mailinglist_dhl", "list"),
        ("text_html", None),
    ],
)
def test_who_wrote_it(name: str, auto: str | None) -> None:
    assert parse(eml(f"quirks/{name}.eml")).auto == auto


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("text_html", "mime-modified **set**; simplify is always regarded as lossy."),
        ("text_alt_html", "mime-modified **set**; simplify is always regarded as lossy."),
        ("text_alt_plain_html", "this is plain"),
        ("text_plain_unspecified", "This message does not have Content-Type nor Subject."),
        ("text_plain_flowed",
         "This line ends with a space and will be merged with the next one due to format=flowed.\n\n"
         "This line does not end with a space\nand will be wrapped as usual."),
        ("quote_attach", "Reply"),
        ("gmx-quote-body", "Test"),
        ("mailparse-0.16.0-panic", ""),
        ("invalid_email_to", "Some message."),
        ("unencrypted_signed_simple", "Hello!"),
        ("mailinglist_with_mimepart_footer_signed", "content text\n\nfooter text"),
    ],
)  # fmt: skip
def test_texts(name: str, text: str) -> None:
    assert parse(eml(f"quirks/{name}.eml")).text == text


def test_windows_umlauts_in_html() -> None:
    assert parse(eml("quirks/cp1252-html.eml")).text.startswith("foo bar ä ö ü ß")


def test_addresses_nobody_can_write_are_left_out() -> None:
    found = [address.email for address in parse(eml("quirks/invalid_email_to.eml")).to]
    assert {"alice@example.org", "bob@example.net", "tmp.xxxxx@testrun.org"} <= set(found)


def test_encrypted_mail_says_so() -> None:
    parsed = parse(eml("quirks/thunderbird_encrypted_signed.eml"))
    assert "encrypted" in parsed.defects
    assert (parsed.text, [file.name for file in parsed.attachments]) == ("", ["encrypted.asc"])


def test_delta_chat_reacts_edits_deletes_pins_quotes() -> None:
    reaction = parse(eml("deltachat/04-reaction-unencrypted.eml"))
    assert reaction.reaction == ("👍",)
    assert reaction.in_reply_to == "<179548905783.786.10097459009346438450@b.test>"
    edit = parse(eml("deltachat/06-edit-unencrypted.eml"))
    assert (edit.chat_content, edit.text) == ("editrequest", "A typo message")
    assert edit.in_reply_to == "<d25479a6-6c2f-4bf0-bdbf-451985ed59c6@localhost>"
    delete = parse(eml("deltachat/39-e2e-delete.decrypted.eml"))
    assert delete.chat_content == "deleterequest"
    assert parse(eml("deltachat/43-e2e-pin.decrypted.eml")).pinned
    assert parse(eml("deltachat/34-e2e-mdn.decrypted.eml")).auto == "receipt"
    quote = parse(eml("deltachat/08-quote-reply-unencrypted.eml"))
    assert (quote.text, quote.quoted, quote.is_chat) == ("quoting you", "> Please confirm", True)
    file = parse(eml("deltachat/07-file-unencrypted.eml"))
    assert (file.text, [one.name for one in file.attachments]) == ("see file", ["hello.txt"])
