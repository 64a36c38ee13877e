"""What people said in a box that is measured, and what they ask later: made from lists of words."""

from collections.abc import Iterator
from random import Random

NAMES = """
Mina Oskar Leyla Tom Greta Jiho Aiko Paul Irene Samir Vera Hugo Nora Felix Sora Ken Ada Luis Maja
Otto Rosa Emil Yuna Ivan Clara Anton Lena Marco Hana Pia
"""
THINGS = """
bicycle piano greenhouse passport telescope tent recipe boiler guitar garden kayak novel printer
garage balcony sofa camera ladder dentist lawyer wedding funeral birthday holiday exam promotion
contract mortgage allergy headache knee dog cat parrot tortoise aquarium beehive orchard vineyard
lighthouse museum concert theatre marathon choir orchestra chess football swimming pottery knitting
carpentry violin drum oven kettle teapot bookshelf wardrobe carpet mirror window chimney roof
"""
PLACES = """
Busan Lisbon Oslo Kyoto Hamburg Seoul Vienna Porto Osaka Lyon Cork Turin Ghent Basel Leeds Malmo
Tampere Bergen Zadar Split Kobe Nara Jeju Daegu Incheon Bonn Trier Jena Ulm Graz
"""
DEEDS = """
repaired sold bought lost found painted borrowed planned cancelled postponed finished started
photographed described cleaned moved measured broke inherited ordered returned
"""
WHEN = ("in spring", "last summer", "this autumn", "before Christmas", "on Monday", "years ago")
WHY = (
    "because the old one was too small",
    "after a long talk with the neighbours",
    "although nobody had asked for it",
    "and it cost more than we had thought",
    "and now everybody wants to see it",
    "while the children were at school",
)
ASIDE = """
honestly finally suddenly perhaps together quietly twice again tomorrow yesterday outside downstairs
cheaply carefully gladly slowly
"""
QUESTIONS = (
    "What did {name} do with the {thing} in {place}?",
    "When was it that the {thing} was {deed}?",
    "Who {deed} the {thing}?",
    "Tell me about {name} and {place}",
    "{thing} {place}",
    "Do you remember why {name} {deed} a {thing}, and how much that cost?",
    "{name}의 {thing} 이야기 기억해요?",
    "{place}で{name}は何をしましたか",
)


def sentences(count: int) -> Iterator[str]:
    """Different ones; some words are said much more often than others, as people do."""
    draw, seen = Random(1), set[str]()
    while len(seen) < count:
        name, thing, place, deed = _words(draw)
        text = draw.choice(
            (
                f"{name} {deed} the {thing} in {place} {draw.choice(WHEN)}, {draw.choice(WHY)}.",
                f"My {thing} was {deed} {draw.choice(WHEN)}, and {name} helped me in {place}.",
                f"We talked about {place} and the {thing}, {draw.choice(WHY)}; {name} was there.",
                f"{name}는 {place}에서 {thing} 때문에 걱정이 많다고 했어요.",
                f"{name}は{place}で{thing}を探していました。",
            )
        )
        if text not in seen:
            seen.add(text)
            yield text


def said(sentence: str, draw: Random) -> str:
    """The sentence as somebody says it another time."""
    return f"{sentence} {draw.choice(ASIDE.split()).title()}, number {draw.randrange(10_000)}."


def questions(count: int, seed: int) -> list[str]:
    """Different for each seed."""
    draw = Random(seed)
    asked = []
    for number in range(count):
        name, thing, place, deed = _words(draw)
        form = QUESTIONS[number % len(QUESTIONS)]
        asked.append(form.format(name=name, thing=thing, place=place, deed=deed))
    return asked


def _words(draw: Random) -> tuple[str, str, str, str]:
    return _one(draw, NAMES), _one(draw, THINGS), _one(draw, PLACES), _one(draw, DEEDS)


def _one(draw: Random, listed: str) -> str:
    """The first ones more often."""
    words = listed.split()
    return words[int(len(words) * draw.random() ** 2)]
