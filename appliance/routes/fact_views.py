"""The page of what the box remembers about a person, in words."""

from appliance.conversations.accepting import FACT_CHARS
from appliance.conversations.fact import Fact, FactsUse, Topic
from appliance.conversations.facts import KnownFact, KnownFacts
from appliance.routes import local_time
from appliance.routes.fact_data import FactRow, FactsPage
from appliance.routes.language import language_of
from appliance.routes.page_views import Reader
from appliance.routes.recalled_views import message_url
from appliance.sentences import say

TOPICS = {
    Topic.NAME: say("Your name"),
    Topic.HOME: say("Where you live"),
    Topic.WORK: say("Work"),
    Topic.FAMILY: say("Family and friends"),
    Topic.HEALTH: say("Health"),
    Topic.FOOD: say("Food"),
    Topic.LIKES: say("What you like"),
    Topic.PLANS: say("Plans"),
    Topic.OTHER: say("Other things"),
}


def facts_page(reader: Reader, known: KnownFacts, done: str = "", refusal: str = "") -> FactsPage:
    """What stands, newest first, and what was replaced."""
    rows = [(each, _row(reader, known.use, each)) for each in known.facts]
    return FactsPage(
        theme=reader.theme,
        use=known.use.value,
        rows=tuple(row for each, row in rows if each.fact.is_current),
        replaced=tuple(row for each, row in rows if not each.fact.is_current),
        longest=FACT_CHARS,
        done=done,
        refusal=refusal,
    )


def _row(reader: Reader, use: FactsUse, known: KnownFact) -> FactRow:
    fact = known.fact
    return FactRow(
        fact_id=fact.fact_id,
        topic=TOPICS[fact.topic],
        content=fact.content,
        language=language_of(fact.content),
        standing=_standing(fact, use),
        said=_day(reader, fact.said_at),
        url=message_url(fact.conversation_id, fact.message_id),
        title=known.title,
        is_used=fact.is_current and fact.is_used(use),
        can_confirm=not fact.is_confirmed or not fact.is_current,
        until=_day(reader, fact.superseded_at) if fact.superseded_at is not None else "",
    )


def _standing(fact: Fact, use: FactsUse) -> str:
    if not fact.is_current:
        return say("Replaced by something newer")
    if fact.is_confirmed:
        return say("In your own words") if fact.is_edited else say("Confirmed by you")
    if fact.is_used(FactsUse.SURE):
        return say("Found by the model, %(percent)s %% sure", percent=fact.confidence_percent)
    return say("Only a proposal, %(percent)s %% sure", percent=fact.confidence_percent)


def _day(reader: Reader, unix_seconds: int) -> str:
    return local_time.day_words(local_time.day_of(unix_seconds, reader.zone), reader.today)
