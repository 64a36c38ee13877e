"""Folders by their names: found, or made while there is room for one more."""

from time import time

from aiosqlite import Connection

from appliance.conversations.accepting import accepted_folder_name
from appliance.conversations.conversation import Folder, Person, new_id
from appliance.errors import InvalidInput
from appliance.store import folders

MOST_FOLDERS = 100


async def folder_named(tx: Connection, person: Person, name: str) -> Folder:
    """This person's folder of that name, made if there is none. Raises InvalidInput."""
    name = accepted_folder_name(name)
    listed = await folders.list_all(tx, person.person_key)
    found = next((each for each in listed if each.name == name), None)
    if found is not None:
        return found
    if len(listed) >= MOST_FOLDERS:
        raise InvalidInput(f"There are {MOST_FOLDERS} folders already. Delete one first.")
    folder = Folder(new_id(), name)
    await folders.insert(tx, person.person_key, folder, int(time()))
    return folder
