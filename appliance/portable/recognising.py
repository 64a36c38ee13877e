"""Which program an export comes from, by its shape; and the conversation in one element of it."""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from appliance.errors import ImportRefused
from appliance.portable import chatgpt, open_webui, own_format
from appliance.portable.arriving import Arriving
from appliance.portable.document import FORMAT, VERSION, Header
from appliance.sentences import say

_UNKNOWN = say("It has another shape than the exports of this box, ChatGPT and Open WebUI.")


class Shape(Struct):
    """The members that only one of the formats has."""

    mapping: msgspec.Raw | UnsetType = UNSET
    chat: msgspec.Raw | UnsetType = UNSET
    conversation_id: msgspec.Raw | UnsetType = UNSET
    messages: msgspec.Raw | UnsetType = UNSET
    turns: msgspec.Raw | UnsetType = UNSET


_shape = msgspec.json.Decoder(Shape)
_header = msgspec.json.Decoder(Header)


def check_header(header: bytes) -> None:
    """Raises ImportRefused for an object that is not ours, or of a version not known yet."""
    try:
        found = _header.decode(header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ImportRefused(
            say("This file is no export of this box. Choose another one.")
        ) from error
    if found.format != FORMAT:
        raise ImportRefused(say("This file is no export of this box. Choose another one."))
    if found.version > VERSION:
        raise ImportRefused(
            say(
                "This file was written by a newer version of the appliance (format %(format)s, "
                "this one knows %(known)s). Update this box first.",
                format=found.version,
                known=VERSION,
            )
        )


def read(text: bytes | bytearray, person_id: str) -> Arriving:
    """The conversation in one element. Raises InvalidInput with why there is none."""
    try:
        shape = _shape.decode(text)
        if shape.mapping is not UNSET:
            return chatgpt.read(text).arriving(person_id)
        if shape.chat is not UNSET:
            return open_webui.read(text).arriving(person_id)
        if shape.conversation_id is not UNSET and shape.turns is not UNSET:
            return own_format.read(text)
    except msgspec.ValidationError as error:
        raise ImportRefused(_wrong_place(error)) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        # Broken JSON, text that is not UTF-8, halves of characters, numbers that nothing can hold.
        raise ImportRefused(say("It is not valid JSON.")) from error
    raise ImportRefused(_UNKNOWN)


def _wrong_place(error: msgspec.ValidationError) -> str:
    """Which member is wrong; not what stands there, which may be anybody's words."""
    said = str(error)
    if " - at " not in said:
        return say("It is not what it should be: see its start.")
    place = said.rpartition(" - at ")[2].strip("`")
    return say("It is not what it should be: see %(place)s.", place=place)
