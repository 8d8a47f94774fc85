"""What mail programs write around quotes and under texts, in the languages they speak.

The greater part comes from mail-parser-reply's tables (13 languages). We take its words and not its parser: that one
strips indentation, which is code in Markdown, takes all that follows "Thanks," for a signature, and needs quadratic
time on long lines.
"""

import re

from mailparser_reply.constants import MAIL_LANGUAGES


def _words(key: str) -> list[str]:
    """The regular expressions of one kind in all languages."""
    found: list[str] = []
    for language in MAIL_LANGUAGES.values():
        value: str | list[str] = language.get(key, [])
        found += [value] if isinstance(value, str) else value
    return [words for words in dict.fromkeys(found) if words and words != r"/\w+"]


def _any(*words: str) -> str:
    return "|".join(f"(?:{word})" for word in words)


#: "On Monday Bob wrote:", complete, of at most `ATTRIBUTION_LENGTH` characters.
WROTE = re.compile(_any(*_words("wrote_header")), re.IGNORECASE)
ATTRIBUTION_LENGTH = 300
#: The verb of such a line, where the language puts it near the end.
WROTE_VERB = re.compile(
    r"\b(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|schreef|skrev|napisał|napsal|escreveu|kirjoitti|yazdı"
    r"|написала?|пишет|пише|írta|έγραψε)\b[^:]{0,120}:\W*$|(?:写道|寫道|のメール|님이 작성)[^:：]{0,20}[:：]\s*$",
    re.IGNORECASE,
)
DATE = re.compile(r"\d{1,2}[:.]\d\d|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b(?:19|20)\d\d\b|年|월")

#: Headers of the answered mail as text. A block needs one FROM and two others.
FROM_LINE = re.compile(
    r"[>* _]{0,6}(?:From|Von|De|Da|Van|Fra|Från|Od|От|Lähettäjä|Kimden|发件人|寄件者|差出人|보낸 사람"
    r"|من|מאת)\s?[:：]\**(?:\s|$)",
    re.IGNORECASE,
)
OTHER_LINE = re.compile(
    r"[>* _]{0,6}(Sent|Date|To|Cc|Subject|Gesendet|Datum|An|Betreff|Envoyé|Date|À|Objet|Enviado|Enviado el|Fecha|Para"
    r"|Asunto|Inviato|Data|A|Oggetto|Verzonden|Aan|Onderwerp|Skickat|Till|Ämne|Sendt|Til|Emne|Wysłano|Do|Temat"
    r"|Odesláno|Komu|Předmět|Отправлено|Дата|Кому|Тема|Копия|Lähetetty|Vastaanottaja|Aihe|发送时间|收件人|主题|抄送"
    r"|日時|送信日時|宛先|件名|보낸 날짜|받는 사람|제목"
    r"|تاريخ الإرسال|تم الإرسال|إلى|الموضوع|נשלח|אל|נושא)\s?[:：]\**(?:\s|$)",
    re.IGNORECASE,
)
ORIGINAL = re.compile(
    r"[>\s*_]{0,6}-{3,}(?:\s|&nbsp;)?(?:Original[ -]?(?:Message|Nachricht|e-?mail)|Ursprüngliche Nachricht"
    r"|Message d'origine"
    r"|Mensaje original|Messaggio originale|Oorspronkelijk bericht|Originalmeddelande|Oprindelig meddelelse"
    r"|Opprinnelig melding|Alkuperäinen viesti|Mensagem original|Исходное сообщение|Wiadomość oryginalna"
    r"|Původní zpráva|原始邮件|原始郵件|元のメッセージ|الرسالة الأصلية)(?:\s|&nbsp;)?-{3,}"
    # Yahoo's app puts the quote into the same line.
    r"|[>\s]{0,6}On .{10,60}, .{1,100}<[^<>\s]{3,320}> wrote: {2,}\S",
    re.IGNORECASE,
)
FORWARDED = re.compile(
    r"[>\s*_]{0,6}(?:Begin forwarded message:|Anfang der weitergeleiteten|Début du message (?:transféré|réexpédié)"
    r"|-{4,}\s?(?:Forwarded message|Weitergeleitete Nachricht|Message transféré|Mensaje reenviado|Messaggio inoltrato"
    r"|Doorgestuurd bericht|Vidarebefordrat|Videresendt|Mensagem encaminhada|Пересылаемое сообщение|Пересланное))",
    re.IGNORECASE,
)
FORWARD_SUBJECT = re.compile(r"(?:\[[^\]]{1,40}\]\s*)?(?:fwd?|wg|tr|rv|enc|doorst)\s?:", re.IGNORECASE)

