"""What is posted from a mail is its new text; the quote and the signature are folded, and nothing is lost."""

import pytest

from channels_app.mail import parse
from channels_app.mail.quoting import fold
from tests.mail.mails import eml, mail


@pytest.mark.parametrize(
    ("name", "text", "quoted"),
    [
        ("android.eml", "Hello", "> Hi"),
        ("apple_mail.eml", "Hello", "On Apr 3, 2012, at 4:19 PM, bob wrote:"),
        ("gmail.eml", "Hello", "> Hi"),
        ("outlook.eml", "Hello", "The manager's comment:"),
        ("yahoo.eml", "Hello", "Original Message"),
        ("gmail.body.html", "Hi. I am fine.", "Hello! How are you?"),
        ("ms_outlook_2010.body.html", "Hi. I am fine.", "Hello! How are you?"),
        ("thunderbird.body.html", "Hi. I am fine.", "Hello! How are you?"),
        ("yandex_ru.body.html", "Hi. I am fine.", "Hello! How are you?"),
    ],
)
def test_how_mail_programs_quote(name: str, text: str, quoted: str) -> None:
    parsed = parse(eml(f"replies/{name}"))
    assert parsed.text == text
    assert parsed.quoted is not None
    assert quoted in parsed.quoted


QUOTE = "On Mon, 2 Apr 2012 at 18:26, Bob <b@b.test> wrote:\n> one?\n>\n> two?"

TOP = {
    "English": QUOTE,
    "German": "Am Montag, den 02.04.2012, 18:26 +0200 schrieb Bob der\nBaumeister <b@b.test>:\n> kommst du?",
    "French": "Le lun. 2 avr. 2012 à 18:26, Bob <b@b.test> a écrit :\n\n> tu viens ?",
    "Spanish": "El lun, 2 abr 2012 a las 18:26, Bob (<b@b.test>) escribió:\n\n> ¿vienes?",
    "Italian": "Il giorno lun 2 apr 2012 alle ore 18:26 Bob <b@b.test> ha scritto:\n\n> vieni?",
    "Dutch": "Op ma 2 apr. 2012 om 18:26 schreef Bob <b@b.test>:\n\n> kom je?",
    "Polish": "pon., 2 kwi 2012 o 18:26 Bob <b@b.test> napisał(a):\n\n> idziesz?",
    "Russian": "пн, 2 апр. 2012 г. в 18:26, Bob <b@b.test>:\n\n> придёшь?",
    "Chinese": "在 2012年4月2日 18:26，Bob <b@b.test> 写道：\n\n> 你来吗",
    "Japanese": "2012年4月2日(月) 18:26 Bob <b@b.test>:\n\n> 来る？",
    "Unquoted": "On Monday, 2 April 2012 at 18:26, Bob <b@b.test> wrote:\n\nAre you coming?\nBob",
    "Outlook": "________________________________\nVon: Bob <b@b.test>\nGesendet: Montag, 2. April 2012 18:26\n"
    "An: Alice\nBetreff: Frage\n\nKommst du?",
    "Original": "-----Ursprüngliche Nachricht-----\nVon: Bob\nAn: Alice\nBetreff: x\n\nKommst du?",
    "Phone": "Sent from my iPhone\n\n> On 3 Apr 2012, at 16:19, Bob <b@b.test> wrote:\n>\n> Hi",
    "Signature": "-- \nAlice\n\n" + QUOTE,
    "Regards": "Mit freundlichen Grüßen\nAlice Ärmel\n\nFirma GmbH\nTel. 123\n\n" + QUOTE,
}


@pytest.mark.parametrize("after", TOP.values(), ids=TOP.keys())
def test_new_text_above(after: str) -> None:
    assert fold(f"Yes.\n\nAnd *no*.\n\n{after}") == ("Yes.\n\nAnd *no*.", after)


def test_new_text_below() -> None:
    assert fold(f"{QUOTE}\n\nyes\n\n-- \nAlice") == ("yes", f"{QUOTE}\n\n-- \nAlice")


@pytest.mark.parametrize(
    "text",
    [
        f"Hi Bob,\n\n{QUOTE}\n\nyes to one",
        "> one?\n\nyes\n\n> two?\n\nno",
        "> one?\n\nyes\n\n> the rest",
        f"{QUOTE}\n\nyes\n\n> three?",
    ],
)
def test_answers_between_quotes_keep_everything(text: str) -> None:
    assert fold(text) == (text, None)
    assert fold(f"{text}\n\n-- \nAlice") == (text, "-- \nAlice")


@pytest.mark.parametrize(
    "text",
    [
        QUOTE,
        "> only a quote",
        "Fine.\n\nThanks,\nplease also send the file to Carol today",
        "A: yes\n\nTo: me",
        "Hello\n\nYesterday at 10:30 she wrote:\nbuy milk",
        "a\n\n---\n\nb",
        "- a\n- b\n\n      code\n\n1. c",
        "```\n> not a quote\n```\nand so on",
        "Cheers!",
        "best",
        "Note: mail me the warning: thing",
        "Attention: the external auditors come tomorrow.\n\nBring the message they sent.",
        "Look:\n\nWarning: the message queue goes down tonight, so please finish what you have open before six.",
        "The plan\n\n--------\nhttps://example.org/plan",
        "Done\n\n======\nask@example.org knows more",
        "He said\n\nThis message is intended",
    ],
)
def test_what_only_looks_like_a_quote_or_signature_stays(text: str) -> None:
    assert fold(text) == (text, None)


@pytest.mark.parametrize(
    "foot",
    [
        "-- \nAlice\nhttps://a.test",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Gesendet mit der GMX Mail App",
        "Cheers\nAlice",
        "Kind regards,\n\nAlice Ärmel\n+49 123",
        "This e-mail is confidential. If you got it by mistake, delete it.\nThank you.",
        "_______________________________________________\nfoo mailing list\nhttps://x.test/listinfo/foo",
    ],
)
def test_feet_are_folded(foot: str) -> None:
    assert fold(f"ok, let us do it\n\n{foot}") == ("ok, let us do it", foot)


def test_a_forwarded_mail_is_what_is_said() -> None:
    text = (
        "FYI\n\n---------- Forwarded message ---------\nFrom: Bob <b@b.test>\nDate: Mon\nSubject: s\n\nread this\n> q"
    )
    assert fold(text) == (text, None)
    outlook = "FYI\n\nFrom: Bob\nSent: Monday\nTo: Alice\nSubject: s\n\nread this"
    assert parse(mail(outlook, subject="FW: s")).text == outlook
    assert parse(mail(outlook, subject="Re: s")).text == "FYI"


def test_a_quote_nobody_is_named_for_is_the_authors_unless_the_mail_answers() -> None:
    text = "I like this\n\n> a wise word"
    assert parse(mail(text)).text == text
    assert parse(mail(text, in_reply_to="<a@b>")).text == "I like this"


def test_html_that_marks_its_quote_without_quoting() -> None:
    html = '<p>Yes</p><div id=3D"appendonsend"></div><hr><div>are you coming?</div>'.replace("=3D", "=")
    parsed = parse(mail(html, content_type="text/html"))
    assert (parsed.text, parsed.quoted) == ("Yes", "---\n\nare you coming?")


def test_a_signature_alone_under_a_file_is_no_text() -> None:
    parsed = parse(eml("quirks/attach_filename_simple.eml"))
    assert (parsed.text, [file.name for file in parsed.attachments]) == ("", ["test.html"])
