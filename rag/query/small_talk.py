"""Recognize what is said to whoever answers and asks nothing of the docs: greetings, thanks, "who are you?". Pure."""

import re
from typing import Final

_PHRASES: Final = """
    hi|hiya|hello|hey|heya|yo|howdy|greetings|good (?:morning|afternoon|evening|day|night)
    (?:good)?bye|see you(?: later)?|thanks|thank you|thank u|thx|ty|cheers|no problem
    much appreciated|you(?:'re| are) welcome|ok|okay|alright|got it|i see|cool|great|nice|awesome|perfect|wow|lol|haha+
    sorry|well done|good (?:job|bot)
    how are you(?: doing)?(?: today)?|how do you do|how is it going|how's it going|what's up|what is up|sup
    nice to meet you|pleased to meet you|i love you|i hate you
    (?:who|what) (?:are|r) (?:you|u)|who am i talking to|what(?:'s| is) your name|do you have a name
    are you (?:there|ok|okay|real|human|alive|sentient|an? (?:bot|chatbot|robot|machine|human|person|ai|llm|gpt))
    who (?:made|built|created|wrote|trained) you|what can (?:you|i) (?:do|ask)(?: for me| you)?
    what do you (?:do|know)|how (?:do|can) (?:you help(?: me)?|i use you)|(?:can|could|will) you help(?: me)?(?: out)?
    (?:i have|can i ask)(?: you)? (?:a|some|another)? ?questions?
    tell me (?:a|another) (?:joke|story)|sing (?:me )?a song
    hola|buen[oa]s (?:d[ií]as|tardes|noches)|(?:muchas )?gracias|adi[oó]s|qui[eé]n eres|qu[eé] tal
    bonjour|bonsoir|salut|merci(?: beaucoup)?|au revoir|qui es-tu|qui [eê]tes-vous|[cç]a va
    hallo|moin|servus|gr[uü](?:ß|ss) gott|guten (?:morgen|tag|abend)|danke(?: sch[oö]n)?|vielen dank
    tsch[uü]ss|wer bist du|ciao|salve|buongiorno|buonasera|grazie(?: mille)?|chi sei|ol[aá]|bom dia|boa (?:tarde|noite)
    obrigad[oa]|quem [eé] voc[eê]|goedemorgen|goedemiddag|goedenavond|dank je(?: wel)?|bedankt|wie ben je
    merhaba|selam|g[uü]nayd[ıi]n|te[sş]ekk[uü]rler
    cze[sś][cć]|dzie[nń] dobry|dzi[eę]kuj[eę]|привет|здравствуйте|добрый день|спасибо|кто ты
    xin ch[aà]o|c[aả]m [oơ]n
    مرحبا|السلام عليكم|شكرا|こんにちは|おはよう(?:ございます)?|ありがとう(?:ございます)?|あなたは誰(?:ですか)?
    你好|您好|早上好|谢谢|你是谁|안녕(?:하세요)?|감사합니다|고마워요?
"""

_FILLERS: Final = (
    "there|all|everyone|everybody|folks|guys|team|friend|again|then|so|very|a lot|lots|much|many|too|really|oh|ah|um"
    "|that(?:'s| is| was)?|this|it|works?|worked|helps|helped|well"
    "|and|but|please|just|now|today|to you|for (?:your|the|all your|that) ?(?:help|answer|time)?|dear|mr|sir|madam"
    "|bot|chatbot|assistant|askdocs|ai"
)

_PHRASE: Final = rf"(?:{'|'.join(map(str.strip, _PHRASES.strip().splitlines()))})(?!\w)"
_TALK: Final = re.compile(rf"(?:(?:{_PHRASE}|(?:{_FILLERS})(?!\w))[\W_]*)+", re.IGNORECASE)
_SAID: Final = re.compile(rf"(?<!\w){_PHRASE}", re.IGNORECASE)

_LONGEST: Final = 120
"""Characters; who writes more has something to ask."""


def is_small_talk(text: str) -> bool:
    """Whether a text is small talk from its first word to its last: "Hi, how do I pay?" is a question."""
    plain = text.strip(" \t\n.,;:!?¡¿-–—()\"'*").replace("’", "'")
    return len(plain) <= _LONGEST and bool(_TALK.fullmatch(plain)) and bool(_SAID.search(plain))