#: A whole line that opens a signature; what follows must look like one, too.
CLOSING = re.compile(
    rf"(?:{_any(*_words('signatures'))}|best|cheers|sincerely(?: yours)?|yours(?: sincerely| truly)?|(?:mfg|lg|vg|br)"
    rf"|liebe grüße|schöne grüße|freundliche grüße|mit (?:freundlichem|herzlichem) gruß|hälsningar|с уважением"
    rf"|(?:bien )?(?:cordialement|à vous)|bien amicalement|un (?:cordial )?saludo|saludos cordiales|cordialmente"
    rf"|(?:distinti|cari) saluti|atenciosamente|cumprimentos|um abraço|(?:hartelijke )?groet(?:en|jes)?"
    rf"|z poważaniem|pozdrawiam(?: serdecznie)?|с наилучшими пожеланиями|всего доброго"
    rf"|مع (?:أطيب )?التحيات|مع خالص التحية|تحياتي|此致|祝好"
    rf"|(?:warm|best|kind)?\s?regards)(?:\s(?:from|aus|de)\s\w{{1,30}})?[\s,.!،，]*",
    re.IGNORECASE,
)
SENT_FROM = re.compile(
    rf"[*_\s\[]{{0,4}}(?:{_any(*_words('sent_from'))}|Sent (?:with|via|using) |Sent from (?:Gmail|Outlook|Yahoo|Mail)"
    r"|Gesendet (?:mit|über) |Enviado (?:desde|do meu|de meu|via) |Obter o Outlook |Obtener Outlook "
    r"|Envoyé (?:de mon|à partir|avec) |(?:Obtenir|Télécharger) Outlook |Diese Nachricht wurde von meinem "
    r"|Outlook für (?:iOS|Android) beziehen|Von meinem |Scarica Outlook |Verstuurd vanaf |Verzonden (?:met|via) "
    r"|Wysłan[eoy] z(?:e)? |Pobierz (?:aplikację )?Outlook|Отправлено (?:с|из) |(?:Скачать|Получить) Outlook "
    r"|iPhone\s?から送信|Android\s?から送信|Outlook for (?:iOS|Android) を入手|发自我的|來自我的|获取 Outlook"
    r"|أ[ُ]?رسلت من|تم الإرسال من|مرسل من|Get (?:\[?Outlook|\[?BlueMail) for |Get \[Outlook for "
    r"|Yahoo Mail: Search, Organize)",
    re.IGNORECASE,
)
DISCLAIMER = re.compile(
    rf"[*_\s]{{0,4}}(?:{_any(*_words('disclaimers'))}|This (?:e-?mail|message)(?: and any|,? including| is (?:intended"
    r"|confidential)| may contain| contains confidential)|The information (?:contained )?in this (?:e-?mail|message)"
    r"|(?:Confidentiality|Legal) notice|Diese[rs]? (?:E-?Mail|Nachricht) (?:enthält|ist vertraulich|kann vertrauliche)"
    r"|Ce (?:message|courriel)(?: et|,| est| peut)|Aviso (?:legal|de confiden)"
    r"|Este (?:mensaje|correo|e-?mail)(?: y| e| es| está|,)|Esta mensagem|Le informazioni contenute"
    r"|Questo messaggio|Ai sensi del"
    r"|De informatie (?:in|verzonden)|Dit (?:e-mail)?bericht"
    r"|(?:Ta|Niniejsza) wiadomość|Treść tej wiadomości|Настоящее (?:электронное )?(?:сообщение|письмо)"
    r"|Данное (?:сообщение|письмо)"
    r"|Это (?:электронное )?(?:сообщение|письмо) (?:и|предназначено|содержит)"
    r"|このメール(?:に|は|には|および)|本メール(?:に|は|には)|本邮件|此邮件|本郵件"
    r"|هذه الرسالة|هذا البريد|إخلاء)",
    re.IGNORECASE,
)
#: What every disclaimer speaks of; a warning of anything else is somebody's own words.
SECRECY = re.compile(
    r"confiden|privileg|intended|recipient|addressee|vertraulich|empfänger|adressat|destinat|riservat|vertrouwelijk"
    r"|geadresseerde|bestemd|poufn|adresat|конфиденц|адресат|機密|秘密|宛先|受信者|保密|机密|收件人|سري|المرسل إليه",
    re.IGNORECASE,
)
#: What a company's mail server puts above a mail that came from elsewhere.
BANNER = re.compile(
    r"(?=.*\b(?:e-?mail|message|sender|nachricht|absender|courriel|expéditeur)\b)"
    r"(?=.*(?:originat|came from|sent from|links?\b|attachment|stammt|gesendet|anhäng|provient|pièces jointes))"
    r"[*_\s\[]{0,6}(?:CAUTION|WARNING|EXTERNAL(?: E-?MAIL| SENDER)?|EXTERNE? E-?MAIL|ACHTUNG|VORSICHT|ATTENTION)\b"
    r".{0,80}\b(?:outside|external|externe[nmrs]?|außerhalb|extérieur)\b",
    re.IGNORECASE,
)
DELIMITER = re.compile(r"(?:-- ?|—|__+)\s*")
#: A line of ornaments, as Japanese and Chinese signatures have one above and mostly one below.
ORNAMENT = re.compile(r"[-=*_~+#━─═＝＊☆★※◆◇□■・.…]{6,}\s*")
REACHABLE = re.compile(r"\b(?:tel|fax|mobile?|phone|e-?mail)\b\s?[.:：]|〒|電話|携帯|电话|手机", re.IGNORECASE)
LIST_FOOTER = re.compile(r"(?:_{20,}|-{20,}|={20,}|-=-=-[=-]+-)\s*")
LIST_WORDS = re.compile(r"mailing.?list|unsubscribe|abbestell|listinfo|https?://|list@", re.IGNORECASE)
